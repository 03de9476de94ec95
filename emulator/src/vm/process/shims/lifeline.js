// @ts-check
// Ends all processes from one boot of a VM if the emulator is killed. The emulator holds the other end of this
// process's standard input. It sends a line when it has ended the boot itself; without that line, the end of the input
// means that the emulator is gone. Every process started during a boot has the boot's id in its environment, or
// descends from a process that does.

const { killByEnvironment } = require("./signals.js");

const MAX_ROUNDS = 100;
const ROUND_MS = 50;
const [name = "", value = ""] = process.argv.slice(2);
let isOver = false;

async function endBoot() {
    // A process may start another while this one reads the list of processes.
    for (let round = 0; round < MAX_ROUNDS && killByEnvironment(name, value) > 0; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
    }
}

process.stdin.on("data", () => {
    isOver = true;
});
process.stdin.once("error", () => undefined);
process.stdin.once("close", () => {
    if (!isOver && name !== "" && value !== "") {
        void endBoot();
    }
});
