import { type CollectContext, collectRun, downloadAll, findExtras, findStale } from "./collect";
import { holdsEarlierAttempt, publishAttempt } from "./earlier-attempts";
import { httpStatusOf, messageOf } from "./errors";
import { rejectOutsideLinks, withPartialFolder, writeSynced } from "./files";
import { ownFiles } from "./layout";
import { runIdsIn } from "./run-ids";
import { writeRunsPage } from "./runs-page";
import { isTerminal, type RunStatus, renderStatus } from "./status";
import { saveSweepFiles } from "./sweep-results";
import { readStatus } from "./transitions";
import { assembleLog } from "./whole-log";

/** Folder for a run's results: the path to display, and the path to use. */
export type FolderOf = (runId: string) => { relative: string; absolute: string };

/**
 * Saves every run under `runs/` that is not on this machine yet, and prints what it saved. If the bucket does not
 * exist, there is nothing to save.
 * @throws one error that names every run that could not be saved; the others are still saved.
 */
export async function saveAllRuns(context: CollectContext, folderOf: FolderOf): Promise<void> {
    const { bucket, print } = context;
    const problems: string[] = [];
    const done = new Set<string>();
    // Repeat until another listing contains nothing new, because a run must not be lost if a listing was corrupted in
    // transit.
    for (let listings = 1; ; listings += 1) {
        let runIds: string[];
        try {
            runIds = (await runIdsIn(bucket)).filter((runId) => !done.has(runId));
        } catch (error) {
            if (httpStatusOf(error) === 404) {
                break;
            }
            throw error;
        }
        if (runIds.length === 0 && listings > 1) {
            break;
        }
        for (const runId of runIds) {
            done.add(runId);
            try {
                const seen = await readStatus(bucket, runId);
                if (seen) {
                    print(await saveRun(context, seen.status, folderOf(runId)));
                }
            } catch (error) {
                problems.push(`run ${runId}: ${messageOf(error)}`);
            }
        }
    }
    if (problems.length > 0) {
        throw new Error(problems.join("\n"));
    }
}

/**
 * Saves one run. A successful run is saved with its verified model, and any other with its status and log. Both are
 * saved with their TensorBoard logs and, if the context says so, their checkpoints.
 * @returns one line for the user.
 */
export async function saveRun(
    context: CollectContext,
    status: RunStatus,
    folder: ReturnType<FolderOf>,
): Promise<string> {
    const { runId, state } = status;
    if (state === "SUCCEEDED") {
        const { downloadedCount } = await collectRun(context, { status, folder: folder.absolute });
        return downloadedCount > 0
            ? `run ${runId}: saved to ${folder.relative}, ${downloadedCount} ${downloadedCount === 1 ? "file" : "files"} downloaded and verified`
            : `run ${runId}: already in ${folder.relative}, verified`;
    }
    const extras = await findExtras(context, runId);
    await rejectOutsideLinks(
        folder.absolute,
        extras.map(({ path }) => path),
    );
    const isEarlier = await holdsEarlierAttempt(folder.absolute, status);
    const toDownload = isEarlier ? extras : await findStale(extras, folder.absolute);
    await withPartialFolder(folder.absolute, async (partial) => {
        const { dirname, join } = require("node:path") as typeof import("node:path");
        await downloadAll(context, `run ${runId}: logs and checkpoints`, toDownload, partial);
        await assembleLog(context.bucket, runId, join(partial, ownFiles.trainerLog), context);
        await saveSweepFiles(context, runId, toDownload, partial);
        await writeSynced(join(partial, ownFiles.status), renderStatus(status));
        await publishAttempt(partial, folder.absolute, ownFiles.status, status, context.print);
        await writeRunsPage(dirname(folder.absolute), context.print);
    });
    const outcome = isTerminal(state) ? state : `not finished (${state})`;
    const isSweep = extras.some(({ path }) => path.startsWith("points/"));
    const what = extras.length > 0 ? `its log, status and ${extrasText(extras.length, isSweep)}` : "its log and status";
    return `run ${runId}: ${outcome}; ${what} are in ${folder.relative}`;
}

/** Counts TensorBoard logs and checkpoints, or the files of a sweep's points. */
export function extrasText(count: number, isSweep: boolean): string {
    return `${count} ${count === 1 ? "file" : "files"} of ${isSweep ? "points" : "TensorBoard logs and checkpoints"}`;
}
