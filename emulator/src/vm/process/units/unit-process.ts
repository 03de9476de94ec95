import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { OutputStream } from "../../guest/guest";
import { identify, type ProcessId } from "../shims/signals.js";

/** The result of a process: an exit status, or the signal that killed it. */
export type ProcessExit =
    | { readonly code: "exited"; readonly status: number }
    | { readonly code: "killed"; readonly status: NodeJS.Signals };

/** systemd's exit status for a program that could not be executed. */
export const EXIT_EXEC = 203;

/** A running command from a unit. It leads its own process group. */
export interface UnitProcess {
    /** Undefined if the program could not be started; `exit` then has status 203. */
    readonly id: ProcessId | undefined;
    readonly name: string;
    readonly exit: Promise<ProcessExit>;
    /** Resolves once no process holds the output pipes open any longer. */
    readonly output: Promise<void>;
    /** Set once the process has ended. */
    exited?: ProcessExit;
    /** Stops reading output pipes that a process outside the group still holds open. */
    closeOutput(): void;
}

/** Options for running a command. */
export interface SpawnRequest {
    readonly program: string;
    readonly args: readonly string[];
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly onLine: (line: string, pid: number, stream: OutputStream) => void;
}

/**
 * Starts a command and reports its output line by line. As in systemd, a failure to start counts as an exit with status
 * 203.
 */
export function startProcess(request: SpawnRequest): UnitProcess {
    const name = request.program.replace(/^.*[/\\]/, "");
    const child = spawn(request.program, request.args, {
        cwd: request.cwd,
        env: { ...request.env },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        windowsHide: true,
    });
    const id = identify(child.pid);
    const streams = [child.stdout, child.stderr];
    const output = Promise.all(
        streams.map((stream) => {
            const name = stream === child.stderr ? "stderr" : "stdout";
            return readLines(stream, (line) => request.onLine(line, child.pid ?? 0, name));
        }),
    );
    const unitProcess: UnitProcess = {
        id,
        name,
        exit: exitOf(child, (message) => request.onLine(message, 0, "stderr")).then((exit) => {
            unitProcess.exited = exit;
            return exit;
        }),
        output: output.then(() => undefined),
        closeOutput: () => {
            for (const stream of streams) {
                stream.destroy();
            }
        },
    };
    return unitProcess;
}

function exitOf(child: ChildProcess, onError: (message: string) => void): Promise<ProcessExit> {
    return new Promise((resolve) => {
        child.once("error", (error) => {
            onError(`Failed to execute: ${error.message}`);
            resolve({ code: "exited", status: EXIT_EXEC });
        });
        child.once("exit", (status, signal) => {
            resolve(signal === null ? { code: "exited", status: status ?? 0 } : { code: "killed", status: signal });
        });
    });
}

function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
    return new Promise((resolve) => {
        const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
        lines.on("line", onLine);
        lines.once("close", resolve);
        stream.once("close", () => lines.close());
        stream.on("error", () => lines.close());
    });
}
