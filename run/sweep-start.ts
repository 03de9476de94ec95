import type { BucketClient, Clock, Print } from "./clients";
import { inParallel } from "./files";
import { pointRun, runLayout } from "./layout";
import { parseMetrics } from "./metrics";
import { runIdsIn } from "./run-ids";
import { isTerminal, type RunStatus, renderStatus } from "./status";
import { isDecided, readRows, rowObject, type SweepPoint, type SweepRun } from "./sweep-rows";
import { moveRun, nextAttempt, readStatus } from "./transitions";

/** Number of points that are prepared at the same time. */
const pointsAtOnce = 16;

/** Lets the next attempt of a sweep retry its failed points. */
export async function resetFailedPoints(bucket: BucketClient, clock: Clock, runId: string): Promise<void> {
    const failed = (await readRows(bucket, runId)).filter((row) => isDecided(row) && row.state !== "SUCCEEDED");
    await inParallel(failed, pointsAtOnce, async ({ object, ...row }) => {
        const seen = await readStatus(bucket, pointRun(runId, row.point));
        if (seen !== undefined && isTerminal(seen.status.state)) {
            await moveRun(bucket, clock, seen, nextAttempt(seen.status));
        }
        await bucket.write(object.name, ...rowObject({ ...row, state: "PENDING" }, object.generation));
    });
}

/**
 * Copies the points that other runs have finished with the same dataset, image, environment and arguments. Such points
 * have the same id.
 */
export async function reusePoints(
    bucket: BucketClient,
    runId: string,
    points: readonly SweepPoint[],
    { metric }: SweepRun,
    print: Print,
): Promise<void> {
    const sources: Record<string, string> = {};
    for (const other of (await runIdsIn(bucket)).filter((id) => id !== runId)) {
        const folders = await bucket.folders(runLayout(other).points);
        Object.assign(sources, Object.fromEntries(folders.map((id) => [id, pointRun(other, id)])));
        // A run that is not a sweep has the same hex digits in its id as the point with the same arguments.
        sources[other.replace(/^r-/, "p-")] ??= other;
    }
    const reused: string[] = [];
    const known = points.map((point, index) => ({ id: point.id, index, source: sources[point.id] ?? "" }));
    const candidates = known.filter(({ source }) => source !== "");
    await inParallel(candidates, pointsAtOnce, async ({ id, index, source }) => {
        const status = (await readStatus(bucket, source))?.status;
        if (status?.state === "SUCCEEDED") {
            await reusePoint(bucket, { ...status, runId: pointRun(runId, id) }, source, index, metric);
            reused.push(source.split("/")[0] ?? "");
        }
    });
    const runs = reused.filter((id, index) => reused.indexOf(id) === index).sort();
    if (runs.length > 0) {
        print(`run ${runId}: ${reused.length} of ${points.length} points are reused from ${runs.join(", ")}`);
    }
}

/** Copies one point, with its status and row last, because they mark it as finished. */
async function reusePoint(
    bucket: BucketClient,
    status: RunStatus,
    source: string,
    index: number,
    metric: string,
): Promise<void> {
    const [from, to] = [runLayout(source), runLayout(status.runId)];
    for (const [prefix, target] of [
        [from.model, to.model],
        [from.tensorboard, to.tensorboard],
        [from.log, to.log],
    ] as const) {
        for (const object of await bucket.list(prefix)) {
            await bucket.copy(object, `${target}${object.name.slice(prefix.length)}`);
        }
    }
    const found = metric === "" ? undefined : await bucket.stat(`${to.model}metrics.json`);
    const content = found && (await bucket.read(found));
    const value = content && parseMetrics(content)?.[metric];
    const reused = { ...status, reason: `Reused from run ${source.split("/")[0]}` };
    const seconds = (Date.parse(status.finishedAt ?? "") - Date.parse(status.startedAt ?? "")) / 1000;
    const row = {
        index,
        point: status.runId.split("/").at(-1) ?? "",
        state: status.state,
        exitCode: status.exitCode,
        metric: typeof value === "number" ? value : null,
        attempts: status.attempt,
        startedAt: status.startedAt,
        finishedAt: status.finishedAt,
        seconds: Number.isFinite(seconds) ? Math.round(seconds) : 0,
        reason: reused.reason,
    };
    await bucket.write(to.status, renderStatus(reused), "0");
    await bucket.write(runLayout(status.runId.split("/")[0] ?? "").row(index), ...rowObject(row, "0"));
}
