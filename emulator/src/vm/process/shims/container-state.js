// @ts-check
// The state of a container in the process runtime: the output of `docker inspect`, in a JSON file that is replaced by
// renaming. A sed script next to it lets docker-shortcuts.ts render templates that name only certain parts of the
// state.

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
    // Written last, so that a reader of this state finds a sed script for the same state.
    replace(dir, "state.json", JSON.stringify(state));
}

/** @param {string} dir @param {string} name @param {string} content */
function replace(dir, name, content) {
    const draft = join(dir, `${name}.${process.pid}`);
    writeFileSync(draft, content);
    renameSync(draft, join(dir, name));
}

module.exports = { readState, writeState };
