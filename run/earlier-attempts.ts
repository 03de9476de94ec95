import type { Print } from "./clients";
import { publishFolder, readRegularFile } from "./files";
import { ownFiles } from "./layout";
import { parseObject, parseStatus, type RunStatus } from "./status";

/** An attempt whose results are in a folder on this machine. Unknown values are null. */
interface SavedAttempt {
    attempt: number;
    bootId: string | null;
    startedAt: string | null;
    /** The time at which it ended, or else the last update to its status. */
    endedAt: string | null;
}

/**
 * True if a run's folder holds the results from an attempt other than the one in `status`: an earlier one, or one that
 * trained the same run in a bucket that no longer exists.
 * @param folder `<resultsDir>/<stack>/<runId>`
 */
export async function holdsEarlierAttempt(folder: string, status: RunStatus): Promise<boolean> {
    const saved = await readSavedAttempt(folder);
    const differs = <T>(before: T | null, now: T | null) => before !== null && now !== null && before !== now;
    return (
        saved !== undefined &&
        (saved.attempt !== status.attempt ||
            differs(saved.bootId, status.bootId) ||
            differs(saved.startedAt, status.startedAt))
    );
}

/**
 * Publishes `partial` as a run's folder, moving the file `last` at the end. Results from other attempts are moved out
 * of the way, even if another process saves them at the same time.
 */
export async function publishAttempt(
    partial: string,
    folder: string,
    last: string,
    status: RunStatus,
    print: Print,
): Promise<void> {
    const holdsOther = () => holdsEarlierAttempt(folder, status);
    do {
        if (await holdsOther()) {
            await moveEarlierAttempt(folder, print);
        }
    } while (!(await publishFolder(partial, folder, last, holdsOther)));
}

/**
 * Moves a run's folder as a whole to `<runId>.<end time>` next to it, so that the results from another attempt can
 * take its place. If that name is taken, a number is appended. Does nothing if another process got there first.
 */
async function moveEarlierAttempt(folder: string, print: Print): Promise<void> {
    const { lstat, rename } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { basename } = require("node:path") as typeof import("node:path");
    const saved = await readSavedAttempt(folder);
    const info = await lstat(folder).catch(() => undefined);
    if (info === undefined) {
        return;
    }
    // Without colons, because Windows does not allow them in names.
    const time = new Date(Date.parse(saved?.endedAt ?? "") || info.mtimeMs).toISOString().replace(/[-:]|\.\d+/g, "");
    for (let number = 1; ; number += 1) {
        const target = `${folder}.${time}${number === 1 ? "" : `-${number}`}`;
        if ((await lstat(target).catch(() => undefined)) !== undefined) {
            continue;
        }
        const problem = await rename(folder, target).then(
            () => undefined,
            (error: NodeJS.ErrnoException) => error,
        );
        if (problem === undefined) {
            print(`run ${basename(folder)}: the results from an earlier attempt are in the folder ${basename(target)}`);
            return;
        }
        if (problem.code === "ENOENT") {
            return;
        }
        if (!["ENOTEMPTY", "EEXIST"].includes(problem.code ?? "")) {
            throw problem;
        }
    }
}

/** Splits the name of a folder that `moveEarlierAttempt` created; undefined for any other name. */
export function parseEarlierName(name: string): { runId: string } | undefined {
    const match = /^([a-z0-9][a-z0-9-]{0,62})\.\d{8}T\d{6}Z(-\d+)?$/.exec(name);
    return match ? { runId: match[1] as string } : undefined;
}

/** Determines which attempt a folder holds, from its status or else its manifest; undefined if it has neither. */
async function readSavedAttempt(folder: string): Promise<SavedAttempt | undefined> {
    const { join } = require("node:path") as typeof import("node:path");
    const read = async (name: string, maxBytes: number) =>
        (await readRegularFile(join(folder, name), maxBytes))?.toString("utf8") ?? "";
    try {
        const status = parseStatus(await read(ownFiles.status, 64 * 1024), folder);
        return { ...status, endedAt: status.finishedAt ?? status.updatedAt };
    } catch {
        // The user may have deleted or changed the file.
    }
    const manifest = parseObject(await read(ownFiles.manifest, 256 * 1024 * 1024));
    const timings = (manifest?.timings ?? {}) as { startedAt?: unknown; finishedAt?: unknown };
    const text = (value: unknown) => (typeof value === "string" ? value : null);
    return typeof manifest?.attempts === "number"
        ? {
              attempt: manifest.attempts,
              bootId: null,
              startedAt: text(timings.startedAt),
              endedAt: text(timings.finishedAt),
          }
        : undefined;
}
