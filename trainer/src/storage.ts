import { createHash } from "node:crypto";
import { Storage } from "@google-cloud/storage";
import { FastCrc32c } from "./crc32c";
import { Download } from "./download";
import type { GcsUri } from "./environment";
import { codeOf, describe } from "./storage-error";

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
    /** Size of the whole object. It is known once the first bytes arrive, unless the content is decompressed. */
    readonly size?: number | undefined;
    /**
     * Checks the whole content, including what was not read. Absent if the content cannot be damaged.
     * @throws {StorageError}
     */
    verify?(): Promise<void>;
}

/** Time after which the client gives up on a request that keeps failing; the time limit of the run is much longer. */
const RETRY_SECONDS = 60;

/**
 * Google Cloud Storage with Application Default Credentials: on a VM, those of its service account.
 * `STORAGE_EMULATOR_HOST` points the client to another server.
 */
export function openStorage(retrySeconds = RETRY_SECONDS): ObjectStore {
    const storage = new Storage({
        retryOptions: { autoRetry: true, maxRetries: 5, totalTimeout: retrySeconds },
        crc32cGenerator: () => new FastCrc32c(),
    });
    return {
        read: (uri) => new Download(storage, uri, retrySeconds),
        async create(uri, content, contentType) {
            const file = storage.bucket(uri.bucket).file(uri.path);
            const md5Hash = md5(content);
            try {
                await file.save(typeof content === "string" ? content : Buffer.from(content), {
                    contentType,
                    // Cloud Storage rejects content that does not have this hash.
                    metadata: { md5Hash },
                    // A single request: the object appears completely or not at all.
                    resumable: false,
                    // 0: the object must not exist. Objects of an earlier attempt were deleted before this one began.
                    preconditionOpts: { ifGenerationMatch: 0 },
                });
            } catch (error) {
                // The client repeats a request whose response was lost; the existing object is then the one it wrote.
                if (codeOf(error) === 412 && (await md5Of(storage, uri)) === md5Hash) {
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
