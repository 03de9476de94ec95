import { constants } from "node:os";
import { isMainThread } from "node:worker_threads";
import { EXIT, TrainerError } from "./errors";
import { train } from "./train";
import { fitInWorker, serveFitRequest } from "./worker";

function print(...lines: string[]): void {
    for (const line of lines) {
        process.stdout.write(`${line}\n`);
    }
}

/** Ends at once, after the last line is out: an open connection would keep the process for a while. */
function end(exitCode: number, lastWords: string): void {
    process.stderr.write(`${lastWords}\n`, () => process.exit(exitCode));
}

async function main(): Promise<void> {
    // In a container this is process 1, which the kernel spares from signals that it does not handle itself.
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
        process.once(signal, () => end(128 + constants.signals[signal], `Stopped by ${signal}`));
    }
    try {
        // Not imported above: the worker threads run this file too, and start faster without the storage client.
        const { openStorage } = await import("./storage.js");
        await train({
            argv: process.argv.slice(2),
            env: process.env,
            openStorage,
            fit: (request) => fitInWorker(__filename, request, print),
            print,
        });
        process.exit(0);
    } catch (error) {
        if (error instanceof TrainerError) {
            end(error.exitCode, error.message);
        } else {
            end(EXIT.bug, `This is a bug in the trainer: ${error instanceof Error ? error.stack : error}`);
        }
    }
}

if (isMainThread) {
    void main(); // It ends the process itself, also on errors.
} else {
    serveFitRequest();
}
