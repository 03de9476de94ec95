import { createHash, type Hash, randomUUID } from "node:crypto";
import { constants, mkdirSync } from "node:fs";
import { copyFile, type FileHandle, open, readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { CRC32C } from "@google-cloud/storage";

/** Content that is completely stored on disk. */
export interface Blob {
    /** File name under the blob folder. */
    readonly id: string;
    readonly size: number;
    /** Base64, as in Cloud Storage. */
    readonly md5Hash: string;
    /** Base64 of the big-endian CRC32C, as in Cloud Storage. */
    readonly crc32c: string;
}

/** The contents of objects, in one file each. A file never changes once it is complete. */
export class BlobStore {
    readonly #folder: string;

    constructor(dataDir: string) {
        this.#folder = path.join(dataDir, "blobs");
        mkdirSync(this.#folder, { recursive: true });
    }

    /** Begins a new blob. */
    async create(): Promise<BlobWriter> {
        const id = randomUUID();
        return new BlobWriter(id, await open(this.#file(id), "wx"));
    }

    /** Continues a blob begun by an earlier process, after reading its content to restore the hashes. */
    async reopen(id: string): Promise<BlobWriter> {
        const handle = await open(this.#file(id), "a+");
        const writer = new BlobWriter(id, handle);
        for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) {
            writer.account(chunk as Buffer);
        }
        return writer;
    }

    /** Stores a whole stream. Stores nothing if the stream breaks. */
    async store(content: AsyncIterable<Buffer>): Promise<Blob> {
        const writer = await this.create();
        try {
            for await (const chunk of content) {
                await writer.write(chunk);
            }
            return await writer.finish();
        } catch (error) {
            await writer.close();
            await this.delete(writer.id);
            throw error;
        }
    }

    /** Creates a second blob with the same content. */
    async copy(blob: Blob): Promise<Blob> {
        const id = randomUUID();
        await copyFile(this.#file(blob.id), this.#file(id), constants.COPYFILE_FICLONE);
        return { ...blob, id };
    }

    /**
     * Opens content for reading, from byte `start` to byte `end` inclusive. The file is open by the time the promise
     * resolves, so a later delete does not break the download.
     */
    async read(id: string, start = 0, end = Number.POSITIVE_INFINITY): Promise<Readable> {
        const handle = await open(this.#file(id), "r");
        return handle.createReadStream({ start, end });
    }

    async delete(id: string): Promise<void> {
        await rm(this.#file(id), { force: true });
    }

    /** Removes files that a crash left behind without a document. */
    async sweep(used: ReadonlySet<string>): Promise<void> {
        const orphans = (await readdir(this.#folder)).filter((id) => !used.has(id));
        await Promise.all(orphans.map((id) => this.delete(id)));
    }

    #file(id: string): string {
        return path.join(this.#folder, id);
    }
}

/** A blob that is being written sequentially. */
export class BlobWriter {
    readonly #md5: Hash = createHash("md5");
    readonly #crc32c = new CRC32C();
    #written = 0;

    readonly id: string;
    readonly #handle: FileHandle;

    constructor(id: string, handle: FileHandle) {
        this.id = id;
        this.#handle = handle;
    }

    /** Number of bytes written so far. */
    get size(): number {
        return this.#written;
    }

    async write(chunk: Buffer): Promise<void> {
        try {
            await this.#handle.appendFile(chunk);
        } catch (error) {
            // If the disk is full, part of the chunk may have been written. Remove it, because a resumed upload appends
            // to the file.
            await this.#handle.truncate(this.#written);
            throw error;
        }
        this.account(chunk);
    }

    /** Counts and hashes bytes already in the file. */
    account(chunk: Buffer): void {
        this.#md5.update(chunk);
        this.#crc32c.update(chunk);
        this.#written += chunk.length;
    }

    async finish(): Promise<Blob> {
        await this.close();
        const md5Hash = this.#md5.digest("base64");
        return { id: this.id, size: this.#written, md5Hash, crc32c: this.#crc32c.toString() };
    }

    async close(): Promise<void> {
        await this.#handle.close();
    }
}
