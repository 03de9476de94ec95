import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import type { Containers } from "../process/containers";
import { findDocker } from "./find-docker";

const run = promisify(execFile);

/**
 * Labels that the emulator sets on every container, so that it can find the containers of a VM, of a single boot, or of
 * a data folder.
 */
export const LABELS = { vm: "gcp-emulator.vm", boot: "gcp-emulator.boot", data: "gcp-emulator.data" } as const;

/** The containers in this machine's Docker engine that have a given label. */
export class EngineContainers implements Containers {
    readonly #docker: string;
    readonly #filter: readonly string[];

    /** @param label `key=value` */
    constructor(docker: string, label: string) {
        this.#docker = docker;
        this.#filter = ["--filter", `label=${label}`];
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
            // The command fails even if a container has merely ended in the meantime; this is not an error if none is
            // left.
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

/**
 * Returns the id that labels use for a data folder, creating it if necessary. It is unique even if the folder is
 * copied, or if several machines with the same paths share an engine.
 */
export function dataFolderId(dataDir: string): string {
    const file = idFile(dataDir);
    if (!existsSync(file)) {
        writeFileSync(file, `${randomUUID()}\n`);
    }
    const text = `${path.resolve(dataDir)}\n${readFileSync(file, "utf8").trim()}`;
    return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Removes containers left in the engine by an emulator that was killed while it used this data folder. */
export async function removeAbandonedContainers(dataDir: string): Promise<void> {
    // If the file does not exist, no container was ever created, and this machine may not even have an engine.
    if (existsSync(idFile(dataDir))) {
        await new EngineContainers(findDocker(), `${LABELS.data}=${dataFolderId(dataDir)}`).remove();
    }
}

function idFile(dataDir: string): string {
    return path.join(dataDir, "container-owner");
}
