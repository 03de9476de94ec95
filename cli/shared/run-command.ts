import { processTerminal } from "./command-context";
import { Screen } from "./screen";
import { UsageError } from "./usage-error";

/**
 * Runs a command as the main function of this process. Its result becomes the exit status; an error results in exit
 * status 1. User errors are printed without a stack trace; any other error is a bug and needs its stack trace.
 */
export function runCommand(main: (args: string[]) => Promise<number>): void {
    for (const stream of [process.stdout, process.stderr]) {
        stream.on("error", ignoreClosedPipe);
    }
    const run = async () => await main(process.argv.slice(2));
    run().then(
        (status) => {
            process.exitCode = status;
        },
        (error: Error) => {
            const text = error instanceof UsageError ? `error: ${error.message}` : (error.stack ?? String(error));
            new Screen(processTerminal(process.stderr)).print(text);
            process.exitCode = 1;
        },
    );
}

/** Drops the output that `head` or another reader no longer reads. The command still removes what it has created. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
    if (error.code !== "EPIPE") {
        throw error;
    }
}
