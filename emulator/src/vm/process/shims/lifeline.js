// @ts-check
// Ends everything from one boot of a VM if the emulator is killed. The emulator holds the other end of this process's
// standard input. It sends a line when it has ended the boot itself; if the input ends without that line, the emulator
// is gone. Every process started during a boot has the boot's id in its environment, or descends from a process that
// does. Every container has that id in a label.

const { execFileSync } = require("node:child_process");
const { killByEnvironment } = require("./signals.js");

const MAX_ROUNDS = 100;
const ROUND_MS = 50;
/** The engine may still be creating a container for a docker command that was killed. */
const QUIET_ROUNDS = 3;
const CONTAINER_ROUND_MS = 500;
const [bootId = "", docker = ""] = process.argv.slice(2);
let isOver = false;

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function endBoot() {
    // A process may start another while this one reads the list of processes.
    for (let round = 0; round < MAX_ROUNDS && killByEnvironment("EMULATOR_BOOT_ID", bootId) > 0; round += 1) {
        await sleep(ROUND_MS);
    }
    for (let round = 0, quiet = 0; docker !== "" && quiet < QUIET_ROUNDS && round < MAX_ROUNDS; round += 1) {
        quiet = removeContainers() === 0 ? quiet + 1 : 0;
        await sleep(CONTAINER_ROUND_MS);
    }
}

/** @returns {number} the number of containers found */
function removeContainers() {
    try {
        const filter = ["--filter", `label=gcp-emulator.boot=${bootId}`];
        const ids = call("ps", "--all", "--quiet", ...filter)
            .split("\n")
            .filter(Boolean);
        if (ids.length > 0) {
            call("rm", "--force", "--volumes", ...ids);
        }
        return ids.length;
    } catch {
        // The next emulator that uses the data folder removes what is left.
        return 1;
    }
}

/** @param {string[]} args */
function call(...args) {
    return execFileSync(docker, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], windowsHide: true });
}

process.stdin.on("data", () => {
    isOver = true;
});
process.stdin.once("error", () => undefined);
process.stdin.once("close", () => {
    if (!isOver && bootId !== "") {
        void endBoot();
    }
});
