import type { BucketClient } from "../../../run/clients";
import { messageOf } from "../../../run/errors";
import { inParallel } from "../../../run/files";
import { runLayout } from "../../../run/layout";
import { runIdsIn } from "../../../run/save-all";
import { parseObject, type RunStatus } from "../../../run/status";
import { readStatus } from "../../../run/transitions";
import { numbersOf } from "../../start/results";

/** A run as the bucket shows it. */
export interface StoredRun {
    runId: string;
    /** Undefined while no VM has claimed it, or when it cannot be read. */
    status?: RunStatus | undefined;
    /** Its `metrics.json`, once it has succeeded. */
    metrics?: Record<string, unknown> | undefined;
    /** Why it cannot be read. */
    problem?: string;
}

/** The status is rewritten every 30 s while a VM holds the run; the waiter takes it for silent after as long. */
const SILENT_MS = 3 * 60_000;
/** So many of a run's metrics stand in its row. */
const SHOWN_METRICS = 3;

/** Reads all runs of a bucket, eight at a time, the newest first. One that cannot be read has its `problem`. */
export async function readRuns(bucket: BucketClient): Promise<StoredRun[]> {
    const runs: StoredRun[] = [];
    await inParallel(await runIdsIn(bucket), 8, async (runId) => {
        try {
            const status = (await readStatus(bucket, runId))?.status;
            runs.push({ runId, status, metrics: await readMetrics(bucket, status) });
        } catch (error) {
            runs.push({ runId, problem: messageOf(error) });
        }
    });
    return runs.sort((a, b) => begin(b) - begin(a) || (a.runId < b.runId ? -1 : 1));
}

/**
 * The runs as a table: run id, state, attempt, age, and metrics or what there is to say instead.
 *
 * @param nowMs milliseconds since 1970
 */
export function runsTable(runs: StoredRun[], nowMs: number): string[] {
    const rows = runs.map((run) => {
        const since = begin(run);
        return [
            run.runId,
            run.status?.state ?? "-",
            run.status ? String(run.status.attempt) : "-",
            since > 0 ? ageOf(nowMs - since) : "-",
            remarkOf(run, nowMs),
        ];
    });
    const cells = [["run", "state", "attempt", "age", "metrics"], ...rows];
    const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
    return cells.map((row) =>
        row
            .map((cell, column) => cell.padEnd(widths[column] ?? 0))
            .join("  ")
            .trimEnd(),
    );
}

/** How long ago, in the largest unit that fits. */
export function ageOf(milliseconds: number): string {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000));
    if (seconds < 120) {
        return `${seconds} s`;
    }
    const minutes = Math.floor(seconds / 60);
    if (minutes < 120) {
        return `${minutes} min`;
    }
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

/** When the attempt began, or else when the run was last heard of; 0 if neither is known. */
function begin({ status }: StoredRun): number {
    return Date.parse(status?.startedAt ?? status?.updatedAt ?? "") || 0;
}

function remarkOf({ status, metrics, problem }: StoredRun, nowMs: number): string {
    if (problem !== undefined) {
        return `cannot be read: ${problem}`;
    }
    if (status === undefined) {
        return "no VM has claimed it yet";
    }
    if (status.state === "SUCCEEDED") {
        const shown = numbersOf(metrics ?? {}).slice(0, SHOWN_METRICS);
        return shown.map(([name, value]) => `${name} ${value}`).join(", ");
    }
    const silentMs = nowMs - Date.parse(status.updatedAt ?? "");
    if ((status.state === "PULLING" || status.state === "RUNNING") && silentMs > SILENT_MS) {
        return `not heard of for ${ageOf(silentMs)}: its VM may be down (npx pulumi up goes on)`;
    }
    return status.reason ?? "";
}

async function readMetrics(
    bucket: BucketClient,
    status: RunStatus | undefined,
): Promise<Record<string, unknown> | undefined> {
    if (status?.state !== "SUCCEEDED") {
        return undefined;
    }
    const name = `${runLayout(status.runId).model}metrics.json`;
    const object = await bucket.stat(name);
    const content = object && (await bucket.read(name, object.generation));
    return content && parseObject(content.toString("utf8"));
}
