import { readdir } from "node:fs/promises";
import path from "node:path";
import { readRegularFile } from "../../run/files";
import { ownFiles } from "../../run/layout";
import { readMetrics } from "../../run/metrics";
import { readSavedRuns } from "../../run/saved-runs";
import { parseStatus, type RunState } from "../../run/status";
import type { StoredRun } from "./runs-table";

/** A status is smaller than 2 KB; anything larger is some other file. */
const MAX_STATUS_BYTES = 64 * 1024;

/**
 * Reads the runs and earlier attempts in a stack's results folder.
 *
 * @param folder `<resultsDir>/<stack>`
 */
export async function readLocalRuns(folder: string): Promise<StoredRun[]> {
    return Promise.all(
        (await readSavedRuns(folder)).map(async (facts) => {
            const own = path.join(folder, facts.id);
            const text = (await readRegularFile(path.join(own, ownFiles.status), MAX_STATUS_BYTES))?.toString("utf8");
            const run = { runId: facts.id, isLocal: true, facts };
            try {
                const status = parseStatus(text ?? "", path.join(facts.id, ownFiles.status));
                const { state, reason } = facts;
                return {
                    ...run,
                    status: { ...status, state: state as RunState, reason },
                    metrics: await readMetrics(own),
                };
            } catch {
                return { ...run, problem: `it has no valid ${ownFiles.status}` };
            }
        }),
    );
}

/** True if a stack's results folder contains anything. */
export async function hasResults(folder: string): Promise<boolean> {
    return (await readdir(folder).catch(() => [])).length > 0;
}
