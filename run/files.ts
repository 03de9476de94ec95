import { isAbandoned, ownTag } from "./own-temporary";

/**
 * Calls `action` for every item, at most `limit` at a time. After a failure, no further calls are started, and the
 * error is thrown.
 */
export async function inParallel<T>(items: T[], limit: number, action: (item: T) => Promise<void>): Promise<void> {
    const queue = [...items];
    const work = async () => {
        for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
            try {
                await action(item);
            } catch (error) {
                queue.length = 0;
                throw error;
            }
        }
    };
    const outcomes = await Promise.allSettled(Array.from({ length: limit }, work));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) {
        throw failed.reason;
    }
}

/** Writes a file and waits until it is on the disk. */
export async function writeSynced(path: string, text: string): Promise<void> {
    const { writeFile } = require("node:fs/promises") as typeof import("node:fs/promises");
    await writeFile(path, text);
    await syncFile(path);
}

/** Waits until a file's content is on the disk. */
export async function syncFile(path: string): Promise<void> {
    const { open } = require("node:fs/promises") as typeof import("node:fs/promises");
    const file = await open(path, "r+");
    try {
        await file.sync();
    } finally {
        await file.close();
    }
}

/**
 * Reads a file that has at most `maxBytes`. Returns undefined for anything else: a larger file, a missing file, a
 * folder, a symbolic link, or a pipe, which would block the reader.
 */
export async function readRegularFile(path: string, maxBytes: number): Promise<Buffer | undefined> {
    const file = await openRegularFile(path);
    if (file === undefined) {
        return undefined;
    }
    try {
        return (await file.stat()).size <= maxBytes ? await file.readFile() : undefined;
    } finally {
        await file.close();
    }
}

/** Opens a file for reading if it is a regular file; returns undefined if it is anything else or does not exist. */
export async function openRegularFile(path: string): Promise<import("node:fs/promises").FileHandle | undefined> {
    const { constants } = require("node:fs") as typeof import("node:fs");
    const { lstat, open } = require("node:fs/promises") as typeof import("node:fs/promises");
    // Windows supports neither flag.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    try {
        if (!(await lstat(path)).isFile()) {
            return undefined;
        }
        const file = await open(path, flags);
        if ((await file.stat()).isFile()) {
            return file;
        }
        await file.close();
        return undefined;
    } catch (error) {
        if (["ENOENT", "ENOTDIR", "EISDIR", "ELOOP", "ENXIO"].includes((error as NodeJS.ErrnoException).code ?? "")) {
            return undefined;
        }
        throw error;
    }
}

/**
 * Calls `action` with a new folder next to `folder`, on the same file system, and always removes it afterwards. Also
 * removes anything that killed processes left behind.
 * @throws an error that explains the problem if the disk is full or this process cannot open any more files.
 */
export async function withPartialFolder<T>(folder: string, action: (partial: string) => Promise<T>): Promise<T> {
    const { mkdtemp, rm } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { basename, dirname, join } = require("node:path") as typeof import("node:path");
    const tag = ownTag();
    const prefix = `.${basename(folder)}.partial-${tag ? `${tag}-` : ""}`;
    let partial: string | undefined;
    try {
        await makeFolder(dirname(folder));
        await removeAbandoned(folder);
        partial = await mkdtemp(join(dirname(folder), prefix));
        return await action(partial);
    } catch (error) {
        throw explainFileError(error, folder);
    } finally {
        if (partial !== undefined) {
            await rm(partial, { recursive: true, force: true });
        }
    }
}

/**
 * Creates a folder and its parents. In its recursive mode, `mkdir` reports every problem with a parent as a missing
 * folder.
 */
async function makeFolder(path: string): Promise<void> {
    const { mkdir } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { dirname } = require("node:path") as typeof import("node:path");
    const create = async () =>
        mkdir(path).then(
            () => undefined,
            (error: NodeJS.ErrnoException) => (error.code === "EEXIST" ? undefined : error),
        );
    let problem = await create();
    if (problem?.code === "ENOENT" && dirname(path) !== path) {
        await makeFolder(dirname(path));
        problem = await create();
    }
    if (problem !== undefined) {
        throw problem;
    }
}

/** Explains a file system error; returns any other error unchanged. */
function explainFileError(error: unknown, folder: string): unknown {
    const reasons: Record<string, string> = {
        EACCES: "this user may not write there",
        EDQUOT: "the disk quota is exceeded",
        EMFILE: "this process may not open any more files (ulimit -n)",
        ENFILE: "the system cannot open any more files",
        ENOSPC: "the disk is full, or out of inodes",
        EROFS: "the disk is read-only",
    };
    const { code = "" } = error as NodeJS.ErrnoException;
    const reason = Object.hasOwn(reasons, code) ? reasons[code] : undefined;
    return reason === undefined
        ? error
        : new Error(`${folder} cannot be written to: ${reason} (${code})`, { cause: error });
}

/**
 * Removes the partial folders that killed processes left next to `folder`: those whose process ran on this machine and
 * has ended, and any others that have not changed for a day.
 */
export async function removeAbandoned(folder: string): Promise<void> {
    const { lstat, readdir, rm } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { basename, dirname, join } = require("node:path") as typeof import("node:path");
    const parent = dirname(folder);
    const names = await readdir(parent).catch(() => [] as string[]);
    for (const name of names.filter((entry) => entry.startsWith(`.${basename(folder)}.partial-`))) {
        const path = join(parent, name);
        const info = await lstat(path).catch(() => undefined);
        if (info?.isDirectory() && (isAbandoned(name) || Date.now() - info.mtimeMs > 24 * 3_600_000)) {
            await rm(path, { recursive: true, force: true });
        }
    }
}

/**
 * Rejects a results folder if it, or a folder in it, is a symbolic link to somewhere else.
 * @param folder `<resultsDir>/<stack>/<runId>`; `resultsDir` itself may be a link.
 * @param paths the paths of its files.
 */
export async function rejectOutsideLinks(folder: string, paths: string[]): Promise<void> {
    const { lstat, realpath } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { dirname, join, sep } = require("node:path") as typeof import("node:path");
    const resultsDir = dirname(dirname(folder));
    const root = await realpath(resultsDir).catch(() => undefined);
    if (root === undefined) {
        return;
    }
    const folders = [dirname(folder), folder];
    for (const path of paths) {
        for (let parent = dirname(path); parent !== "."; parent = dirname(parent)) {
            folders.push(join(folder, parent));
        }
    }
    for (const path of [...new Set(folders)]) {
        const info = await lstat(path).catch(() => undefined);
        if (info?.isSymbolicLink()) {
            const target = await realpath(path).catch(() => "a target that does not exist");
            if (!target.startsWith(`${root}${sep}`)) {
                throw new Error(
                    `${path} must be a folder in ${resultsDir}; got a symbolic link to ${target} (remove the link)`,
                );
            }
        }
    }
}

/**
 * Moves the contents of `partial` to `folder`: as a whole if `folder` does not exist yet, otherwise file by file,
 * ending with the file `last`.
 * @param holdsOther true if `folder` must not be changed because of what another process has put there
 * @returns false if nothing was moved, either for that reason or because another process moved or replaced `folder` in
 * the meantime
 */
export async function publishFolder(
    partial: string,
    folder: string,
    last: string,
    holdsOther: () => Promise<boolean>,
): Promise<boolean> {
    const { chmod, lstat, mkdir, readdir, rename } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { dirname, join } = require("node:path") as typeof import("node:path");
    const isEmptyOrMissing = (await readdir(folder).catch(() => [] as string[])).length === 0;
    if (isEmptyOrMissing && !(await lstat(folder).catch(() => undefined))?.isSymbolicLink()) {
        // mkdtemp creates folders that only their owner can read.
        await chmod(partial, 0o755);
        const isMoved = await rename(partial, folder).then(
            () => true,
            async (error: NodeJS.ErrnoException) => {
                const anotherWasFaster = ["ENOTEMPTY", "EEXIST"].includes(error.code ?? "");
                // Windows does not replace an empty folder.
                const isKept = error.code === "EPERM" && (await lstat(folder).catch(() => undefined)) !== undefined;
                if (anotherWasFaster || isKept) {
                    return false;
                }
                throw error;
            },
        );
        if (isMoved) {
            await syncFolder(dirname(folder));
            return true;
        }
    }
    // While the folder is examined, another process may move it away or replace it with its own.
    const identity = async () => (await lstat(folder).catch(() => undefined))?.ino;
    const examined = await identity();
    if (examined === undefined || (await holdsOther()) || (await identity()) !== examined) {
        return false;
    }
    const entries = await readdir(partial, { withFileTypes: true, recursive: true });
    const files = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(partial.length + 1));
    await rejectOutsideLinks(folder, files);
    for (const file of files.sort((a, b) => Number(a === last) - Number(b === last))) {
        await mkdir(dirname(join(folder, file)), { recursive: true });
        await rename(join(partial, file), join(folder, file));
    }
    await syncFolder(folder);
    return true;
}

async function syncFolder(folder: string): Promise<void> {
    if (process.platform === "win32") {
        // Windows cannot flush a folder.
        return;
    }
    const { open } = require("node:fs/promises") as typeof import("node:fs/promises");
    const handle = await open(folder, "r");
    try {
        await handle.sync();
    } finally {
        await handle.close();
    }
}
