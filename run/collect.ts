import { findMismatch, hashFile } from "./checksums";
import type { BucketClient, Clock, Print } from "./clients";
import { costIn, type RunCost, type VmTime } from "./cost/run-cost";
import { holdsEarlierAttempt, publishAttempt } from "./earlier-attempts";
import {
    inParallel,
    readRegularFile,
    rejectOutsideLinks,
    removeAbandoned,
    syncFile,
    withPartialFolder,
    writeSynced,
} from "./files";
import { ownFiles, runLayout } from "./layout";
import { assignPaths } from "./local-paths";
import { describesRun, type Provenance, renamedLines, renderManifest, type SavedObject } from "./manifest";
import { metricsLimits, readMetrics } from "./metrics";
import { type ModelObject, readModelObjects } from "./model-objects";
import { patientBucket } from "./patient-bucket";
import { createProgress, type OnBytes } from "./progress";
import { writeRunsPage } from "./runs-page";
import { type RunStatus, renderStatus } from "./status";
import { listSweep, saveSweepFiles } from "./sweep-results";
import { assembleLog, uploadLog } from "./whole-log";

export interface CollectContext {
    bucket: BucketClient;
    clock: Clock;
    print: Print;
    /** True to download the trainer's checkpoints as well. @default false */
    saveCheckpoints?: boolean | undefined;
}

export interface CollectOptions {
    /** The run's status, which is `SUCCEEDED`. */
    status: RunStatus;
    /** Absolute path of the results folder: `<resultsDir>/<stack>/<runId>`. */
    folder: string;
    /** Provenance for the manifest, if known. */
    provenance?: Provenance | undefined;
}

export interface Collected {
    /** The contents of the run's `metrics.json` if it is a JSON object, otherwise empty. */
    metrics: Record<string, unknown>;
    /** Files that had to be downloaded. */
    downloadedCount: number;
    /** The model's files. */
    objectCount: number;
    /** TensorBoard logs and checkpoints. */
    extraCount: number;
    /** True if `report.html` is among them. */
    hasReport: boolean;
    /** True if the run is a sweep. */
    isSweep: boolean;
    /** The run's cost, from its manifest; undefined if the price was unknown. */
    cost: RunCost | undefined;
}

/** A manifest repeats the metrics and contains about 300 bytes per object. */
const maxManifestBytes = 256 * 1024 * 1024;

/**
 * Downloads a successful run's results: the model, TensorBoard logs, log and status, and finally the manifest, which is
 * also uploaded to the bucket and lists the model. Every object is downloaded by generation, exactly as stored, and
 * verified. Existing files that pass verification are not downloaded again. The folder appears as a whole, or not at
 * all. If it holds the results from another attempt, those are moved, never overwritten.
 * @throws if the model in the bucket is not the one that the run wrote, if a download fails verification, or if a
 * symbolic link leads out of the results folder.
 */
export async function collectRun(given: CollectContext, options: CollectOptions): Promise<Collected> {
    const { clock, print } = given;
    const bucket = patientBucket(given.bucket, clock, print);
    const context = { ...given, bucket };
    const { status, folder } = options;
    await removeAbandoned(folder);
    const { objects, extras } = await findObjects(context, status.runId);
    const all = [...objects, ...extras];
    await rejectOutsideLinks(
        folder,
        all.map(({ path }) => path),
    );
    const isEarlier = await holdsEarlierAttempt(folder, status);
    const toDownload = isEarlier ? all : await findStale(all, folder);
    const manifest = await readManifest(bucket, status.runId, objects);
    const hasReport = objects.some(({ path }) => path === "report.html");
    const isSweep = extras.some(({ path }) => path.startsWith("points/"));
    const counts = { objectCount: objects.length, extraCount: extras.length, hasReport, isSweep };
    const metrics = async (root: string) =>
        (await readMetrics(root)) ?? (isEarlier ? undefined : await readMetrics(folder)) ?? {};
    const { text } = manifest;
    if (
        !isEarlier &&
        toDownload.length === 0 &&
        text !== undefined &&
        (await hasOwnFiles(bucket, folder, status, text))
    ) {
        return { metrics: await metrics(folder), downloadedCount: 0, ...counts, cost: costIn(text) };
    }

    return withPartialFolder(folder, async (partial) => {
        const { existsSync } = require("node:fs") as typeof import("node:fs");
        const { dirname, join } = require("node:path") as typeof import("node:path");
        if (toDownload.length > 0 && existsSync(folder) && !isEarlier) {
            const names = toDownload.map((object) => object.path).join(", ");
            print(`run ${status.runId}: saving the missing or changed files in ${folder} again: ${names}`);
        }
        for (const line of renamedLines(status.runId, toDownload)) {
            print(line);
        }
        await downloadAll(context, `run ${status.runId}: model`, toDownload, partial);
        const logPath = join(partial, ownFiles.trainerLog);
        const attempts = await assembleLog(bucket, status.runId, logPath, { clock, print });
        await uploadLog(bucket, status.runId, logPath);
        const price = options.provenance?.price;
        const points = await saveSweepFiles(context, status.runId, toDownload, partial, price);
        await writeSynced(join(partial, ownFiles.status), renderStatus(status));
        const result = await metrics(partial);
        if (Object.keys(result).length === 0) {
            reportMetrics(print, status.runId, objects);
        }
        const written =
            text ?? (await writeManifest(context, options, result, objects, { attempts, points }, manifest.generation));
        await writeSynced(join(partial, ownFiles.manifest), written);
        await publishAttempt(partial, folder, ownFiles.manifest, status, print);
        await writeRunsPage(dirname(folder), print);
        if (objects.length === 0) {
            const { model } = runLayout(status.runId);
            print(`run ${status.runId} wrote no model: found nothing under gs://${bucket.bucket}/${model}`);
        }
        return { metrics: result, downloadedCount: toDownload.length, ...counts, cost: costIn(written) };
    });
}

/** Finds the objects of a run's model and its extras, and their paths on this machine. */
async function findObjects(
    context: CollectContext,
    runId: string,
): Promise<{ objects: SavedObject[]; extras: SavedObject[] }> {
    const recorded = (await readModelObjects(context.bucket, runId, context.print)).filter(isFile);
    const listed = await listExtras(context, runId);
    const { model, root } = runLayout(runId);
    const namesOf = (objects: ModelObject[]) => objects.map(({ name }) => name);
    const paths = assignPaths(namesOf(recorded), model, { names: namesOf(listed), prefix: root });
    const withPath = (object: ModelObject) => ({ ...object, path: paths.get(object.name) ?? "" });
    return { objects: recorded.map(withPath), extras: listed.map(withPath) };
}

/** The extras of a run that has no model, and their paths on this machine. */
export async function findExtras(context: CollectContext, runId: string): Promise<SavedObject[]> {
    const listed = await listExtras(context, runId);
    const paths = assignPaths(
        listed.map(({ name }) => name),
        runLayout(runId).root,
    );
    return listed.map((object) => ({ ...object, path: paths.get(object.name) ?? "" }));
}

/**
 * Lists what is saved in addition to a run's model: its TensorBoard logs, its checkpoints if requested, and the points
 * and the table of a sweep.
 */
async function listExtras({ bucket, saveCheckpoints }: CollectContext, runId: string): Promise<ModelObject[]> {
    const { checkpoints, tensorboard } = runLayout(runId);
    const logs = await bucket.list(tensorboard);
    const own = saveCheckpoints === true ? [...logs, ...(await bucket.list(checkpoints))] : logs;
    const extras = [...own, ...(await listSweep(bucket, runId, saveCheckpoints === true))];
    return extras.filter(isFile).map(({ createdAt: _created, row: _row, ...listed }) => listed);
}

/** The Cloud console represents a folder as an empty object whose name ends in a slash. */
function isFile({ name, sizeBytes }: ModelObject): boolean {
    return !(name.endsWith("/") && sizeBytes === 0);
}

/** Downloads and verifies objects to their paths in a folder. */
export async function downloadAll(
    { bucket, clock, print }: CollectContext,
    what: string,
    objects: SavedObject[],
    folder: string,
): Promise<void> {
    const totalBytes = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const onBytes = createProgress(clock, print, what, totalBytes);
    await inParallel(objects, 4, (object) => downloadVerified(bucket, object, folder, onBytes));
}

/** Reports why the metrics in a model's `metrics.json` are not shown. */
function reportMetrics(print: Print, runId: string, objects: SavedObject[]): void {
    const object = objects.find(({ path }) => path === "metrics.json");
    if (object !== undefined) {
        const megabytes = metricsLimits.bytes / 1024 / 1024;
        print(
            `run ${runId}: metrics.json must be a JSON object of at most ${megabytes} MiB and ${metricsLimits.depth} levels; ` +
                "it is saved, but its metrics are not shown",
        );
    }
}

/** The objects whose files in a folder are missing or fail verification. */
export async function findStale(objects: SavedObject[], folder: string): Promise<SavedObject[]> {
    const { join } = require("node:path") as typeof import("node:path");
    const stale: SavedObject[] = [];
    for (const object of objects) {
        if (findMismatch(await hashFile(join(folder, object.path)), object)) {
            stale.push(object);
        }
    }
    return stale;
}

async function hasOwnFiles(
    bucket: BucketClient,
    folder: string,
    status: RunStatus,
    manifest: string,
): Promise<boolean> {
    const { join } = require("node:path") as typeof import("node:path");
    const log = await bucket.stat(runLayout(status.runId).trainerLog);
    if (log === undefined || findMismatch(await hashFile(join(folder, ownFiles.trainerLog)), log)) {
        return false;
    }
    const textOf = async (name: string) =>
        (await readRegularFile(join(folder, name), maxManifestBytes))?.toString("utf8");
    return (await textOf(ownFiles.status)) === renderStatus(status) && (await textOf(ownFiles.manifest)) === manifest;
}

async function downloadVerified(
    bucket: BucketClient,
    object: SavedObject,
    partial: string,
    onBytes: OnBytes,
): Promise<void> {
    const { mkdir } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { dirname, join } = require("node:path") as typeof import("node:path");
    const path = join(partial, object.path);
    await mkdir(dirname(path), { recursive: true });
    await bucket.download(object, path, { onBytes });
    const mismatch = findMismatch(await hashFile(path), object);
    if (mismatch) {
        throw new Error(`The download of gs://${bucket.bucket}/${object.name} failed verification: ${mismatch}`);
    }
    await syncFile(path);
}

/** Writes the manifest to the bucket, replacing the generation `ifGeneration`. */
async function writeManifest(
    { bucket, clock }: CollectContext,
    { status, provenance }: CollectOptions,
    metrics: Record<string, unknown>,
    objects: SavedObject[],
    { attempts, points }: { attempts: Awaited<ReturnType<typeof assembleLog>>; points: readonly VmTime[] },
    ifGeneration: string,
): Promise<string> {
    const verifiedAt = new Date(clock.now()).toISOString();
    const text = renderManifest(status, provenance, metrics, objects, attempts, points, verifiedAt);
    if ((await bucket.write(runLayout(status.runId).manifest, text, ifGeneration)) !== undefined) {
        return text;
    }
    // Another machine collected the same run at the same time; its manifest serves just as well.
    return (await readManifest(bucket, status.runId, objects)).text ?? text;
}

/**
 * Reads the manifest in the bucket. Its text is undefined if it is not a manifest for this run and these objects; this
 * is possible because the trainer can write there too.
 */
async function readManifest(
    bucket: BucketClient,
    runId: string,
    objects: SavedObject[],
): Promise<{ text: string | undefined; generation: string }> {
    const object = await bucket.stat(runLayout(runId).manifest);
    if (object === undefined) {
        return { text: undefined, generation: "0" };
    }
    const content = object.sizeBytes <= maxManifestBytes ? await bucket.read(object) : undefined;
    const text = content?.toString("utf8");
    const isRight = text !== undefined && describesRun(text, runId, objects);
    return { text: isRight ? text : undefined, generation: object.generation };
}
