import path from "node:path";
import { UsageError } from "../start/stack-config";
import { predict } from "./command";

// Ctrl-C, SIGTERM: what is written so far goes away, and the shell learns of it by 128 + the signal's number.
const stop = new AbortController();
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
for (const [signal, status] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
        process.exitCode = status;
        stop.abort();
    });
}

const { env } = process;
predict(process.argv.slice(2), {
    projectDir: path.resolve(__dirname, "../.."),
    // npm runs scripts in the project's folder, and says where it was called.
    folder: (env.npm_lifecycle_event === "predict" && env.INIT_CWD) || process.cwd(),
    env,
    stdin: process.stdin,
    stdout: process.stdout,
    note: (line) => console.error(line),
    signal: stop.signal,
}).then(
    (status) => {
        process.exitCode = status;
    },
    (error: NodeJS.ErrnoException) => {
        if (stop.signal.aborted) {
            console.error("Stopped: nothing is written");
            return;
        }
        process.exitCode = 1;
        // Who reads the output has had enough of it.
        if (error.code !== "EPIPE") {
            console.error(error instanceof UsageError ? `error: ${error.message}` : error.stack);
        }
    },
);
