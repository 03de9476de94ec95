import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/**
 * JSON file that maps the config digest of an image to a `LocalProgram`. The docker command in the VMs reads it:
 * `shims/docker-pull.js`.
 */
export function localFoldersFile(dataDir: string): string {
    return path.join(dataDir, "engine", "images.json");
}

/** A folder whose program the process runtime runs: `command`, or else the start script in its package.json. */
export interface LocalProgram {
    readonly folder: string;
    readonly command?: string;
}

/** Folders on this machine that the process runtime runs as images. */
export class LocalFolders {
    readonly #file: string;
    #writing: Promise<void> = Promise.resolve();

    constructor(dataDir: string) {
        this.#file = localFoldersFile(dataDir);
    }

    async add(configDigest: string, program: LocalProgram): Promise<void> {
        await this.#change((folders) => ({ ...folders, [configDigest]: program }));
    }

    /** Removes the entries for images that are no longer in any repository. */
    async sweep(isUsed: (configDigest: string) => boolean): Promise<void> {
        await this.#change((folders) =>
            Object.fromEntries(Object.entries(folders).filter(([digest]) => isUsed(digest))),
        );
    }

    /** Applies changes one after another; readers see the file either before or after a change. */
    #change(change: (folders: Record<string, unknown>) => Record<string, unknown>): Promise<void> {
        const changed = this.#writing.then(async () => {
            const text = await readFile(this.#file, "utf8").catch(() => "{}");
            const folders = change(JSON.parse(text) as Record<string, unknown>);
            if (Object.keys(folders).length === 0) {
                await rm(this.#file, { force: true });
                return;
            }
            await mkdir(path.dirname(this.#file), { recursive: true });
            const draft = `${this.#file}.${process.pid}`;
            await writeFile(draft, `${JSON.stringify(folders, undefined, 2)}\n`);
            await rename(draft, this.#file);
        });
        this.#writing = changed.catch(() => undefined);
        return changed;
    }
}
