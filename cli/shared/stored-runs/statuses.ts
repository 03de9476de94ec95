import type { BucketClient } from "../../../run/clients";
import { inParallel } from "../../../run/files";
import type { RunStatus } from "../../../run/status";
import { readStatus } from "../../../run/transitions";

/** Reads the statuses of runs, eight at a time, and skips runs that have not started or cannot be read. */
export async function readStatuses(bucket: BucketClient, runIds: readonly string[]): Promise<RunStatus[]> {
    const statuses: RunStatus[] = [];
    await inParallel([...runIds], 8, async (runId) => {
        const seen = await readStatus(bucket, runId).catch((error: Error) => {
            // Only an invalid status is a plain error; requests fail with the errors from Google's client.
            if (error.constructor === Error) {
                return undefined;
            }
            throw error;
        });
        if (seen) {
            statuses.push(seen.status);
        }
    });
    return statuses;
}

/** Sorts statuses by the start of their attempt, newest first. */
export function newestFirst(statuses: readonly RunStatus[]): RunStatus[] {
    const startOf = ({ startedAt, updatedAt }: RunStatus) => Date.parse(startedAt ?? updatedAt ?? "") || 0;
    return [...statuses].sort((a, b) => startOf(b) - startOf(a) || (a.runId < b.runId ? -1 : 1));
}
