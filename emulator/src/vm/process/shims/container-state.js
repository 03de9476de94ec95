// @ts-check
// The state of a container in the process runtime: the JSON of `docker inspect`, in a file that is replaced by rename.

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
    const draft = join(dir, `state.json.${process.pid}`);
    writeFileSync(draft, JSON.stringify(state));
    renameSync(draft, join(dir, "state.json"));
}

module.exports = { readState, writeState };
