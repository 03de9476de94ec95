import { createReadStream } from "node:fs";
import path from "node:path";
import { addAbortSignal, pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { systemClock } from "../../run/clients";
import { type CloudSettings, createAuth, readCloudSettings } from "../../run/credentials";
import { objectChunks } from "../../run/download";
import { httpStatusOf } from "../../run/errors";
import { toStoredObject } from "../../run/google-bucket";
import { openStorage } from "../../run/google-clients";
import { within } from "../../run/tries";
import { checkEmulator, explainError } from "../shared/stored-runs/explain-error";
import { UsageError } from "../shared/usage-error";
import { statsOf } from "./stats";

/** Environment for `npm run predict`. */
export interface PredictContext {
    /** The folder that contains Pulumi.yaml, and the results of runs. */
    projectDir: string;
    /** Base folder for relative paths on the command line. */
    folder: string;
    env: NodeJS.ProcessEnv;
    stdin: Readable;
    stdout: NodeJS.WritableStream;
    /** Prints a line for the user; standard output is for rows. */
    report(line: string): void;
    /** Aborts the command, in which case nothing is written. */
    signal: AbortSignal;
}

const READ_BYTES = 256 * 1024;
/** Time limit, in milliseconds, for describing an object. */
const ANSWER_MS = 60_000;

export function isGcsUri(name: string): boolean {
    return name.startsWith("gs://");
}

/**
 * Opens a file, an object in Cloud Storage, or standard input.
 *
 * @param what its name in messages, such as "input"
 * @throws UsageError when it does not exist or cannot be read
 */
export async function openSource(name: string, what: string, context: PredictContext): Promise<Readable> {
    const { folder, stdin, signal } = context;
    if (name === "-") {
        return addAbortSignal(signal, stdin);
    }
    if (isGcsUri(name)) {
        return addAbortSignal(signal, await openObject(name, what, context));
    }
    const file = path.resolve(folder, name);
    const stats = statsOf(what, name, folder);
    if (stats === undefined) {
        throw new UsageError(`The ${what} ${name} does not exist`);
    }
    if (stats.isDirectory()) {
        throw new UsageError(`The ${what} ${name} is a folder; it must be a file`);
    }
    return addAbortSignal(signal, createReadStream(file, { highWaterMark: READ_BYTES }));
}

/** Opens an object; its checksum is verified at the end. */
async function openObject(uri: string, what: string, context: PredictContext): Promise<Readable> {
    const { bucket, object } = parseGcsUri(uri, what);
    return withSettings(bucket, context, async (settings) => {
        const storage = openStorage(settings, await createAuth(settings));
        const file = storage.bucket(bucket).file(object);
        try {
            // A read stream would report a missing object only once it is read.
            const [metadata] = await within(ANSWER_MS, `The request for ${uri}`, file.getMetadata());
            const stored = toStoredObject(object, metadata);
            const pinned = storage.bucket(bucket).file(object, { generation: stored.generation });
            const bytes = Readable.from(objectChunks(pinned, stored, systemClock()), { objectMode: false });
            return metadata.contentEncoding === "gzip" ? unpack(bytes) : bytes;
        } catch (error) {
            throw httpStatusOf(error) === 404 ? new UsageError(`The ${what} ${uri} does not exist`) : error;
        }
    });
}

/**
 * Finds the first object that exists.
 *
 * @throws UsageError when none exists
 */
export async function findObject(uris: readonly string[], what: string, context: PredictContext): Promise<string> {
    for (const uri of uris) {
        const { bucket, object } = parseGcsUri(uri, what);
        const exists = await withSettings(bucket, context, async (settings) => {
            const storage = openStorage(settings, await createAuth(settings));
            return (await within(ANSWER_MS, `The request for ${uri}`, storage.bucket(bucket).file(object).exists()))[0];
        });
        if (exists) {
            return uri;
        }
    }
    throw new UsageError(`Found no ${what}; looked for ${uris.join(", ")}`);
}

async function withSettings<T>(
    bucket: string,
    { env }: PredictContext,
    request: (settings: CloudSettings) => Promise<T>,
): Promise<T> {
    const settings = readCloudSettings(() => undefined, env);
    await checkEmulator(settings);
    try {
        return await request(settings);
    } catch (error) {
        throw explainError(error, bucket, settings);
    }
}

/** Decompresses an object that is stored compressed; an error in either stream ends both. */
function unpack(bytes: Readable): Readable {
    const unpacked = createGunzip();
    pipeline(bytes, unpacked, () => {});
    return unpacked;
}

function parseGcsUri(uri: string, what: string): { bucket: string; object: string } {
    const { bucket, object } = /^gs:\/\/(?<bucket>[a-z0-9._-]+)\/(?<object>.+)$/.exec(uri)?.groups ?? {};
    if (bucket === undefined || object === undefined) {
        throw new UsageError(`The ${what} must be gs://BUCKET/OBJECT; got "${uri}"`);
    }
    return { bucket, object };
}
