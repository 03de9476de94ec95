/**
 * Calls `action` for every item, at most `limit` at a time. After a failure no further call starts, and its error is
 * thrown.
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
 * Passes `action` a folder next to `folder`, on the same file system, and always removes it afterwards. Also removes
 * folders that a killed process left behind at least an hour ago.
 */
export async function withPartialFolder<T>(folder: string, action: (partial: string) => Promise<T>): Promise<T> {
    const { mkdir, mkdtemp, readdir, rm, stat } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { basename, dirname, join } = require("node:path") as typeof import("node:path");
    const parent = dirname(folder);
    const prefix = `.${basename(folder)}.partial-`;
    await mkdir(parent, { recursive: true });
    for (const name of (await readdir(parent)).filter((entry) => entry.startsWith(prefix))) {
        const path = join(parent, name);
        const info = await stat(path).catch(() => undefined);
        if (info && Date.now() - info.mtimeMs > 3_600_000) {
            await rm(path, { recursive: true, force: true });
        }
    }
    const partial = await mkdtemp(join(parent, prefix));
    try {
        return await action(partial);
    } finally {
        await rm(partial, { recursive: true, force: true });
    }
}

/**
 * Moves the content of `partial` to `folder`: as a whole if that does not exist yet, else file by file, with the file
 * `last` at the end.
 */
export async function publishFolder(partial: string, folder: string, last: string): Promise<void> {
    const { chmod, mkdir, readdir, rename, stat } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { dirname, join } = require("node:path") as typeof import("node:path");
    const exists = await stat(folder).catch(() => undefined);
    if (!exists) {
        // mkdtemp creates folders that only their owner can read.
        await chmod(partial, 0o755);
        await rename(partial, folder);
        await syncFolder(dirname(folder));
        return;
    }
    const entries = await readdir(partial, { withFileTypes: true, recursive: true });
    const files = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(partial.length + 1));
    for (const file of files.sort((a, b) => Number(a === last) - Number(b === last))) {
        await mkdir(dirname(join(folder, file)), { recursive: true });
        await rename(join(partial, file), join(folder, file));
    }
    await syncFolder(folder);
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
