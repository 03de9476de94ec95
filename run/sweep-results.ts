import type { BucketClient, StoredObject } from "./clients";
import { costOf, costText, earlierMs, type RunCost, type RunPrice, type VmTime } from "./cost/run-cost";
import { inParallel, readRegularFile, writeSynced } from "./files";
import { pointRun, runLayout } from "./layout";
import { toLogChunks } from "./log-chunks";
import type { ModelObject } from "./model-objects";
import { parseObject } from "./status";
import { renderSweepPage } from "./sweep-page";
import { isDecided, isReused, readRows, type SweepRow } from "./sweep-rows";
import { assembleLog, attemptTimes } from "./whole-log";

/** Files of a sweep in the folder of its run, besides its points. */
export const sweepFiles = { table: "sweep.json", csv: "sweep.csv", page: "sweep.html" };

/** Maximum size of a table that is read; a point takes about 500 bytes. */
const maxTableBytes = 256 * 1024 * 1024;

/** One point in the table of a sweep. */
export interface TablePoint {
    point: string;
    arguments: Record<string, unknown>;
    state: string;
    exitCode: number | null;
    metric: number | null;
    attempts: number | null;
    minutes: number;
    reason: string | null;
}

/** The content of `sweep.json`. */
export interface SweepTable {
    runId: string;
    state: string;
    metric: string | null;
    goal: string;
    best: string | null;
    counts: { points: number; succeeded: number; failed: number };
    points: TablePoint[];
}

/** The part of a name after the folder of its point or task; undefined for any other object. */
function partOfPoint(runId: string, name: string): string | undefined {
    const { root } = runLayout(runId);
    const own = name.startsWith(root) ? name.slice(root.length) : "";
    return /^(?:points\/p-[0-9a-f]{10}|tasks\/\d+)\/(.+)$/s.exec(own)?.[1];
}

/** Lists what is saved for a sweep besides its model: its table, and the models, logs and states of its points. */
export async function listSweep(
    bucket: BucketClient,
    runId: string,
    saveCheckpoints: boolean,
): Promise<StoredObject[]> {
    const at = runLayout(runId);
    const ofSweep = await bucket.list(at.points);
    const objects = ofSweep.length > 0 ? ofSweep : await bucket.list(at.tasks);
    if (objects.length === 0) {
        return [];
    }
    const wanted = saveCheckpoints ? /^(status\.json$|(model|logs|checkpoints)\/)/ : /^(status\.json$|(model|logs)\/)/;
    const ofPoints = objects.filter(({ name }) => wanted.test(partOfPoint(runId, name) ?? ""));
    // The CSV file is not downloaded; it is created on this machine, with a column for the costs.
    const tables = (await bucket.list(`${at.root}sweep.`)).filter(({ name }) => name === at.table);
    return [...ofPoints, ...tables];
}

/**
 * Adds to a folder the logs of the points that have been downloaded and, if the table has been downloaded, the table as
 * CSV and the report page, both with the cost of each point.
 * @returns the times of the points that this run has trained; empty for a run that is not a sweep
 */
export async function saveSweepFiles(
    { bucket }: { bucket: BucketClient },
    runId: string,
    downloaded: readonly ModelObject[],
    folder: string,
    price?: RunPrice,
): Promise<VmTime[]> {
    const { mkdir } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { join } = require("node:path") as typeof import("node:path");
    const { root, points, tasks, tableCsv } = runLayout(runId);
    const pointOf = (name: string) => name.slice(root.length).split("/")[1] ?? "";
    const fresh = downloaded.filter(({ name }) => partOfPoint(runId, name) === "status.json");
    const table = await readTable(folder);
    if (fresh.length === 0 && table === undefined) {
        return [];
    }
    const isArray = fresh[0]?.name.startsWith(tasks) === true;
    const logs: Record<string, StoredObject[]> = {};
    for (const object of await bucket.list(isArray ? tasks : points)) {
        if (partOfPoint(runId, object.name)?.startsWith("log/")) {
            logs[pointOf(object.name)] = [...(logs[pointOf(object.name)] ?? []), object];
        }
    }
    await inParallel([...fresh], 8, async ({ name }) => {
        const point = pointOf(name);
        const chunks = logs[point];
        if (chunks !== undefined) {
            const own = join(folder, isArray ? "tasks" : "points", point);
            await mkdir(own, { recursive: true });
            const path = join(own, "trainer.log");
            await assembleLog(bucket, pointRun(runId, point), path, undefined, chunks);
        }
    });
    const trained = (await readRows(bucket, runId)).filter((row) => isDecided(row) && !isReused(row));
    const times = trained.map((row) => ({ ...timeOfPoint(runId, row, logs[row.point] ?? []), point: row.point }));
    if (table !== undefined) {
        const costs = price && Object.fromEntries(times.map((time) => [time.point, costOf(price, [time]).usd]));
        const csv = await bucket.stat(tableCsv);
        const content = csv && (await bucket.read(csv));
        if (content !== undefined) {
            const column = price?.isExample ? "exampleCostUsd" : "costUsd";
            await writeSynced(join(folder, sweepFiles.csv), withCosts(content.toString("utf8"), column, costs));
        }
        const ofSweep = price && costText(costOf(price, times));
        await writeSynced(join(folder, sweepFiles.page), renderSweepPage(table, costs, ofSweep));
    }
    return times;
}

/** The time that a point spent on its VMs. @param log the objects of its log */
export function timeOfPoint(runId: string, { point, attempts, seconds }: SweepRow, log: StoredObject[]): VmTime {
    const earlier = earlierMs(attemptTimes(toLogChunks(pointRun(runId, point), log)));
    return { earlierMs: earlier, lastMs: seconds * 1000, interruptions: attempts - 1 };
}

/** Adds a column to a table. A point that was reused costs nothing. @param costs undefined if the price is unknown */
function withCosts(csv: string, column: string, costs: Record<string, number> | undefined): string {
    const [head = "", ...lines] = csv.split("\r\n");
    const cellOf = (line: string) => (costs === undefined ? "" : (costs[line.slice(0, line.indexOf(","))] ?? 0));
    return [`${head},${column}`, ...lines.map((line) => (line === "" ? "" : `${line},${cellOf(line)}`))].join("\r\n");
}

/** Reads the table in a folder; undefined for a run that is not a sweep. */
export async function readTable(folder: string): Promise<SweepTable | undefined> {
    const { join } = require("node:path") as typeof import("node:path");
    const content = await readRegularFile(join(folder, sweepFiles.table), maxTableBytes);
    const table = content && parseObject(content.toString("utf8"));
    return table?.schema === 1 && Array.isArray(table.points) ? (table as unknown as SweepTable) : undefined;
}

/**
 * The stack's output about a sweep; undefined for any other run.
 * @param folder where it has been saved: the path to show, and the path to use.
 * @param cost undefined if the price is unknown
 */
export async function sweepOutput(
    folder: { relative: string; absolute: string },
    cost: RunCost | undefined,
): Promise<Record<string, unknown> | undefined> {
    const table = await readTable(folder.absolute);
    if (table === undefined) {
        return undefined;
    }
    const best = table.points.find(({ point }) => point === table.best);
    const reused = table.points.filter(isReused);
    const minutes = table.points.filter((point) => !isReused(point)).reduce((sum, point) => sum + point.minutes, 0);
    return {
        ...(best ? { best: best.point, arguments: best.arguments } : {}),
        ...(best && table.metric ? { [table.metric]: best.metric } : {}),
        ...table.counts,
        ...(reused.length > 0 ? { reused: reused.length } : {}),
        minutes: cost?.minutes ?? Math.round(minutes * 10) / 10,
        ...(cost ? { costUsd: cost.usd } : {}),
        ...(cost?.isExample ? { isExample: true } : {}),
        table: `${folder.relative}/${sweepFiles.csv}`,
        report: `${folder.relative}/${sweepFiles.page}`,
    };
}
