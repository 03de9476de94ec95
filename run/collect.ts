import { findMismatch, hashFile } from "./checksums";
import type { BucketClient, Clock, Print } from "./clients";
import { inParallel, publishFolder, syncFile, withPartialFolder, writeSynced } from "./files";
import { toLocalPath } from "./local-paths";
import { manifestName, type RunFacts, renderManifest, type SavedObject } from "./manifest";
import { modelPrefix, readModelObjects } from "./model-objects";
import { parseObject, type RunStatus, renderStatus } from "./status";
import { assembleLog, uploadLog, wholeLogName } from "./whole-log";

export interface CollectContext {
    bucket: BucketClient;
    clock: Clock;
    print: Print;
}

export interface CollectOptions {
    /** Status of the run, which is `SUCCEEDED`. */
    status: RunStatus;
    /** Absolute path of the folder that gets the results: `<resultsDir>/<stack>/<runId>`. */
    folder: string;
    /** What goes into the manifest, if it is known. */
    facts?: RunFacts | undefined;
}

export interface Collected {
    /** The run's `metrics.json` if that is a JSON object, else empty. */
    metrics: Record<string, unknown>;
    /** Objects of the model that had to be downloaded. */
    downloadedCount: number;
    /** Objects that the model consists of. */
    objectCount: number;
    /** Whether a person can open `report.html` among them. */
    hasReport: boolean;
}

/**
 * Brings the results of a successful run to this machine: model, log, status, and last the manifest, which also goes
 * into the bucket. Every object is downloaded by generation and verified; what is there and verifies is not downloaded
 * again. The folder appears as a whole, or not at all.
 * @throws when the model in the bucket is not what the run wrote, when a download does not verify, or when an object's
 * name cannot be a file's.
 */
export async function collectRun(context: CollectContext, options: CollectOptions): Promise<Collected> {
    const { bucket, print } = context;
    const { status, folder } = options;
    const prefix = modelPrefix(status.runId);
    const recorded = (await readModelObjects(bucket, status.runId)).filter(
        // The Cloud console makes a "folder" by an empty object whose name ends in a slash.
        (object) => !(object.name.endsWith("/") && object.sizeBytes === 0),
    );
    const objects: SavedObject[] = recorded.map((object) => ({ ...object, path: toLocalPath(object.name, prefix) }));
    const toDownload = await findStale(objects, folder);
    const manifest = await readText(bucket, manifestName(status.runId));
    const counts = { objectCount: objects.length, hasReport: objects.some(({ path }) => path === "report.html") };
    const metrics = async (root: string) => (await readMetrics(root)) ?? (await readMetrics(folder)) ?? {};
    if (toDownload.length === 0 && manifest !== undefined && (await holdsOwnFiles(bucket, folder, status, manifest))) {
        return { metrics: await metrics(folder), downloadedCount: 0, ...counts };
    }

    return withPartialFolder(folder, async (partial) => {
        const { existsSync } = require("node:fs") as typeof import("node:fs");
        const { join } = require("node:path") as typeof import("node:path");
        if (toDownload.length > 0 && existsSync(folder)) {
            const names = toDownload.map((object) => object.path).join(", ");
            print(`run ${status.runId}: saving again what is missing or differs in ${folder}: ${names}`);
        }
        await inParallel(toDownload, 4, (object) => downloadVerified(bucket, object, partial));
        const logPath = join(partial, "trainer.log");
        const attempts = await assembleLog(bucket, status.runId, logPath);
        await uploadLog(bucket, status.runId, logPath);
        await writeSynced(join(partial, "status.json"), renderStatus(status));
        const text = manifest ?? (await writeManifest(context, options, await metrics(partial), objects, attempts));
        await writeSynced(join(partial, "manifest.json"), text);
        const result = await metrics(partial);
        await publishFolder(partial, folder, "manifest.json");
        if (objects.length === 0) {
            print(`run ${status.runId} wrote no model: nothing is under gs://${bucket.bucket}/${prefix}`);
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

async function holdsOwnFiles(
    bucket: BucketClient,
    folder: string,
    status: RunStatus,
    manifest: string,
): Promise<boolean> {
    const { readFile } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { join } = require("node:path") as typeof import("node:path");
    const log = await bucket.stat(wholeLogName(status.runId));
    if (log === undefined || findMismatch(await hashFile(join(folder, "trainer.log")), log)) {
        return false;
    }
    const textOf = (name: string) => readFile(join(folder, name), "utf8").catch(() => undefined);
    return (await textOf("status.json")) === renderStatus(status) && (await textOf("manifest.json")) === manifest;
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
    { status, facts }: CollectOptions,
    metrics: Record<string, unknown>,
    objects: SavedObject[],
    attempts: Awaited<ReturnType<typeof assembleLog>>,
): Promise<string> {
    const verifiedAt = new Date(clock.now()).toISOString();
    const text = renderManifest(status, facts, metrics, objects, attempts, verifiedAt);
    const name = manifestName(status.runId);
    if ((await bucket.write(name, text, "0")) !== undefined) {
        return text;
    }
    // Another machine collected the same run at the same time, and its manifest is as good.
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
