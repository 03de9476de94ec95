// @ts-check
// What the emulator tells its shims about the VM they run in, by environment variables that `machine-files.ts` sets.

const { DaemonError } = require("./docker-options.js");

/** @param {string} name */
function variable(name) {
    const value = process.env[name];
    if (value === undefined || value === "") {
        throw new DaemonError(`not in an emulated VM (${name} is unset)`);
    }
    return value;
}

/** Folder of the VM. */
function machineDir() {
    return variable("EMULATOR_MACHINE_DIR");
}

/** Short name of the VM that no other VM on this machine has. */
function machineId() {
    return variable("EMULATOR_MACHINE_ID");
}

/** The docker command of this machine. */
function realDocker() {
    return variable("EMULATOR_DOCKER");
}

/** The environment of this machine's docker command: its configuration lies in the developer's home, not the VM's. */
function realEnv() {
    return { ...process.env, HOME: process.env.EMULATOR_HOST_HOME, PATH: process.env.EMULATOR_HOST_PATH };
}

module.exports = { machineDir, machineId, realDocker, realEnv };
