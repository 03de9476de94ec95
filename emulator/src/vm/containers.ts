import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { killGroups } from "./process-tree";
import { readState, writeState } from "./shims/container-state.js";

const run = promisify(execFile);
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
    readonly #machineDir: string;

    constructor(machineDir: string) {
        this.#machineDir = machineDir;
    }

    async powerOff(): Promise<void> {
        const folder = path.join(this.#machineDir, "docker", "containers");
        for (const name of existsSync(folder) ? readdirSync(folder) : []) {
            const dir = path.join(folder, name);
            const state = existsSync(path.join(dir, "state.json")) ? readState(dir) : undefined;
            if (state?.State.Running === true) {
                killGroups(new Set([state.State.Pid]), "SIGKILL");
                const ended = { Status: "exited", Running: false, Pid: 0, ExitCode: KILLED };
                writeState(dir, {
                    ...state,
                    State: { ...state.State, ...ended, FinishedAt: new Date().toISOString() },
                });
            }
        }
    }

    remove(): Promise<void> {
        return this.powerOff();
    }
}

/** Containers of the `docker` runtime: those of the host's engine that carry the VM's label. */
export class EngineContainers implements Containers {
    readonly #docker: string;
    readonly #machineId: string;

    constructor(docker: string, machineId: string) {
        this.#docker = docker;
        this.#machineId = machineId;
    }

    async powerOff(): Promise<void> {
        await this.#onAll(["ps", "--quiet"], ["kill"]);
    }

    async remove(): Promise<void> {
        await this.#onAll(["ps", "--all", "--quiet"], ["rm", "--force", "--volumes"]);
    }

    async #onAll(list: readonly string[], command: readonly string[]): Promise<void> {
        const { stdout } = await run(this.#docker, [
            ...list,
            "--filter",
            `label=gcp-trainer.machine=${this.#machineId}`,
        ]);
        const ids = stdout.split("\n").filter((line) => line !== "");
        if (ids.length > 0) {
            try {
                await run(this.#docker, [...command, ...ids]);
            } catch (error) {
                // One that ended in this moment makes the command fail after it has done the rest.
                const left = await run(this.#docker, [
                    ...list,
                    "--filter",
                    `label=gcp-trainer.machine=${this.#machineId}`,
                ]);
                if (left.stdout.trim() !== "") {
                    throw error;
                }
            }
        }
    }
}
