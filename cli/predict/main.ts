import "../shared/check-node";

import { processTerminal } from "../shared/command-context";
import { findProject, userFolder } from "../shared/project";
import { runCommand } from "../shared/run-command";
import { Screen } from "../shared/screen";
import { predict } from "./command";

// On a signal, predict discards what it has written and exits with 128 + the signal's number, as shells expect.
const stop = new AbortController();
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
let signalStatus = 1;
for (const [signal, status] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
        signalStatus = status;
        stop.abort();
    });
}

runCommand(async (args) => {
    const { env } = process;
    const screen = new Screen(processTerminal(process.stderr));
    try {
        return await predict(args, {
            projectDir: findProject(),
            folder: userFolder(env),
            env,
            stdin: process.stdin,
            stdout: process.stdout,
            report: (line) => screen.print(line),
            signal: stop.signal,
        });
    } catch (error) {
        if (stop.signal.aborted) {
            console.error("Stopped: nothing was written");
            return signalStatus;
        }
        // The program that reads the output has closed the pipe.
        if ((error as NodeJS.ErrnoException).code === "EPIPE") {
            return 1;
        }
        throw error;
    }
});
