import { createHash } from "node:crypto";
import { channel, subscribe } from "node:diagnostics_channel";
import { finished, type Readable, type Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type File, Storage, type StorageOptions } from "@google-cloud/storage";
import { type ObjectContent, openDownload } from "./download";
import type { GcsUri, ObjectUri } from "./environment";
import { codeOf, describe, handleRejectedToken, isTransient, within } from "./storage-error";

/** The operations on a bucket that the trainer needs. */
export interface ObjectStore {
    /**
     * Reads an object as it arrives and checks it against its hash.
     * @throws {StorageError} during iteration
     */
    read(uri: ObjectUri): ObjectContent;
    /**
     * The objects in a folder, sorted by name; for any other URI, the object itself.
     * @throws {StorageError}
     */
    list(uri: GcsUri): Promise<GcsUri[]>;
    /**
     * Creates an object, completely or not at all. Never overwrites an object with different content.
     * @throws {StorageError}
     */
    create(uri: GcsUri, content: Content, contentType: string): Promise<void>;
}

/** Content to write: bytes, text, or a function that returns the same pieces of text each time. */
export type Content = string | Uint8Array | (() => Iterable<string>);

/** Time after which the client gives up on a request that keeps failing; the time limit of the run is much longer. */
const RETRY_SECONDS = 60;
/** Maximum number of times that content is sent if Cloud Storage keeps rejecting it. */
const MAX_REJECTIONS = 3;
/** Time limit for one upload: a fixed part, plus the time that the content takes on a slow connection. */
const UPLOAD_MS = 20_000;
const UPLOAD_BYTES_PER_MS = 50;

/**
 * Google Cloud Storage with Application Default Credentials: on a VM, the credentials of its service account.
 * `STORAGE_EMULATOR_HOST` points the client to another server.
 */
export function openStorage(retrySeconds = RETRY_SECONDS, options: StorageOptions = {}): ObjectStore {
    detectBrokenResponses();
    const storage = new Storage({
        ...options,
        retryOptions: { autoRetry: true, maxRetries: 5, totalTimeout: retrySeconds },
    });
    return {
        read: (uri) => openDownload(storage, uri, retrySeconds),
        list: (uri) => (uri.path.endsWith("/") ? list(storage, uri) : Promise.resolve([uri])),
        create: (uri, content, contentType) => create(storage, uri, content, contentType, retrySeconds * 1000),
    };
}

async function list(storage: Storage, { bucket, path }: GcsUri): Promise<GcsUri[]> {
    try {
        const [files] = await storage.bucket(bucket).getFiles({ prefix: path, delimiter: "/" });
        const names = files.map(({ name }) => name).filter((name) => name !== path);
        if (names.length === 0) {
            throw Object.assign(new Error("the folder has no objects"), { code: 404 });
        }
        return names.sort().map((name) => ({ bucket, path: name }));
    } catch (error) {
        throw describe(error, "read", { bucket, path });
    }
}

/** Sends content until the bucket has it, or fails. */
async function create(storage: Storage, uri: GcsUri, content: Content, contentType: string, retryMs: number) {
    const file = storage.bucket(uri.bucket).file(uri.path);
    const hash = createHash("md5");
    let bytes = 0;
    for (const block of inBlocks(content)) {
        hash.update(block);
        bytes += block.length;
    }
    const md5Hash = hash.digest("base64");
    const deadline = Date.now() + retryMs;
    const token = handleRejectedToken(storage);
    for (let tries = 1, rejections = 0; ; tries++) {
        const problem = await send(file, content, contentType, md5Hash, bytes);
        if (problem === undefined) {
            return;
        }
        // A response may have been lost or damaged although the content was stored.
        const status = Number(codeOf(problem));
        const isRejection = status === 400 || status === 412;
        const isOpen = isRejection || isTransient(problem) || token.replace(problem);
        if (isOpen && (await md5Of(file)) === md5Hash) {
            return;
        }
        // Rejected content may have been damaged in transit, but a rejection that is repeated several times is final.
        rejections += isRejection ? 1 : 0;
        if (!isOpen || rejections >= MAX_REJECTIONS || Date.now() > deadline) {
            throw describe(problem, "write", uri);
        }
        await sleep(Math.min(250 * 2 ** tries, 8000));
    }
}

/** Sends content once. @returns the error, or undefined if the bucket has the content */
async function send(file: File, content: Content, contentType: string, md5Hash: string, bytes: number) {
    try {
        const sent = file.save(typeof content === "function" ? () => inBlocks(content) : Buffer.from(content), {
            contentType,
            // Cloud Storage rejects content that does not have this hash.
            metadata: { md5Hash },
            // The client's own check would delete the object if the response was damaged.
            validation: false,
            // With a single request, the object appears completely or not at all.
            resumable: false,
            // 0: the object must not exist. Objects from an earlier attempt were deleted before this attempt began.
            preconditionOpts: { ifGenerationMatch: 0 },
        });
        await within(UPLOAD_MS + bytes / UPLOAD_BYTES_PER_MS, sent);
    } catch (error) {
        return error;
    }
    const stored = (file.metadata as { md5Hash?: string } | undefined)?.md5Hash;
    const isStored = stored === md5Hash;
    return isStored ? undefined : new Error("the response to the upload does not have the hash of the content");
}

/** The hash of an object; undefined if it does not exist or cannot be read. */
async function md5Of(file: File): Promise<string | undefined> {
    try {
        const [metadata] = await within(UPLOAD_MS, file.getMetadata());
        return metadata.md5Hash;
    } catch {
        return undefined;
    }
}

const BLOCK = 2 ** 20;

/** Joins short pieces of text. */
function* inBlocks(content: Content): Generator<Buffer> {
    let block: string[] = [];
    let length = 0;
    for (const piece of typeof content === "function" ? content() : []) {
        block.push(piece);
        length += piece.length;
        if (length >= BLOCK) {
            yield Buffer.from(block.join(""));
            [block, length] = [[], 0];
        }
    }
    yield Buffer.from(typeof content === "function" ? block.join("") : content);
}

/**
 * Turns a connection that closes in the middle of a response into an error for the reader of that response. Google's
 * clients read responses through a pipe (node-fetch 2), which does not forward that error, so they would wait forever.
 * Calling this function again has no effect.
 */
function detectBrokenResponses(): void {
    const name = "http.client.response.finish";
    const mark = Symbol.for("gcp-trainer.detectBrokenResponses");
    // A process may load this module more than once, but there is only one channel.
    if (Reflect.get(channel(name), mark) !== true) {
        subscribe(name, (message) => forwardErrors((message as { response: Readable }).response));
        Reflect.set(channel(name), mark, true);
    }
}

/** Forwards a stream's error to everything that it is piped to, directly or through other streams. */
function forwardErrors(source: Readable): void {
    const pipe = source.pipe;
    source.pipe = <T extends NodeJS.WritableStream>(target: T, options?: { end?: boolean }): T => {
        // Google's clients already add as many listeners as Node.js allows without a warning.
        source.setMaxListeners(source.getMaxListeners() + 1);
        finished(source, { writable: false }, (error) => {
            if (error) {
                (target as unknown as Writable).destroy(error);
            }
        });
        if ("pipe" in target) {
            forwardErrors(target as unknown as Readable);
        }
        return pipe.call(source, target, options) as T;
    };
}
