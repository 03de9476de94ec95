import type { BucketClient } from "../../run/clients";
import { formatUsd } from "../../run/cost/estimate";
import { messageOf } from "../../run/errors";
import { inParallel } from "../../run/files";
import { runLayout } from "../../run/layout";
import { objectsIn, renamedLines } from "../../run/manifest";
import { metricsLimits, parseMetrics } from "../../run/metrics";
import { runIdsIn } from "../../run/run-ids";
import { describeRun, type SavedRun } from "../../run/saved-runs";
import { parseObject, type RunStatus } from "../../run/status";
import { terminalCell } from "../../run/terminal-text";
import { readStatus } from "../../run/transitions";
import { numbersOf } from "../shared/metrics";
import { alignColumns } from "../shared/text";

/** A run in a bucket, or an earlier attempt on this machine. */
export interface StoredRun {
    /** The run's id; for an earlier attempt, the name of its folder. */
    runId: string;
    /** Undefined until a VM claims the run, or if the status cannot be read. */
    status?: RunStatus | undefined;
    /** The run's `metrics.json`, once the run has succeeded. */
    metrics?: Record<string, unknown> | undefined;
    /** Lines from the run's manifest about objects that are saved under different names. */
    renamed?: string[] | undefined;
    /** The reason why the run cannot be read. */
    problem?: string;
    /** True for a run or an earlier attempt that is only on this machine. */
    isLocal?: boolean;
    /** Everything that distinguishes it from other runs. */
    facts: SavedRun;
}

/** A status older than this is stale, because a VM updates it every 30 s; the waiter uses the same limit. */
const SILENT_MS = 3 * 60_000;
/** A manifest has about 300 bytes per object. */
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
/** Maximum number of metrics in a run's row. */
const MAX_METRICS = 3;

/** Reads all runs in a bucket, eight at a time. A run that cannot be read has a `problem`. */
export async function readRuns(bucket: BucketClient): Promise<StoredRun[]> {
    const runs: StoredRun[] = [];
    await inParallel(await runIdsIn(bucket), 8, async (runId) => {
        try {
            const status = (await readStatus(bucket, runId))?.status;
            const metrics = await readMetrics(bucket, status);
            const manifest = await readManifest(bucket, status);
            const files = {
                status: status && { ...status },
                manifest: parseObject(manifest),
                metrics,
                hasReport: false,
            };
            const renamed = renamedLines(runId, objectsIn(manifest, runId));
            runs.push({ runId, status, metrics, renamed, facts: describeRun(runId, files) });
        } catch (error) {
            runs.push({ runId, problem: messageOf(error), facts: describeRun(runId, { hasReport: false }) });
        }
    });
    return runs;
}

/** Sorts runs, newest first. */
export function newestFirst(runs: readonly StoredRun[]): StoredRun[] {
    return [...runs].sort((a, b) => startOf(b) - startOf(a) || (a.runId < b.runId ? -1 : 1));
}

/**
 * Formats runs as a table: run id, state, attempt, age, cost if one is known, and metrics or a remark.
 *
 * @param nowMs milliseconds since 1970
 * @param sortedBy the metric that is shown first
 * @param columns the width above which metrics and remarks are on lines of their own
 */
export function runsTable(runs: StoredRun[], nowMs: number, sortedBy?: string, columns = Infinity): string[] {
    const hasCosts = runs.some(({ facts }) => costOf(facts) !== "-");
    const rows = runs.map((run) => {
        const since = startOf(run);
        return [
            run.facts.name === null ? run.runId : `${run.runId} ${run.facts.name}`,
            run.status?.state ?? "-",
            run.status ? String(run.status.attempt) : "-",
            since > 0 ? ageOf(nowMs - since) : "-",
            ...(hasCosts ? [costOf(run.facts)] : []),
            remarkOf(run, nowMs, sortedBy),
        ];
    });
    const cells = [["run", "state", "attempt", "age", ...(hasCosts ? ["cost"] : []), "metrics"], ...rows];
    const lines = alignColumns(cells);
    if (lines.every((line) => line.length <= columns)) {
        return lines;
    }
    const remarks = cells.map((row) => terminalCell(row.at(-1) ?? ""));
    return alignColumns(cells.map((row) => row.slice(0, -1))).flatMap((line, row) => [
        line,
        ...(remarks[row] === "" ? [] : [`  ${remarks[row]}`]),
    ]);
}

/** The cost of a run with all its attempts; `-` if it is unknown. The prices of an emulator are examples. */
export function costOf({ costUsd, exampleCostUsd }: SavedRun): string {
    const usd = costUsd ?? exampleCostUsd;
    return usd === null ? "-" : `${formatUsd(usd)}${costUsd === null ? " (example)" : ""}`;
}

/** A duration in the largest unit that fits. */
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

/** Start of the attempt, or else the last update of the status; 0 if neither is known. */
function startOf({ status }: StoredRun): number {
    return Date.parse(status?.startedAt ?? status?.updatedAt ?? "") || 0;
}

function remarkOf(run: StoredRun, nowMs: number, sortedBy: string | undefined): string {
    const remark = run.isLocal ? localRemark(run, sortedBy) : bucketRemark(run, nowMs, sortedBy);
    return run.isLocal ? [remark, "only on this machine"].filter(Boolean).join("; ") : remark;
}

/** Describes the outcome of an attempt that can no longer change. */
function localRemark({ status, metrics, problem }: StoredRun, sortedBy?: string): string {
    return problem ?? (status?.state === "SUCCEEDED" ? metricsText(metrics, sortedBy) : (status?.reason ?? ""));
}

function metricsText(metrics: Record<string, unknown> | undefined, first: string | undefined): string {
    const numbers = numbersOf(metrics ?? {});
    const isFirst = ([name]: [string, string]) => name === first;
    const shown = [...numbers.filter(isFirst), ...numbers.filter((each) => !isFirst(each))].slice(0, MAX_METRICS);
    return shown.map(([name, value]) => `${name} ${value}`).join(", ");
}

function bucketRemark({ status, metrics, problem }: StoredRun, nowMs: number, sortedBy?: string): string {
    if (problem !== undefined) {
        return `cannot be read: ${problem}`;
    }
    if (status === undefined) {
        return "no VM has claimed it yet";
    }
    if (status.state === "SUCCEEDED") {
        return metricsText(metrics, sortedBy);
    }
    const silentMs = nowMs - Date.parse(status.updatedAt ?? "");
    if ((status.state === "PULLING" || status.state === "RUNNING") && silentMs > SILENT_MS) {
        return `no update for ${ageOf(silentMs)}; the VM may be down (npx pulumi up resumes)`;
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
    const content = await readSmall(bucket, `${runLayout(status.runId).model}metrics.json`, metricsLimits.bytes);
    return content && parseMetrics(content);
}

/** The text of a run's manifest; empty if there is none. */
async function readManifest(bucket: BucketClient, status: RunStatus | undefined): Promise<string> {
    const isSuccess = status?.state === "SUCCEEDED";
    const content = isSuccess && (await readSmall(bucket, runLayout(status.runId).manifest, MAX_MANIFEST_BYTES));
    return content ? content.toString("utf8") : "";
}

/** Reads an object unless it is missing or too large. */
async function readSmall(bucket: BucketClient, name: string, maxBytes: number): Promise<Buffer | undefined> {
    const object = await bucket.stat(name);
    return object === undefined || object.sizeBytes > maxBytes ? undefined : bucket.read(object);
}
