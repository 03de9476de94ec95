import { constants } from "node:os";
import { isMainThread } from "node:worker_threads";
import { type FitProgress, openFitPool, serveFits } from "../lib/tree";
import { EXIT, exitCodeOf } from "./errors";

function print(...lines: string[]): void {
    for (const line of lines) {
        process.stdout.write(`${line}\n`);
    }
}

/** A line every 30 s, so that nobody takes silence for a stall. */
function printProgress({ seconds, treesDone, trees }: FitProgress): void {
    print(`Still training, ${seconds} s so far${trees > 2 ? `: ${treesDone} of ${trees} trees` : ""}`);
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
        // Not imported above: the worker threads run this file too, and start faster without all that.
        const [{ openStorage }, { train }] = await Promise.all([import("./storage.js"), import("./train.js")]);
        await train({
            argv: process.argv.slice(2),
            env: process.env,
            openStorage,
            openFitPool: (dataset) => openFitPool(dataset, { file: __filename, onProgress: printProgress }),
            print,
        });
        process.exit(0);
    } catch (error) {
        const exitCode = exitCodeOf(error);
        if (exitCode === undefined) {
            end(EXIT.bug, `This is a bug in the trainer: ${error instanceof Error ? error.stack : error}`);
        } else {
            end(exitCode, (error as Error).message);
        }
    }
}

if (isMainThread) {
    void main(); // It ends the process itself, also on errors.
} else {
    serveFits();
}
