// @ts-check
// Runs one container in the process runtime: starts its command, and records its output and exit code. It holds a
// connection to its VM. A broken connection means that the power is off, so the container is killed.

const { spawn } = require("node:child_process");
const { existsSync, openSync, writeSync } = require("node:fs");
const http = require("node:http");
const { constants } = require("node:os");
const { delimiter, join } = require("node:path");
const { StringDecoder } = require("node:string_decoder");
const { writeState } = require("./container-state.js");
const { identify, signalGroups } = require("./signals.js");

const MAX_LINE = 16384;
const dir = process.argv[2] ?? "";
const log = openSync(join(dir, "log.jsonl"), "a");
const NEVER = "0001-01-01T00:00:00Z";

/** @param {import("node:stream").Readable} source @param {string} stream */
function record(source, stream) {
    const decoder = new StringDecoder("utf8");
    let rest = "";
    const write = (/** @type {string[]} */ texts) => {
        const time = new Date().toISOString();
        const records = texts.filter((text) => text !== "").map((text) => JSON.stringify({ log: text, stream, time }));
        // Write once per chunk rather than once per line, because a program may print millions of lines.
        if (records.length > 0) {
            writeSync(log, `${records.join("\n")}\n`);
        }
    };
    source.on("data", (chunk) => {
        const lines = (rest + decoder.write(chunk)).split("\n");
        rest = lines.pop() ?? "";
        const texts = lines.map((line) => `${line}\n`);
        if (rest.length >= MAX_LINE) {
            texts.push(rest);
            rest = "";
        }
        write(texts);
    });
    source.on("end", () => write([rest + decoder.end()]));
}

function findShell() {
    const folders = (process.env.EMULATOR_HOST_PATH ?? process.env.PATH ?? "").split(delimiter);
    const name = process.platform === "win32" ? "sh.exe" : "sh";
    return folders.map((folder) => join(folder, name)).find(existsSync) ?? "/bin/sh";
}

/** @typedef {{ id: string, name: string, image: string, script: string, args: string[], cwd: string, env: Record<string, string> }} Spec */

/** @param {Spec} spec */
function run(spec) {
    // A signal goes to all processes in the container. The trap lets the shell survive it, so that the program
    // determines the exit code; programs do not inherit the trap. As with npm, the arguments follow the script. They
    // stay unchanged, because the shell does not interpret the values of "$@". Use this machine's shell, because the
    // container's PATH may not contain one.
    const child = spawn(findShell(), ["-c", `trap : TERM INT HUP; ${spec.script} "$@"`, "sh", ...spec.args], {
        cwd: spec.cwd,
        env: spec.env,
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
    });
    const leader = identify(child.pid);
    const state = {
        Process: leader ?? null,
        Id: spec.id,
        Name: `/${spec.name}`,
        Image: spec.image,
        State: {
            Status: "running",
            Running: true,
            OOMKilled: false,
            Pid: child.pid ?? 0,
            ExitCode: 0,
            Error: "",
            StartedAt: new Date().toISOString(),
            FinishedAt: NEVER,
        },
    };
    writeState(dir, state);
    child.once("spawn", () => process.send?.({ started: true }));

    record(child.stdout, "stdout");
    record(child.stderr, "stderr");

    function killContainer() {
        if (leader !== undefined) {
            signalGroups([leader], "SIGKILL");
        }
    }

    /** @param {number} exitCode @param {string} error */
    function end(exitCode, error) {
        // When the first process in a container ends, the others end with it.
        killContainer();
        state.Process = null;
        state.State = {
            ...state.State,
            Status: "exited",
            Running: false,
            Pid: 0,
            ExitCode: exitCode,
            Error: error,
            FinishedAt: new Date().toISOString(),
        };
        writeState(dir, state);
        process.exit(0);
    }

    // As in Docker, the exit code is 127 if the program cannot be started, and `docker run` prints the reason.
    child.on("error", (error) => {
        const reason = existsSync(spec.cwd) ? error.message : `the trainer's folder ${spec.cwd} does not exist`;
        const finish = () => end(127, reason);
        if (process.send === undefined) {
            finish();
        } else {
            process.send({ error: reason }, finish);
        }
    });
    child.on("exit", (code, signal) => {
        const exitCode = signal === null ? (code ?? 0) : 128 + (constants.signals[signal] ?? 0);
        killContainer();
        // Output may still be in the pipes, but a process that escaped the group must not delay the exit.
        const finish = () => end(exitCode, "");
        child.once("close", finish);
        // Even if this process has not been scheduled for a long time, the event loop reads the pipes once more between
        // the timer and the immediate.
        setTimeout(() => setImmediate(finish), 1000);
    });

    const control = process.env.EMULATOR_VM_CONTROL;
    if (control !== undefined) {
        const powerOff = () => end(137, "the VM was powered off");
        const headers = { "metadata-flavor": "Google" };
        const lifeline = http.get(`${control}/lifeline`, { agent: false, headers }, (response) => {
            response.resume();
            response.on("close", powerOff);
        });
        lifeline.on("error", powerOff);
    }
}

// The specification arrives in a message, because its environment may hold secrets, which must not be written to a
// file.
process.once("message", (spec) => run(/** @type {Spec} */ (spec)));
