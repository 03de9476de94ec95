// @ts-check
// Information for the shims about their VM, from environment variables that `process-vm.ts` sets.

const { DaemonError } = require("./docker-options.js");

/** @param {string} name */
function variable(name) {
    const value = process.env[name];
    if (value === undefined || value === "") {
        throw new DaemonError(`not in an emulated VM (${name} is unset)`);
    }
    return value;
}

/** The VM's folder. */
function vmDir() {
    return variable("EMULATOR_VM_DIR");
}

/** The VM's short name, unique on this machine. */
function vmId() {
    return variable("EMULATOR_VM_ID");
}

/** The id of the VM's current boot. */
function bootId() {
    return variable("EMULATOR_BOOT_ID");
}

/** The id of the emulator's data folder. */
function dataId() {
    return variable("EMULATOR_DATA_ID");
}

/** The path of this machine's docker command. */
function realDocker() {
    return variable("EMULATOR_DOCKER");
}

/**
 * The environment of this machine's docker command, whose configuration is in the developer's home directory, not in
 * the VM's.
 */
function realEnv() {
    return { ...process.env, HOME: process.env.EMULATOR_HOST_HOME, PATH: process.env.EMULATOR_HOST_PATH };
}

module.exports = { bootId, dataId, vmDir, vmId, realDocker, realEnv };
