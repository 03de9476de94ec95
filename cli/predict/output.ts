import { randomBytes } from "node:crypto";
import { realpathSync, statSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { UsageError } from "../start/stack-config";
import { isGcsUri, type Surroundings } from "./source";

/** Where predictions go: all of them, or none. */
export interface Output {
    write(chunk: string | Uint8Array): Promise<void>;
    /** Puts the whole output where it belongs. */
    commit(): Promise<void>;
    /** Leaves nothing behind. */
    discard(): Promise<void>;
}

/** What the output must not replace, by what it is called on the command line. */
export interface Kept {
    what: string;
    name: string;
}

/**
 * Checks where the output goes, before there is any work.
 *
 * @returns the file's absolute path, behind symbolic links; undefined for standard output
 * @throws UsageError when it is the input or the model, is there and not `force`, or has no folder
 */
export function checkOutput(name: string, force: boolean, kept: readonly Kept[], folder: string): string | undefined {
    if (name === "-") {
        return undefined;
    }
    const file = path.resolve(folder, name);
    const stats = statSync(file, { throwIfNoEntry: false, bigint: true });
    for (const { what, name: other } of kept.filter((it) => it.name !== "-" && !isGcsUri(it.name))) {
        const its = statSync(path.resolve(folder, other), { throwIfNoEntry: false, bigint: true });
        if (stats !== undefined && stats.ino === its?.ino && stats.dev === its.dev) {
            throw new UsageError(`The output ${name} is the ${what}: give another name`);
        }
    }
    if (stats?.isDirectory()) {
        throw new UsageError(`The output ${name} is a folder; it must be a file`);
    }
    if (stats?.isFile() && !force) {
        throw new UsageError(`The output ${name} is there already: --force replaces it`);
    }
    if (stats === undefined && !statSync(path.dirname(file), { throwIfNoEntry: false })?.isDirectory()) {
        throw new UsageError(`The output ${name} has no folder: ${path.dirname(name)} is not there`);
    }
    return stats === undefined ? file : realpathSync(file);
}

/** Opens an output that `checkOutput` gave. */
export async function openOutput(file: string | undefined, surroundings: Surroundings): Promise<Output> {
    if (file === undefined) {
        return streamOutput(surroundings.stdout);
    }
    const stats = statSync(file, { throwIfNoEntry: false });
    const isOrdinary = stats === undefined || stats.isFile();
    // A pipe or a device, such as /dev/null, cannot be put in its place at the end.
    return isOrdinary ? fileOutput(file) : handleOutput(await open(file, "w"));
}

/** Writes beside the file, and renames when everything is there. */
async function fileOutput(file: string): Promise<Output> {
    const partial = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(4).toString("hex")}.partial`);
    const handle = await open(partial, "wx");
    const { write } = handleOutput(handle);
    return {
        write,
        commit: async () => {
            await handle.sync();
            await handle.close();
            await rename(partial, file);
        },
        discard: async () => {
            await handle.close().catch(() => {});
            await rm(partial, { force: true });
        },
    };
}

function handleOutput(handle: FileHandle): Output {
    const close = () => handle.close();
    return { write: (chunk) => handle.writeFile(chunk), commit: close, discard: close };
}

function streamOutput(stream: NodeJS.WritableStream): Output {
    // The write's own callback tells of it; without a listener the process would end first.
    stream.on("error", () => {});
    return {
        write: (chunk) =>
            new Promise((resolve, reject) => {
                stream.write(chunk, (error) => (error ? reject(error) : resolve()));
            }),
        commit: async () => {},
        discard: async () => {},
    };
}
