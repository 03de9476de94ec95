import { createReadStream, statSync } from "node:fs";
import path from "node:path";
import { addAbortSignal, type Readable } from "node:stream";
import { type CloudSettings, createAuth, readCloudSettings } from "../../run/credentials";
import { httpStatusOf } from "../../run/errors";
import { openStorage } from "../../run/google-clients";
import { checkEmulator, explain } from "../shared/stored-runs/problems";
import { UsageError } from "../start/stack-config";

/** Surroundings of `npm run predict`. */
export interface Surroundings {
    /** The folder of Pulumi.yaml, with the results of runs. */
    projectDir: string;
    /** Folder that the command line's paths are relative to. */
    folder: string;
    env: NodeJS.ProcessEnv;
    stdin: Readable;
    stdout: NodeJS.WritableStream;
    /** Takes a line for the person; standard output is for rows. */
    note(line: string): void;
    /** Ends the work: nothing is written then. */
    signal: AbortSignal;
}

/** Bytes to read at once. */
const PIECE_BYTES = 256 * 1024;

/** Says that a name is a `gs://` URI. */
export function isGcsUri(name: string): boolean {
    return name.startsWith("gs://");
}

/**
 * Opens a file, an object of Cloud Storage, or standard input.
 *
 * @param what the thing's name in messages, such as "input"
 * @throws UsageError when there is none, or it may not be read
 */
export async function openSource(name: string, what: string, surroundings: Surroundings): Promise<Readable> {
    const { folder, stdin, signal } = surroundings;
    if (name === "-") {
        return addAbortSignal(signal, stdin);
    }
    if (isGcsUri(name)) {
        return addAbortSignal(signal, await openObject(name, what, surroundings));
    }
    const file = path.resolve(folder, name);
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) {
        throw new UsageError(`The ${what} ${name} is not there`);
    }
    if (stats.isDirectory()) {
        throw new UsageError(`The ${what} ${name} is a folder; it must be a file`);
    }
    return addAbortSignal(signal, createReadStream(file, { highWaterMark: PIECE_BYTES }));
}

/** An object's bytes, checked against its checksum at the end. */
async function openObject(uri: string, what: string, surroundings: Surroundings): Promise<Readable> {
    const { bucket, object } = parseGcsUri(uri, what);
    return asking(bucket, surroundings, async (settings) => {
        const storage = openStorage(settings, await createAuth(settings));
        const file = storage.bucket(bucket).file(object);
        try {
            // A read stream would say that there is no object only when it is read.
            const [{ generation }] = await file.getMetadata();
            const pinned = storage.bucket(bucket).file(object, generation === undefined ? {} : { generation });
            return pinned.createReadStream({ validation: "crc32c" });
        } catch (error) {
            throw httpStatusOf(error) === 404 ? new UsageError(`There is no ${what} ${uri}`) : error;
        }
    });
}

/** The first of some objects that is there. @throws UsageError when none is */
export async function findObject(uris: readonly string[], what: string, surroundings: Surroundings): Promise<string> {
    for (const uri of uris) {
        const { bucket, object } = parseGcsUri(uri, what);
        const exists = await asking(bucket, surroundings, async (settings) => {
            const storage = openStorage(settings, await createAuth(settings));
            return (await storage.bucket(bucket).file(object).exists())[0];
        });
        if (exists) {
            return uri;
        }
    }
    throw new UsageError(`There is no ${what}: looked for ${uris.join(", ")}`);
}

async function asking<T>(
    bucket: string,
    { env }: Surroundings,
    ask: (settings: CloudSettings) => Promise<T>,
): Promise<T> {
    const settings = readCloudSettings(() => undefined, env);
    await checkEmulator(settings);
    try {
        return await ask(settings);
    } catch (error) {
        throw explain(error, { bucket, stack: "", resultsDir: "", settings });
    }
}

function parseGcsUri(uri: string, what: string): { bucket: string; object: string } {
    const { bucket, object } = /^gs:\/\/(?<bucket>[a-z0-9._-]+)\/(?<object>.+)$/.exec(uri)?.groups ?? {};
    if (bucket === undefined || object === undefined) {
        throw new UsageError(`The ${what} must be gs://BUCKET/OBJECT; got "${uri}"`);
    }
    return { bucket, object };
}
