import { createHash, type Hash, randomUUID } from "node:crypto";
import { createReadStream, mkdirSync, rmSync } from "node:fs";
import { appendFile, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";

/** A digest in registry notation: https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests */
export const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Computes the digest of bytes. */
export function digestOf(content: Buffer | string): string {
    return `sha256:${createHash("sha256").update(content).digest("hex")}`;
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

    read(digest: string): Readable {
        return createReadStream(this.#file(digest));
    }

    /** Returns the size in bytes, or undefined if the blob does not exist. */
    async size(digest: string): Promise<number | undefined> {
        try {
            return (await stat(this.#file(digest))).size;
        } catch {
            return undefined;
        }
    }

    begin(): BlobUpload {
        const id = randomUUID();
        return new BlobUpload(id, path.join(this.#drafts, id), (digest) => this.#file(digest));
    }

    /** Removes every blob that no repository uses. */
    async sweep(isUsed: (digest: string) => boolean): Promise<void> {
        for (const name of await readdir(this.#folder)) {
            if (!isUsed(`sha256:${name}`)) {
                await rm(path.join(this.#folder, name), { force: true });
            }
        }
    }

    #file(digest: string): string {
        return path.join(this.#folder, digest.replace("sha256:", ""));
    }
}

/** A blob that is being uploaded, in any number of chunks. */
export class BlobUpload {
    size = 0;
    readonly #hash: Hash = createHash("sha256");

    readonly id: string;
    readonly #draft: string;
    readonly #target: (digest: string) => string;

    constructor(id: string, draft: string, target: (digest: string) => string) {
        this.id = id;
        this.#draft = draft;
        this.#target = target;
    }

    async append(content: AsyncIterable<Buffer>): Promise<void> {
        for await (const chunk of content) {
            await appendFile(this.#draft, chunk);
            this.#hash.update(chunk);
            this.size += chunk.length;
        }
    }

    /**
     * Stores the blob under its digest and returns that digest. Stores nothing if the digest differs from the expected
     * one.
     */
    async finish(expected: string): Promise<string> {
        await appendFile(this.#draft, "");
        const digest = `sha256:${this.#hash.digest("hex")}`;
        if (digest === expected) {
            await rename(this.#draft, this.#target(digest));
        } else {
            await this.cancel();
        }
        return digest;
    }

    async cancel(): Promise<void> {
        await rm(this.#draft, { force: true });
    }
}

/** Blob uploads in progress, by id. */
export class Uploads {
    readonly #uploads = new Map<string, BlobUpload>();

    readonly #files: BlobFiles;

    constructor(files: BlobFiles) {
        this.#files = files;
    }

    begin(): BlobUpload {
        const upload = this.#files.begin();
        this.#uploads.set(upload.id, upload);
        return upload;
    }

    get(id: string): BlobUpload | undefined {
        return this.#uploads.get(id);
    }

    /** Removes an upload that is finished or cancelled. */
    forget(upload: BlobUpload): void {
        this.#uploads.delete(upload.id);
    }
}
