import { createHash, type Hash, randomUUID } from "node:crypto";
import { createReadStream, mkdirSync, rmSync } from "node:fs";
import { appendFile, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";

/** Digest algorithms: https://github.com/opencontainers/image-spec/blob/main/descriptor.md#registered-algorithms */
export type DigestAlgorithm = "sha256" | "sha512";

/** A digest in registry notation: https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests */
export const DIGEST = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
/** Digests as used by the Docker engine. */
export const SHA256_DIGEST = /^sha256:[0-9a-f]{64}$/;
/** The format of a digest, for error messages. */
export const DIGEST_FORM = "sha256:<64 hex digits> or sha512:<128 hex digits>";

/** Computes the digest of the given bytes. */
export function digestOf(content: Buffer | string, algorithm: DigestAlgorithm = "sha256"): string {
    return `${algorithm}:${createHash(algorithm).update(content).digest("hex")}`;
}

/** Returns the algorithm of a digest that matches DIGEST. */
export function algorithmOf(digest: string): DigestAlgorithm {
    return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

/** The bytes of layers and configs, in one file each, named by digest and shared by all repositories. */
export class BlobFiles {
    readonly #folder: string;
    readonly #drafts: string;

    constructor(dataDir: string) {
        this.#folder = path.join(dataDir, "registry", "blobs");
        this.#drafts = path.join(dataDir, "registry", "uploads");
        // Uploads do not survive the process that received them.
        rmSync(this.#drafts, { recursive: true, force: true });
        mkdirSync(this.#folder, { recursive: true });
        mkdirSync(this.#drafts, { recursive: true });
    }

    /** Reads the bytes from `start` to `end` inclusive. Default: all bytes. */
    read(digest: string, range: { readonly start?: number; readonly end?: number } = {}): Readable {
        return createReadStream(this.#file(digest), range);
    }

    /** Returns the size in bytes, or undefined if the blob does not exist. */
    async size(digest: string): Promise<number | undefined> {
        try {
            return (await stat(this.#file(digest))).size;
        } catch {
            return undefined;
        }
    }

    /**
     * @param algorithm hash that is computed during the upload; a digest with any other algorithm requires rereading
     * the blob
     */
    begin(algorithm: DigestAlgorithm = "sha256"): BlobUpload {
        const id = randomUUID();
        return new BlobUpload(id, path.join(this.#drafts, id), (digest) => this.#file(digest), algorithm);
    }

    async delete(digest: string): Promise<void> {
        await rm(this.#file(digest), { force: true });
    }

    /** Removes every blob that no repository uses. */
    async sweep(isUsed: (digest: string) => boolean): Promise<void> {
        for (const name of await readdir(this.#folder)) {
            if (!isUsed(`${name.length === 128 ? "sha512" : "sha256"}:${name}`)) {
                await rm(path.join(this.#folder, name), { force: true });
            }
        }
    }

    #file(digest: string): string {
        return path.join(this.#folder, digest.slice(digest.indexOf(":") + 1));
    }
}

/** A blob that is being uploaded, in any number of chunks. */
export class BlobUpload {
    size = 0;
    readonly #hash: Hash;

    readonly id: string;
    readonly #draft: string;
    readonly #target: (digest: string) => string;
    readonly #algorithm: DigestAlgorithm;

    constructor(id: string, draft: string, target: (digest: string) => string, algorithm: DigestAlgorithm) {
        this.id = id;
        this.#draft = draft;
        this.#target = target;
        this.#algorithm = algorithm;
        this.#hash = createHash(algorithm);
    }

    async append(content: AsyncIterable<Buffer>): Promise<void> {
        for await (const chunk of content) {
            await appendFile(this.#draft, chunk);
            this.#hash.update(chunk);
            this.size += chunk.length;
        }
    }

    /** Returns the digest of all appended content. Nothing can be appended after that. */
    async digest(algorithm: DigestAlgorithm): Promise<string> {
        await appendFile(this.#draft, "");
        return `${algorithm}:${await this.#digestAs(algorithm)}`;
    }

    /** Stores the blob under its digest. */
    async keep(digest: string): Promise<void> {
        await rename(this.#draft, this.#target(digest));
    }

    async #digestAs(algorithm: DigestAlgorithm): Promise<string> {
        if (algorithm === this.#algorithm) {
            return this.#hash.digest("hex");
        }
        const hash = createHash(algorithm);
        for await (const chunk of createReadStream(this.#draft)) {
            hash.update(chunk as Buffer);
        }
        return hash.digest("hex");
    }

    async cancel(): Promise<void> {
        await rm(this.#draft, { force: true });
    }
}

/** Blob uploads in progress, by id. */
export class Uploads {
    readonly #uploads = new Map<string, { readonly repository: string; readonly upload: BlobUpload }>();

    readonly #files: BlobFiles;

    constructor(files: BlobFiles) {
        this.#files = files;
    }

    begin(repository: string, algorithm: DigestAlgorithm): BlobUpload {
        const upload = this.#files.begin(algorithm);
        this.#uploads.set(upload.id, { repository, upload });
        return upload;
    }

    /**
     * Returns an upload only if it belongs to this repository, so that a caller with permissions on another repository
     * cannot continue it.
     */
    get(repository: string, id: string): BlobUpload | undefined {
        const found = this.#uploads.get(id);
        return found?.repository === repository ? found.upload : undefined;
    }

    /** Removes an upload that is finished or cancelled. */
    forget(upload: BlobUpload): void {
        this.#uploads.delete(upload.id);
    }
}
