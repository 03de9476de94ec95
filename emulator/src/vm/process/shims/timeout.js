// @ts-check
// A replacement for coreutils timeout, which macOS lacks: `timeout [-k DURATION] [-s SIGNAL] DURATION COMMAND
// [ARGUMENT]...`

const { spawn } = require("node:child_process");
const { identify, signalGroups } = require("./signals.js");

const TIMED_OUT = 124;
const FAILED = 125;
const UNITS = /** @type {Record<string, number>} */ ({ s: 1, m: 60, h: 3600, d: 86400 });
const LONGEST_MS = 2 ** 31 - 1;

/** @param {string} message @returns {never} */
function usage(message) {
    process.stderr.write(`timeout: ${message}\n`);
    process.exit(FAILED);
}

/** @param {string} text */
function milliseconds(text) {
    const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text);
    if (match === null) {
        return usage(`invalid time interval '${text}'`);
    }
    return Math.min(Number(match[1]) * (UNITS[match[2] || "s"] ?? 1) * 1000, LONGEST_MS);
}

const words = process.argv.slice(2);
let signal = /** @type {NodeJS.Signals} */ ("SIGTERM");
let killAfterMs = 0;
while (words[0]?.startsWith("-")) {
    const option = words.shift() ?? "";
    const [name, inline] = option.startsWith("--")
        ? option.split("=", 2)
        : [option.slice(0, 2), option.slice(2) || undefined];
    if (name === "--foreground" || name === "--preserve-status") {
        usage(`${name} is not supported by the emulated VM's timeout`);
    }
    const value = () => inline ?? words.shift() ?? usage(`option '${name}' requires an argument`);
    if (name === "-k" || name === "--kill-after") {
        killAfterMs = milliseconds(value());
    } else if (name === "-s" || name === "--signal") {
        const text = value();
        signal = /** @type {NodeJS.Signals} */ (text.startsWith("SIG") ? text : `SIG${text}`);
    } else if (name === "--") {
        break;
    } else {
        usage(`unrecognized option '${option}'`);
    }
}
const limitMs = milliseconds(words.shift() ?? usage("missing operand"));
const command = words.shift() ?? usage("missing operand");

// Like coreutils timeout, use a separate process group, so that the limit also applies to the command's children.
const child = spawn(command, words, { stdio: "inherit", detached: process.platform !== "win32" });
const leader = identify(child.pid);
let timedOut = false;

/** @param {NodeJS.Signals} name */
function send(name) {
    if (leader !== undefined) {
        signalGroups([leader], name);
    }
}

for (const forwarded of /** @type {NodeJS.Signals[]} */ (["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"])) {
    process.on(forwarded, () => send(forwarded));
}
if (limitMs > 0) {
    setTimeout(() => {
        timedOut = true;
        send(signal);
        if (killAfterMs > 0) {
            setTimeout(() => send("SIGKILL"), killAfterMs).unref();
        }
    }, limitMs).unref();
}
child.on("error", (error) => {
    process.stderr.write(`timeout: failed to run command '${command}': ${error.message}\n`);
    process.exit("code" in error && error.code === "ENOENT" ? 127 : 126);
});
child.on("exit", (code, by) => {
    if (timedOut && by === "SIGKILL" && signal !== "SIGKILL") {
        // Like coreutils timeout, exit with 137 if the command had to be killed.
        process.exit(137);
    }
    process.exit(
        timedOut ? TIMED_OUT : by === null ? (code ?? 0) : 128 + (require("node:os").constants.signals[by] ?? 0),
    );
});
