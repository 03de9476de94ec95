import { constants } from "node:os";
import { setFlagsFromString } from "node:v8";
import { isMainThread } from "node:worker_threads";
import { type FitProgress, openFitPool, serveFits } from "../lib/tree";
import { EXIT, exitCodeOf } from "./errors";

function print(...lines: string[]): void {
    for (const line of lines) {
        process.stdout.write(`${line}\n`);
    }
}

/** Prints a line every 30 s, so that silence is not mistaken for a hang. */
function printProgress({ seconds, treesDone, trees }: FitProgress): void {
    print(`Still training, ${seconds} s so far${trees > 2 ? `: ${treesDone} of ${trees} trees` : ""}`);
}

/** Exits once the last line is written, because an open connection would keep the process alive for a while. */
function exit(exitCode: number, message: string): void {
    process.stderr.write(`${message}\n`, () => process.exit(exitCode));
}

async function main(): Promise<void> {
    // Without this, garbage from reading the dataset determines the peak of memory. A forest grows more slowly with it.
    setFlagsFromString("--optimize-for-size");
    // In a container, this is process 1, and the kernel does not let a signal without a handler stop process 1.
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
        process.once(signal, () => exit(128 + constants.signals[signal], `Stopped by ${signal}`));
    }
    // Node.js would exit with 0 if a promise never settled and nothing else was left to do.
    process.once("beforeExit", () => exit(EXIT.bug, "This is a bug in the trainer: it stopped before it had finished"));
    try {
        // Not imported above, because worker threads also run this file, and start faster without these modules.
        const [{ openStorage }, { train }] = await Promise.all([import("./storage.js"), import("./train.js")]);
        await train({
            argv: process.argv.slice(2),
            env: process.env,
            openStorage,
            openFitPool: (dataset, threads) => {
                if (!process.argv.includes("--algorithm=tree")) {
                    setFlagsFromString("--no-optimize-for-size");
                }
                return openFitPool(dataset, { file: __filename, onProgress: printProgress, threads });
            },
            print,
        });
        process.exit(0);
    } catch (error) {
        const exitCode = exitCodeOf(error);
        if (exitCode === undefined) {
            exit(EXIT.bug, `This is a bug in the trainer: ${error instanceof Error ? error.stack : error}`);
        } else {
            exit(exitCode, (error as Error).message);
        }
    }
}

if (isMainThread) {
    void main(); // This exits the process itself, even after an error.
} else {
    serveFits();
}
