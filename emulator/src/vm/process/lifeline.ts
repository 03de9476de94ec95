import { spawn } from "node:child_process";
import path from "node:path";

/** A process that outlives the emulator just long enough to end the processes from one boot. */
export interface Lifeline {
    /** Ends the watching. Call it once the emulator itself has ended all processes from the boot. */
    release(): void;
}

const PROGRAM = path.join(__dirname, "shims", "lifeline.js");

/**
 * Starts a watcher that kills every process with this environment variable, and its descendants, when this process ends
 * without releasing it, for example because it was killed.
 */
export function startLifeline(name: string, value: string): Lifeline {
    // It leads its own group, so that Ctrl-C at a terminal does not end it before the emulator.
    const child = spawn(process.execPath, [PROGRAM, name, value], {
        detached: true,
        stdio: ["pipe", "ignore", "ignore"],
        windowsHide: true,
        env: {},
    });
    // Neither a watcher that could not be started nor one that has ended keeps the VM from running.
    child.on("error", () => undefined);
    child.stdin.on("error", () => undefined);
    child.unref();
    (child.stdin as unknown as { unref(): void }).unref();
    return { release: () => child.stdin.end("released\n") };
}
