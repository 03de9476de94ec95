import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { CRC32C, type Storage } from "@google-cloud/storage";
import { formatGcsUri, type ObjectUri } from "./environment";
import { DamagedError, StorageError } from "./errors";
import { describe, handleRejectedToken, isTransient, within } from "./storage-error";

/** The parts of the response to a download that this file uses. */
interface DownloadResponse {
    readonly statusCode: number;
    readonly headers: Readonly<Record<string, string | undefined>>;
}

/** The bytes of an object as they arrive. */
export interface ObjectContent extends AsyncIterable<Uint8Array> {
    /** Size of the whole object. It is known once the first bytes arrive, unless the content is decompressed. */
    readonly size?: number | undefined;
    /**
     * Checks the whole content, including what was not read. Absent if the content cannot be damaged.
     * @throws {StorageError}
     */
    verify?(): Promise<void>;
}

/** Maximum number of attempts to read content that keeps arriving damaged. */
const MAX_READS = 3;

/**
 * The content of one generation of an object, as it is stored. After an interruption the download continues where it
 * stopped, and at the end the whole content is checked against the object's hash. Iterating throws a {StorageError}
 * on failure, or a {DamagedError} at the end if the bytes were not those of the object.
 */
export function openDownload(storage: Storage, uri: ObjectUri, retrySeconds: number): ObjectContent {
    let { generation } = uri;
    let offset = 0;
    let check: ReturnType<typeof openCheck>;
    let storedSize: number | undefined;
    let isGzip = false;
    let isComplete = false;

    async function* read(): AsyncGenerator<Uint8Array> {
        let lastProgress = Date.now();
        const token = handleRejectedToken(storage);
        for (let failures = 0; !isComplete; ) {
            const before = offset;
            let problem: unknown;
            try {
                yield* request();
                isComplete = storedSize === undefined || offset >= storedSize;
                problem = new Error(`the response ended after ${offset} of ${storedSize} bytes`);
            } catch (error) {
                if (!isTransient(error) && !token.replace(error)) {
                    throw describe(error, "read", uri);
                }
                problem = error;
            }
            if (offset > before) {
                [failures, lastProgress] = [0, Date.now()];
                token.accepted();
            }
            if (!isComplete) {
                if (Date.now() - lastProgress > retrySeconds * 1000) {
                    throw describe(problem, "read", uri);
                }
                await sleep(Math.min(250 * 2 ** failures++, 8000));
            }
        }
        const actual = check?.digest();
        if (actual !== check?.expected) {
            const hashes = `${check?.name} ${actual}, but the object has ${check?.expected}`;
            throw new DamagedError(`Cannot read ${formatGcsUri(uri)}: its content arrived damaged (${hashes})`);
        }
    }

    /** One request for the rest of the content. The client must not repeat it (googleapis/google-cloud-node#8670). */
    async function* request(): AsyncGenerator<Uint8Array> {
        const version = generation === undefined ? {} : { generation };
        const file = storage.bucket(uri.bucket).file(uri.path, version);
        file.interceptors.push({ request: (options) => Object.assign(options as never, { maxRetries: 0 }) });
        const range = offset > 0 ? { start: offset } : {};
        const stream = file.createReadStream({ ...range, decompress: false, validation: false });
        let response: DownloadResponse | undefined;
        let skip: number | undefined;
        stream.on("response", (received: DownloadResponse) => {
            response = received;
        });
        try {
            const chunks = stream[Symbol.asyncIterator]();
            const next = () => within(retrySeconds * 333, chunks.next());
            for (let chunk = await next(); chunk.done !== true; chunk = await next()) {
                const bytes = chunk.value as Buffer;
                skip ??= begin(response);
                const fresh = bytes.subarray(Math.min(skip, bytes.length));
                skip -= bytes.length - fresh.length;
                if (fresh.length > 0) {
                    check?.update(fresh);
                    offset += fresh.length;
                    yield fresh;
                }
            }
            skip ??= begin(response);
        } finally {
            stream.destroy();
        }
    }

    /** Stores the headers of a response. @returns the number of bytes at its start that have already been read */
    function begin({ headers = {}, statusCode }: Partial<DownloadResponse> = {}): number {
        const hash = openCheck(headers["x-goog-hash"]);
        if (hash === undefined) {
            // Such a response may come from a captive portal.
            throw new Error("the response does not come from Cloud Storage: it has no hash of the object");
        }
        if (check === undefined) {
            const size = headers["x-goog-stored-content-length"] ?? headers["content-length"];
            check = hash;
            generation = headers["x-goog-generation"];
            storedSize = size === undefined ? undefined : Number(size);
            isGzip = headers["content-encoding"] === "gzip";
        }
        return statusCode === 206 ? 0 : offset;
    }

    return {
        get size() {
            return isGzip ? undefined : storedSize;
        },
        [Symbol.asyncIterator]: read,
        async verify() {
            for await (const _ of read()) {
                // Only the checksum matters.
            }
        },
    };
}

/** Reads a hash of the object from a header: its MD5 or, for an object composed of others, its slower CRC32C. */
function openCheck(header = "") {
    const read = (name: string) => new RegExp(`(?:^|,)\\s*${name}=([^,\\s]+)`).exec(header)?.[1];
    const md5 = read("md5");
    const expected = md5 ?? read("crc32c");
    const hash = md5 === undefined ? new CRC32C() : createHash("md5");
    const update = (bytes: Buffer) => void hash.update(bytes);
    const digest = () => (hash instanceof CRC32C ? hash.toString() : hash.copy().digest("base64"));
    return expected === undefined
        ? undefined
        : { name: md5 === undefined ? "CRC32C" : "MD5", expected, update, digest };
}

/**
 * Opens content and passes it to `use`. If the content arrived damaged, any error from `use` is ignored, and the
 * content is read again from the beginning.
 * @throws {StorageError}, or any error that `use` throws although the content is undamaged
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
