import { createHash } from "node:crypto";
import { Storage } from "@google-cloud/storage";
import { FastCrc32c } from "./crc32c";
import { formatGcsUri, type GcsUri } from "./environment";
import { StorageError } from "./errors";

/** The bucket as the trainer needs it. */
export interface ObjectStore {
    /**
     * The object's content as it arrives, checked against its CRC32C.
     * @throws {StorageError} while it is read
     */
    read(uri: GcsUri): ObjectContent;
    /**
     * Creates the object, all at once or not at all; never overwrites one with other content.
     * @throws {StorageError}
     */
    create(uri: GcsUri, content: string | Uint8Array, contentType: string): Promise<void>;
}

/** An object's bytes as they arrive. */
export interface ObjectContent extends AsyncIterable<Uint8Array> {
    /** Of the whole object; known with the first bytes, unless storage unpacks a compressed object on the way. */
    readonly size?: number | undefined;
}

/** The client gives up on a request that fails again and again after so long; the run's own limit is far above. */
const RETRY_SECONDS = 60;

/**
 * Google Cloud Storage with Application Default Credentials: on the VM its service account.
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
                    // One request: the object appears complete or not at all.
                    resumable: false,
                    // 0: the object must not exist. An earlier attempt's objects were cleared before this one began.
                    preconditionOpts: { ifGenerationMatch: 0 },
                });
            } catch (error) {
                // The client repeats a request whose answer got lost: then the object is there, and it is this one.
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

/** What the client tells of the answer to a download. */
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

/** Storage's failure as a sentence with the way out: https://cloud.google.com/storage/docs/json_api/v1/status-codes */
function describe(error: unknown, action: "read" | "write", uri: GcsUri): StorageError {
    const explanation = explain(Number(codeOf(error)), action, uri, messageOf(error));
    return new StorageError(`Cannot ${action} ${formatGcsUri(uri)}: ${explanation}`, { cause: error });
}

function explain(status: number, action: "read" | "write", uri: GcsUri, message: string): string {
    const role = action === "read" ? "roles/storage.objectViewer" : "roles/storage.objectUser";
    switch (status) {
        case 401:
            return `no valid credentials; run it on a VM, or with Application Default Credentials (401: ${message})`;
        case 403:
            return `the service account needs ${role} on bucket ${uri.bucket} (403: ${message})`;
        case 404:
            return action === "read"
                ? `there is no such object (404: ${message})`
                : `there is no such bucket (404: ${message})`;
        case 412:
            return "another attempt of this run has written it already, with other content; that is kept (412)";
        default:
            return message;
    }
}

/** The error's own words in one line; a download fails with the whole JSON answer as its message. */
function messageOf(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    try {
        const answer = JSON.parse(text) as { error?: { message?: string } } | null;
        return answer?.error?.message ?? text;
    } catch {
        return text.replaceAll(/\s+/g, " ").trim();
    }
}
