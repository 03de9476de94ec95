import type { BucketClient, StoredObject } from "./clients";
import { inParallel, readRegularFile, writeSynced } from "./files";
import { pointRun, runLayout } from "./layout";
import type { RunPrice } from "./manifest";
import type { ModelObject } from "./model-objects";
import { parseObject } from "./status";
import { renderSweepPage } from "./sweep-page";
import { assembleLog } from "./whole-log";

/** Files of a sweep in the folder of its run, besides its points. */
export const sweepFiles = { table: "sweep.json", csv: "sweep.csv", page: "sweep.html" };

/** Largest table that is read; a point takes about 500 bytes. */
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
    const tables = (await bucket.list(`${at.root}sweep.`)).filter(({ name }) => [at.table, at.tableCsv].includes(name));
    return [...ofPoints, ...tables];
}

/** Adds the logs of the points that have been downloaded, and the report page, to a folder. */
export async function saveSweepFiles(
    { bucket }: { bucket: BucketClient },
    runId: string,
    downloaded: readonly ModelObject[],
    folder: string,
): Promise<void> {
    const { mkdir } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { join } = require("node:path") as typeof import("node:path");
    const { root, points, tasks } = runLayout(runId);
    const pointOf = (name: string) => name.slice(root.length).split("/")[1] ?? "";
    const fresh = downloaded.filter(({ name }) => partOfPoint(runId, name) === "status.json");
    const isArray = fresh[0]?.name.startsWith(tasks) === true;
    const logs: Record<string, StoredObject[]> = {};
    if (fresh.length > 0) {
        for (const object of await bucket.list(isArray ? tasks : points)) {
            if (partOfPoint(runId, object.name)?.startsWith("log/")) {
                logs[pointOf(object.name)] = [...(logs[pointOf(object.name)] ?? []), object];
            }
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
    const table = await readTable(folder);
    if (table !== undefined) {
        await writeSynced(join(folder, sweepFiles.page), renderSweepPage(table));
    }
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
 */
export async function sweepOutput(
    folder: { relative: string; absolute: string },
    price: RunPrice | undefined,
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
        minutes: Math.round(minutes * 10) / 10,
        ...(price ? { costUsd: Math.round((minutes / 60) * price.hourlyUsd * 10_000) / 10_000 } : {}),
        table: `${folder.relative}/${sweepFiles.csv}`,
        report: `${folder.relative}/${sweepFiles.page}`,
    };
}

/** True for a point that an earlier run trained. */
export function isReused({ reason }: { reason: string | null }): boolean {
    return reason?.startsWith("Reused from run ") === true;
}
