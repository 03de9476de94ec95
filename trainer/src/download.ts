import { setTimeout as sleep } from "node:timers/promises";
import type { Storage } from "@google-cloud/storage";
import { FastCrc32c } from "./crc32c";
import { formatGcsUri, type ObjectUri } from "./environment";
import { DamagedError, StorageError } from "./errors";
import { handleRejectedToken } from "./rejected-token";
import { describe, isTransient, within } from "./storage-error";

/** The parts of the response to a download that this file uses. */
interface DownloadResponse {
    readonly statusCode: number;
    readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Maximum number of times that content is read if it keeps arriving damaged. */
const MAX_READS = 3;

/**
 * The content of one generation of an object. After an interruption the download continues where it stopped, and at the
 * end the whole content is checked against the object's CRC32C.
 */
export class Download implements AsyncIterable<Uint8Array> {
    readonly #storage: Storage;
    readonly #uri: ObjectUri;
    readonly #retrySeconds: number;
    readonly #crc32c = new FastCrc32c();
    #offset = 0;
    #expected: string | undefined;
    #generation: string | undefined;
    #storedSize: number | undefined;
    #isGzip = false;
    #isComplete = false;

    constructor(storage: Storage, uri: ObjectUri, retrySeconds: number) {
        this.#storage = storage;
        this.#uri = uri;
        this.#generation = uri.generation;
        this.#retrySeconds = retrySeconds;
    }

    /** Size of the whole object. It is known once the first bytes arrive, unless the content is decompressed. */
    get size(): number | undefined {
        return this.#isGzip ? undefined : this.#storedSize;
    }

    /**
     * Yields the bytes as they are stored.
     * @throws {StorageError} during iteration; {DamagedError} at the end if the bytes were not those of the object
     */
    async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
        let lastProgress = Date.now();
        const token = handleRejectedToken(this.#storage);
        for (let failures = 0; !this.#isComplete; ) {
            const before = this.#offset;
            let problem: unknown;
            try {
                yield* this.#request();
                this.#isComplete = this.#storedSize === undefined || this.#offset >= this.#storedSize;
                problem = new Error(`the response ended after ${this.#offset} of ${this.#storedSize} bytes`);
            } catch (error) {
                if (!isTransient(error) && !token.replace(error)) {
                    throw describe(error, "read", this.#uri);
                }
                problem = error;
            }
            if (this.#offset > before) {
                [failures, lastProgress] = [0, Date.now()];
                token.accepted();
            }
            if (!this.#isComplete) {
                if (Date.now() - lastProgress > this.#retrySeconds * 1000) {
                    throw describe(problem, "read", this.#uri);
                }
                await sleep(Math.min(250 * 2 ** failures++, 8000));
            }
        }
        if (this.#expected !== undefined && !this.#crc32c.validate(this.#expected)) {
            const hashes = `CRC32C ${this.#crc32c}, but the object has ${this.#expected}`;
            throw new DamagedError(`Cannot read ${formatGcsUri(this.#uri)}: its content arrived damaged (${hashes})`);
        }
    }

    /**
     * Reads the rest of the content without using it, because an error found in the content is reported only if the
     * content arrived undamaged.
     * @throws {StorageError}
     */
    async verify(): Promise<void> {
        for await (const _ of this) {
            // Only the checksum matters.
        }
    }

    /** One request for the rest of the content. The client must not repeat it (googleapis/google-cloud-node#8670). */
    async *#request(): AsyncGenerator<Uint8Array> {
        const version = this.#generation === undefined ? {} : { generation: this.#generation };
        const file = this.#storage.bucket(this.#uri.bucket).file(this.#uri.path, version);
        file.interceptors.push({ request: (options) => Object.assign(options as never, { maxRetries: 0 }) });
        const range = this.#offset > 0 ? { start: this.#offset } : {};
        const stream = file.createReadStream({ ...range, decompress: false, validation: false });
        let response: DownloadResponse | undefined;
        let skip: number | undefined;
        stream.on("response", (received: DownloadResponse) => {
            response = received;
        });
        try {
            const chunks = stream[Symbol.asyncIterator]();
            const next = () => within(this.#retrySeconds * 333, chunks.next());
            for (let chunk = await next(); chunk.done !== true; chunk = await next()) {
                const bytes = chunk.value as Buffer;
                skip ??= this.#begin(response);
                const fresh = bytes.subarray(Math.min(skip, bytes.length));
                skip -= bytes.length - fresh.length;
                if (fresh.length > 0) {
                    this.#crc32c.update(fresh);
                    this.#offset += fresh.length;
                    yield fresh;
                }
            }
            skip ??= this.#begin(response);
        } finally {
            stream.destroy();
        }
    }

    /** Stores the headers of a response. @returns the number of its first bytes that have already been read */
    #begin(response: DownloadResponse | undefined): number {
        const { headers = {}, statusCode } = response ?? {};
        const expected = /(?:^|,)\s*crc32c=([^,\s]+)/.exec(headers["x-goog-hash"] ?? "")?.[1];
        if (expected === undefined) {
            // Such a response may come from a captive portal.
            throw new Error("the response does not come from Cloud Storage: it has no hash of the object");
        }
        if (this.#expected === undefined) {
            const size = headers["x-goog-stored-content-length"] ?? headers["content-length"];
            this.#expected = expected;
            this.#generation = headers["x-goog-generation"];
            this.#storedSize = size === undefined ? undefined : Number(size);
            this.#isGzip = headers["content-encoding"] === "gzip";
        }
        return statusCode === 206 ? 0 : this.#offset;
    }
}

/**
 * Opens content and passes it to `use`. If the content arrived damaged, any error from `use` is ignored, and the
 * content is read again from the beginning.
 * @throws the error that `use` throws for undamaged content; {StorageError}
 */
export async function readIntact<C extends { verify?(): Promise<void> }, T>(
    open: () => C,
    use: (content: C) => Promise<T>,
    print: (line: string) => void,
): Promise<T> {
    for (let reads = 1; ; reads++) {
        const content = open();
        let problem: unknown;
        try {
            return await use(content);
        } catch (error) {
            problem = error;
        }
        if (!(problem instanceof StorageError)) {
            try {
                await content.verify?.();
            } catch (error) {
                problem = error;
            }
        }
        if (!(problem instanceof DamagedError) || reads >= MAX_READS) {
            throw problem;
        }
        print(`${problem.message}; reading it again`);
    }
}
