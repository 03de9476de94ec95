import { spawn } from "node:child_process";
import path from "node:path";

/** A process that outlives the emulator just long enough to end everything that one boot started. */
export interface Lifeline {
    /** Stops watching. Call it once the emulator itself has ended everything that the boot started. */
    release(): void;
}

/** The variables that the docker command reads; the others may be secrets. */
const DOCKER_VARIABLES = [
    ...["PATH", "HOME", "USERPROFILE", "SystemRoot"],
    ...["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"],
];
const PROGRAM = path.join(__dirname, "shims", "lifeline.js");

/**
 * Starts a watcher that acts when this process ends without releasing it, for example because it was killed. The
 * watcher kills every process with this boot's id in its environment, and its descendants, and removes the containers
 * with this boot's label.
 *
 * @param docker the docker command, if the boot may have containers in this machine's engine
 */
export function startLifeline(bootId: string, docker = ""): Lifeline {
    // The watcher leads its own group, so that Ctrl-C at a terminal does not end it before the emulator.
    const child = spawn(process.execPath, [PROGRAM, bootId, docker], {
        detached: true,
        stdio: ["pipe", "ignore", "ignore"],
        windowsHide: true,
        env: docker === "" ? {} : Object.fromEntries(DOCKER_VARIABLES.map((name) => [name, process.env[name]])),
    });
    // The VM runs even if the watcher could not be started or has ended.
    child.on("error", () => undefined);
    child.stdin.on("error", () => undefined);
    child.unref();
    (child.stdin as unknown as { unref(): void }).unref();
    return { release: () => child.stdin.end("released\n") };
}
