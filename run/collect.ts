import { findMismatch, hashFile } from "./checksums";
import type { BucketClient, Clock, Print } from "./clients";
import { inParallel, publishFolder, syncFile, withPartialFolder, writeSynced } from "./files";
import { ownFiles, runLayout } from "./layout";
import { type Provenance, renderManifest, type SavedObject } from "./manifest";
import { readModelObjects, toLocalPath } from "./model-objects";
import { parseObject, type RunStatus, renderStatus } from "./status";
import { assembleLog, uploadLog } from "./whole-log";

export interface CollectContext {
    bucket: BucketClient;
    clock: Clock;
    print: Print;
}

export interface CollectOptions {
    /** Status of the run, which is `SUCCEEDED`. */
    status: RunStatus;
    /** Absolute path of the folder for the results: `<resultsDir>/<stack>/<runId>`. */
    folder: string;
    /** For the manifest, if known. */
    provenance?: Provenance | undefined;
}

export interface Collected {
    /** The run's `metrics.json` if that is a JSON object, else empty. */
    metrics: Record<string, unknown>;
    /** Model files that had to be downloaded. */
    downloadedCount: number;
    /** Files of the model. */
    objectCount: number;
    /** True if `report.html` is among them. */
    hasReport: boolean;
}

/**
 * Downloads the results of a successful run: model, log, status, and last the manifest, which also goes into the bucket.
 * Every object is downloaded by generation and verified; files that already verify are not downloaded again. The folder
 * appears as a whole, or not at all.
 * @throws when the model in the bucket is not what the run wrote, when a download does not verify, or when an object name
 * is not a valid file name.
 */
export async function collectRun(context: CollectContext, options: CollectOptions): Promise<Collected> {
    const { bucket, print } = context;
    const { status, folder } = options;
    const at = runLayout(status.runId);
    const recorded = (await readModelObjects(bucket, status.runId)).filter(
        // The Cloud console represents a folder by an empty object whose name ends in a slash.
        (object) => !(object.name.endsWith("/") && object.sizeBytes === 0),
    );
    const objects: SavedObject[] = recorded.map((object) => ({ ...object, path: toLocalPath(object.name, at.model) }));
    const toDownload = await findStale(objects, folder);
    const manifest = await readText(bucket, at.manifest);
    const counts = { objectCount: objects.length, hasReport: objects.some(({ path }) => path === "report.html") };
    const metrics = async (root: string) => (await readMetrics(root)) ?? (await readMetrics(folder)) ?? {};
    if (toDownload.length === 0 && manifest !== undefined && (await hasOwnFiles(bucket, folder, status, manifest))) {
        return { metrics: await metrics(folder), downloadedCount: 0, ...counts };
    }

    return withPartialFolder(folder, async (partial) => {
        const { existsSync } = require("node:fs") as typeof import("node:fs");
        const { join } = require("node:path") as typeof import("node:path");
        if (toDownload.length > 0 && existsSync(folder)) {
            const names = toDownload.map((object) => object.path).join(", ");
            print(`run ${status.runId}: saving the missing or changed files in ${folder} again: ${names}`);
        }
        await inParallel(toDownload, 4, (object) => downloadVerified(bucket, object, partial));
        const logPath = join(partial, ownFiles.trainerLog);
        const attempts = await assembleLog(bucket, status.runId, logPath);
        await uploadLog(bucket, status.runId, logPath);
        await writeSynced(join(partial, ownFiles.status), renderStatus(status));
        const text = manifest ?? (await writeManifest(context, options, await metrics(partial), objects, attempts));
        await writeSynced(join(partial, ownFiles.manifest), text);
        const result = await metrics(partial);
        await publishFolder(partial, folder, ownFiles.manifest);
        if (objects.length === 0) {
            print(`run ${status.runId} wrote no model: found nothing under gs://${bucket.bucket}/${at.model}`);
        }
        return { metrics: result, downloadedCount: toDownload.length, ...counts };
    });
}

async function findStale(objects: SavedObject[], folder: string): Promise<SavedObject[]> {
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
    const { readFile } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { join } = require("node:path") as typeof import("node:path");
    const log = await bucket.stat(runLayout(status.runId).trainerLog);
    if (log === undefined || findMismatch(await hashFile(join(folder, ownFiles.trainerLog)), log)) {
        return false;
    }
    const textOf = (name: string) => readFile(join(folder, name), "utf8").catch(() => undefined);
    return (await textOf(ownFiles.status)) === renderStatus(status) && (await textOf(ownFiles.manifest)) === manifest;
}

async function downloadVerified(bucket: BucketClient, object: SavedObject, partial: string): Promise<void> {
    const { mkdir } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { dirname, join } = require("node:path") as typeof import("node:path");
    const path = join(partial, object.path);
    await mkdir(dirname(path), { recursive: true });
    await bucket.download(object.name, object.generation, path);
    const mismatch = findMismatch(await hashFile(path), object);
    if (mismatch) {
        throw new Error(`The download of gs://${bucket.bucket}/${object.name} does not verify: ${mismatch}`);
    }
    await syncFile(path);
}

async function writeManifest(
    { bucket, clock }: CollectContext,
    { status, provenance }: CollectOptions,
    metrics: Record<string, unknown>,
    objects: SavedObject[],
    attempts: Awaited<ReturnType<typeof assembleLog>>,
): Promise<string> {
    const verifiedAt = new Date(clock.now()).toISOString();
    const text = renderManifest(status, provenance, metrics, objects, attempts, verifiedAt);
    const name = runLayout(status.runId).manifest;
    if ((await bucket.write(name, text, "0")) !== undefined) {
        return text;
    }
    // Another machine collected the same run at the same time; its manifest serves as well.
    return (await readText(bucket, name)) ?? text;
}

async function readText(bucket: BucketClient, name: string): Promise<string | undefined> {
    const object = await bucket.stat(name);
    const content = object && (await bucket.read(name, object.generation));
    return content?.toString("utf8");
}

async function readMetrics(folder: string): Promise<Record<string, unknown> | undefined> {
    const { readFile } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { join } = require("node:path") as typeof import("node:path");
    try {
        return parseObject(await readFile(join(folder, "metrics.json"), "utf8"));
    } catch {
        return undefined;
    }
}
