import { createHash } from "node:crypto";
import { Storage } from "@google-cloud/storage";
import { FastCrc32c } from "./crc32c";
import { formatGcsUri, type GcsUri } from "./environment";
import { StorageError } from "./errors";

/** The operations on a bucket that the trainer needs. */
export interface ObjectStore {
    /**
     * Reads an object as it arrives and checks it against its CRC32C.
     * @throws {StorageError} during iteration
     */
    read(uri: GcsUri): ObjectContent;
    /**
     * Creates an object, completely or not at all. Never overwrites an object with different content.
     * @throws {StorageError}
     */
    create(uri: GcsUri, content: string | Uint8Array, contentType: string): Promise<void>;
}

/** The bytes of an object as they arrive. */
export interface ObjectContent extends AsyncIterable<Uint8Array> {
    /**
     * Size of the whole object. It is known once the first bytes arrive, unless storage decompresses the object on the
     * way.
     */
    readonly size?: number | undefined;
}

/** Time after which the client gives up on a request that keeps failing; the time limit of the run is much longer. */
const RETRY_SECONDS = 60;

/**
 * Google Cloud Storage with Application Default Credentials: on a VM, those of its service account.
 * `STORAGE_EMULATOR_HOST` points the client to another server.
 */
export function openStorage(): ObjectStore {
    const storage = new Storage({
        retryOptions: { autoRetry: true, maxRetries: 5, totalTimeout: RETRY_SECONDS },
        crc32cGenerator: () => new FastCrc32c(),
    });
    return {
        read(uri) {
            const content = {
                size: undefined as number | undefined,
                async *[Symbol.asyncIterator]() {
                    const stream = storage.bucket(uri.bucket).file(uri.path).createReadStream();
                    stream.on("response", (response: DownloadResponse) => {
                        content.size = sizeOf(response);
                    });
                    try {
                        for await (const chunk of stream) {
                            yield chunk as Uint8Array;
                        }
                    } catch (error) {
                        throw describe(error, "read", uri);
                    } finally {
                        stream.destroy();
                    }
                },
            };
            return content;
        },
        async create(uri, content, contentType) {
            const file = storage.bucket(uri.bucket).file(uri.path);
            try {
                await file.save(typeof content === "string" ? content : Buffer.from(content), {
                    contentType,
                    // A single request: the object appears completely or not at all.
                    resumable: false,
                    // 0: the object must not exist. Objects of an earlier attempt were deleted before this one began.
                    preconditionOpts: { ifGenerationMatch: 0 },
                });
            } catch (error) {
                // The client repeats a request whose response was lost; the existing object is then the one it wrote.
                if (codeOf(error) === 412 && (await md5Of(storage, uri)) === md5(content)) {
                    return;
                }
                throw describe(error, "write", uri);
            }
        },
    };
}

async function md5Of(storage: Storage, uri: GcsUri): Promise<string | undefined> {
    try {
        const [metadata] = await storage.bucket(uri.bucket).file(uri.path).getMetadata();
        return metadata.md5Hash;
    } catch (error) {
        throw describe(error, "read", uri);
    }
}

function md5(content: string | Uint8Array): string {
    return createHash("md5").update(content).digest("base64");
}

/** The part of the response to a download that is used here. */
interface DownloadResponse {
    headers: Readonly<Record<string, string | undefined>>;
}

function sizeOf({ headers }: DownloadResponse): number | undefined {
    const length = headers["content-length"];
    return length === undefined || headers["content-encoding"] === "gzip" ? undefined : Number(length);
}

function codeOf(error: unknown): unknown {
    return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

/** Describes a storage error in one sentence, with a fix: https://cloud.google.com/storage/docs/json_api/v1/status-codes */
function describe(error: unknown, action: "read" | "write", uri: GcsUri): StorageError {
    const explanation = explain(Number(codeOf(error)), action, uri, messageOf(error));
    return new StorageError(`Cannot ${action} ${formatGcsUri(uri)}: ${explanation}`, { cause: error });
}

function explain(status: number, action: "read" | "write", uri: GcsUri, message: string): string {
    const role = action === "read" ? "roles/storage.objectViewer" : "roles/storage.objectUser";
    switch (status) {
        case 401:
            return `no valid credentials; run on a VM, or with Application Default Credentials (401: ${message})`;
        case 403:
            return `the service account needs ${role} on bucket ${uri.bucket} (403: ${message})`;
        case 404:
            return action === "read"
                ? `the object does not exist (404: ${message})`
                : `the bucket does not exist (404: ${message})`;
        case 412:
            return "another attempt of this run has already written it with different content, which is kept (412)";
        default:
            return message;
    }
}

/** The error message on one line. The message of a failed download is the whole JSON response. */
function messageOf(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    try {
        const answer = JSON.parse(text) as { error?: { message?: string } } | null;
        return answer?.error?.message ?? text;
    } catch {
        return text.replaceAll(/\s+/g, " ").trim();
    }
}
