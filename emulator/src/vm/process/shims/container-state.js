// @ts-check
// The state of a container in the process runtime: the JSON of `docker inspect`, in a file that is replaced by rename.
// Next to it is a sed script that renders templates which name only these parts of the state, for docker-shortcuts.ts.

const { readFileSync, renameSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

/**
 * `Process` is the emulator's own addition: the leader of the container's process group, or null if nothing is running.
 */
/** @typedef {{ Process: import("./signals.js").ProcessId | null, Id: string, Name: string, Image: string, State: { Status: string, Running: boolean, OOMKilled: boolean, Pid: number, ExitCode: number, Error: string, StartedAt: string, FinishedAt: string } }} ContainerState */

/** @param {string} dir @returns {ContainerState} */
function readState(dir) {
    return JSON.parse(readFileSync(join(dir, "state.json"), "utf8"));
}

/** @param {string} dir @param {ContainerState} state */
function writeState(dir, state) {
    const { Status, Running, ExitCode, OOMKilled } = state.State;
    const words = Object.entries({ Status, Running, ExitCode, OOMKilled });
    replace(dir, "state.sed", words.map(([name, word]) => `s/{{\\.State\\.${name}}}/${word}/g\n`).join(""));
    // Whoever sees this state finds the templates of the same state.
    replace(dir, "state.json", JSON.stringify(state));
}

/** @param {string} dir @param {string} name @param {string} content */
function replace(dir, name, content) {
    const draft = join(dir, `${name}.${process.pid}`);
    writeFileSync(draft, content);
    renameSync(draft, join(dir, name));
}

module.exports = { readState, writeState };
