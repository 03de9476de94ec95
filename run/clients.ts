import type { Engine } from "./engine";

/** An object in the bucket, as listed. */
export interface StoredObject {
    name: string;
    sizeBytes: number;
    generation: string;
    /** Base64, big-endian. */
    crc32c: string;
    /** Base64. Composite objects do not have an MD5. */
    md5Hash?: string;
    /** RFC 3339. */
    createdAt: string;
    /** The sweep table row that is stored in the object's metadata, in base64. */
    row?: string;
}

/** One generation of an object, with the size and hash that verify its bytes. */
export type ObjectVersion = Pick<StoredObject, "name" | "sizeBytes" | "generation" | "crc32c">;

/**
 * The time for which to keep resuming a download that makes no progress, in addition to a few quick attempts. A patient
 * download also tolerates two consecutive rejections of its credentials.
 */
export interface Patience {
    windowMs: number;
    /** Called with the error from each failed attempt. */
    onFailure(error: unknown): void;
}

export interface DownloadOptions {
    patience?: Patience;
    /** Called with the number of bytes that have arrived; negative if the download starts again. */
    onBytes?: (bytes: number) => void;
}

/**
 * The operations on a bucket that are needed to wait for a run and collect its results. Errors other than those named
 * here pass through unchanged.
 */
export interface BucketClient {
    /** The bucket's name. */
    readonly bucket: string;
    /** The live object, or undefined if none exists. */
    stat(name: string): Promise<StoredObject | undefined>;
    /** The verified bytes of one generation, exactly as stored, or undefined if it no longer exists. */
    read(object: ObjectVersion): Promise<Buffer | undefined>;
    /**
     * Writes a small object if its live generation is still `ifGeneration` ("0": if no object exists).
     * @param metadata custom metadata for the object, such as the row of a sweep's table.
     * @returns the new generation, or undefined if another writer got there first (412).
     */
    write(
        name: string,
        content: string,
        ifGeneration: string,
        metadata?: Record<string, string>,
    ): Promise<string | undefined>;
    /** Uploads a file with this CRC32C under the same precondition as `write`. */
    upload(path: string, name: string, ifGeneration: string, crc32c: string): Promise<string | undefined>;
    /** All live objects under a prefix, ordered by name, starting at `startOffset`. */
    list(prefix: string, startOffset?: string): Promise<StoredObject[]>;
    /** Copies one generation within the bucket, without downloading it. */
    copy(object: ObjectVersion, name: string): Promise<void>;
    /** The names of the folders directly under a prefix that ends in "/". */
    folders(prefix: string): Promise<string[]>;
    /** Downloads one generation exactly as stored, to a file that must not exist yet, and verifies it. */
    download(object: ObjectVersion, path: string, options?: DownloadOptions): Promise<void>;
}

/** The operations on a VM that are needed to wait for a run. */
export interface VmClient {
    /** Compute Engine's status, e.g. `RUNNING` or `TERMINATED`; undefined if the VM does not exist. */
    status(): Promise<string | undefined>;
    /** Starts the VM and waits for the operation. */
    start(): Promise<void>;
    /** Stops the VM and waits for the operation. */
    stop(): Promise<void>;
    /** The most recent output from serial port 1. */
    serialOutput(): Promise<string>;
}

export interface Clock {
    /** Milliseconds since 1970. */
    now(): number;
    sleep(milliseconds: number): Promise<void>;
}

/** Shows one line to the user. */
export type Print = (line: string) => void;

/** The waiter's environment. */
export interface WaitContext {
    bucket: BucketClient;
    engine: Engine;
    clock: Clock;
    print: Print;
}

/** This machine's clock. */
export function systemClock(): Clock {
    return {
        now: () => Date.now(),
        sleep: (milliseconds) =>
            new Promise((resolve) => {
                setTimeout(resolve, milliseconds);
            }),
    };
}
