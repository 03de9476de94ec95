import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Containers } from "../process/containers";

const run = promisify(execFile);

/** The containers of a VM in this machine's Docker engine, identified by the VM's label. */
export class EngineContainers implements Containers {
    readonly #docker: string;
    readonly #filter: readonly string[];

    constructor(docker: string, vmId: string) {
        this.#docker = docker;
        this.#filter = ["--filter", `label=gcp-emulator.vm=${vmId}`];
    }

    async powerOff(): Promise<void> {
        await this.#onAll(["ps", "--quiet"], ["kill"]);
    }

    async remove(): Promise<void> {
        await this.#onAll(["ps", "--all", "--quiet"], ["rm", "--force", "--volumes"]);
    }

    async #onAll(list: readonly string[], command: readonly string[]): Promise<void> {
        const ids = await this.#list(list);
        if (ids.length === 0) {
            return;
        }
        try {
            await run(this.#docker, [...command, ...ids]);
        } catch (error) {
            // The command also fails if a container has ended in the meantime, which is not an error if none is left.
            if ((await this.#list(list)).length > 0) {
                throw error;
            }
        }
    }

    async #list(list: readonly string[]): Promise<string[]> {
        const { stdout } = await run(this.#docker, [...list, ...this.#filter]);
        return stdout.split("\n").filter((line) => line !== "");
    }
}
