import { randomBytes } from "node:crypto";
import { realpathSync, statSync } from "node:fs";
import { type FileHandle, open, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { isAbandoned, ownTag } from "../../run/own-temporary";
import { UsageError } from "../shared/usage-error";
import { isGcsUri, type PredictContext } from "./source";
import { statsOf } from "./stats";

/** Destination for the predictions, which receives either all of them or none. */
export interface Output {
    write(chunk: string | Uint8Array): Promise<void>;
    /** Makes the complete output visible under its final name. */
    commit(): Promise<void>;
    /** Removes everything written. */
    discard(): Promise<void>;
}

/** An input file that the output must not replace. */
export interface Protected {
    what: string;
    name: string;
}

/**
 * Checks the output's path before any work is done.
 *
 * @returns the file's absolute path with symbolic links resolved; undefined for standard output
 * @throws UsageError when it is the input or the model, when it already exists and `force` is false, or when its folder
 * does not exist
 */
export function checkOutput(
    name: string,
    force: boolean,
    inputs: readonly Protected[],
    folder: string,
): string | undefined {
    if (name === "-") {
        return undefined;
    }
    const file = path.resolve(folder, name);
    const stats = statsOf("output", name, folder);
    for (const { what, name: other } of inputs.filter((each) => each.name !== "-" && !isGcsUri(each.name))) {
        const otherStats = statsOf(what, other, folder);
        if (stats !== undefined && stats.ino === otherStats?.ino && stats.dev === otherStats.dev) {
            throw new UsageError(`The output ${name} is the ${what}; choose another name`);
        }
    }
    if (stats?.isDirectory()) {
        throw new UsageError(`The output ${name} is a folder; it must be a file`);
    }
    if (stats?.isFile() && !force) {
        throw new UsageError(`The output ${name} already exists (--force replaces it)`);
    }
    if (stats === undefined && !statSync(path.dirname(file), { throwIfNoEntry: false })?.isDirectory()) {
        throw new UsageError(`The folder for the output ${name} does not exist`);
    }
    return stats === undefined ? file : realpathSync(file);
}

/** Opens an output returned by `checkOutput`. */
export async function openOutput(file: string | undefined, context: PredictContext): Promise<Output> {
    if (file === undefined) {
        return streamOutput(context.stdout);
    }
    const stats = statSync(file, { throwIfNoEntry: false });
    const isOrdinary = stats === undefined || stats.isFile();
    // A pipe or a device, such as /dev/null, cannot be replaced by a rename.
    return isOrdinary ? fileOutput(file) : handleOutput(await open(file, "w"));
}

/** Suffix for the names of unfinished files. */
const SUFFIX = ".partial";
/**
 * Number of characters from the output's name that are kept in the unfinished file's name, which is limited to 255
 * bytes.
 */
const MAX_NAME = 40;

/** Removes unfinished files that killed processes left behind. */
async function removeAbandoned(folder: string): Promise<void> {
    const names = await readdir(folder).catch(() => [] as string[]);
    for (const name of names.filter((each) => each.startsWith(".") && each.endsWith(SUFFIX) && isAbandoned(each))) {
        await rm(path.join(folder, name), { force: true }).catch(() => {});
    }
}

/** Writes to a file next to the output, and renames it at the end. */
async function fileOutput(file: string): Promise<Output> {
    const folder = path.dirname(file);
    await removeAbandoned(folder);
    const tag = [ownTag(), randomBytes(4).toString("hex")].filter((part) => part !== undefined).join("-");
    const partial = path.join(folder, `.${path.basename(file).slice(0, MAX_NAME)}.${tag}${SUFFIX}`);
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
    // The write's callback reports the error, but without a listener the process would end first.
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
