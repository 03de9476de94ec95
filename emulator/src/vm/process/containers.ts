import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { readState, writeState } from "./shims/container-state.js";
import { signalGroups } from "./shims/signals.js";

/** Exit code for a container whose VM lost power: 128 + SIGKILL. */
const KILLED = 137;

/** The containers of one VM, as managed by its host. */
export interface Containers {
    /** Called when the VM powers off. Every container stops immediately and is kept as a stopped container. */
    powerOff(): Promise<void>;
    /**
     * Called when the VM is deleted or the emulator stops. Removes all traces that containers have left outside the
     * VM's folder.
     */
    remove(): Promise<void>;
}

/** Containers in the `process` runtime: process groups whose state is kept in the VM's files. */
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
