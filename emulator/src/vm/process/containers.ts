import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { readState, writeState } from "./shims/container-state.js";
import { signalGroups } from "./shims/signals.js";

/** Exit code of a container whose machine lost power: 128 + SIGKILL. */
const KILLED = 137;

/** The containers of one VM, seen from outside of it. */
export interface Containers {
    /** The VM goes off: every container stops at once and stays as a stopped one. */
    powerOff(): Promise<void>;
    /** The VM is deleted, or the emulator ends: nothing of them stays outside of the VM's folder. */
    remove(): Promise<void>;
}

/** Containers of the `process` runtime: process groups whose state is in files of the VM. */
export class ProcessContainers implements Containers {
    readonly #vmDir: string;

    constructor(vmDir: string) {
        this.#vmDir = vmDir;
    }

    async powerOff(): Promise<void> {
        const folder = path.join(this.#vmDir, "docker", "containers");
        for (const name of existsSync(folder) ? readdirSync(folder) : []) {
            const dir = path.join(folder, name);
            const state = existsSync(path.join(dir, "state.json")) ? readState(dir) : undefined;
            if (state?.State.Running === true) {
                signalGroups(state.Process === null ? [] : [state.Process], "SIGKILL");
                const ended = { Status: "exited", Running: false, Pid: 0, ExitCode: KILLED };
                writeState(dir, {
                    ...state,
                    Process: null,
                    State: { ...state.State, ...ended, FinishedAt: new Date().toISOString() },
                });
            }
        }
    }

    remove(): Promise<void> {
        return this.powerOff();
    }
}
