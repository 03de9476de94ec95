import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/** Content of a document's file. It includes the key, because not every key is a valid file name. */
interface StoredDocument<T> {
    readonly key: string;
    readonly value: T;
}

/**
 * Collections of JSON documents, with one file per document under `<folder>/<collection>/` and a copy of all documents
 * in memory. Reads are synchronous. A write changes memory immediately (so that a precondition and the write it guards
 * are one step) and resolves once the file is in place. Files are replaced by rename, so a crash leaves either the old
 * document or the new one. A write that fails (e.g. on a full disk) rejects and changes nothing.
 */
export class DocumentStore {
    readonly #collections = new Map<string, Collection<unknown>>();

    readonly #folder: string;

    constructor(folder: string) {
        this.#folder = folder;
    }

    /**
     * Opens a collection and, the first time, reads its files.
     *
     * @param name may contain `/`, which creates nested folders
     * @param options permission bits for the files, before the umask; only the first call for a collection sets them
     */
    collection<T>(name: string, { mode = 0o666 }: { readonly mode?: number } = {}): Collection<T> {
        let found = this.#collections.get(name);
        if (found === undefined) {
            found = new Collection<unknown>(path.join(this.#folder, name), mode);
            this.#collections.set(name, found);
        }
        return found as Collection<T>;
    }

    /** Removes a collection and all its documents. */
    async drop(name: string): Promise<void> {
        await this.collection(name).flush();
        this.#collections.delete(name);
        await rm(path.join(this.#folder, name), { recursive: true, force: true });
    }

    /** Resolves when every write so far is on disk; rejects with the first failure. */
    async flush(): Promise<void> {
        await Promise.all([...this.#collections.values()].map((collection) => collection.flush()));
    }
}

/** A collection of documents by key. Values are never changed in place; `put` stores a new one. */
export class Collection<T> {
    readonly #documents = new Map<string, T>();
    /** The documents as stored on disk. */
    readonly #saved = new Map<string, T>();
    readonly #writes = new Map<string, Promise<void>>();

    /** Permission bits for the files. */
    readonly #mode: number;
    readonly #folder: string;

    /** Called by DocumentStore.collection. Throws an error that names the file if a document cannot be read. */
    constructor(folder: string, mode: number) {
        this.#folder = folder;
        this.#mode = mode;

        mkdirSync(folder, { recursive: true });
        for (const entry of readdirSync(folder, { withFileTypes: true })) {
            const file = path.join(folder, entry.name);
            if (entry.isFile() && entry.name.endsWith(".json")) {
                const { key, value } = readDocument<T>(file);
                this.#documents.set(key, value);
                this.#saved.set(key, value);
            } else if (entry.isFile()) {
                rmSync(file); // A crash left this file half-written.
            }
        }
    }

    get size(): number {
        return this.#documents.size;
    }

    get(key: string): T | undefined {
        return this.#documents.get(key);
    }

    has(key: string): boolean {
        return this.#documents.has(key);
    }

    /** All documents as [key, value], ordered by key in code-unit order. */
    entries(): [string, T][] {
        return [...this.#documents].sort(([a], [b]) => (a < b ? -1 : 1));
    }

    /** All values, ordered by key. */
    values(): T[] {
        return this.entries().map(([, value]) => value);
    }

    /** Stores a document. Memory changes immediately; the promise resolves once the document is on disk. */
    put(key: string, value: T): Promise<void> {
        this.#documents.set(key, value);
        return this.#save(key);
    }

    /** Removes a document and resolves to whether it existed. */
    async delete(key: string): Promise<boolean> {
        const existed = this.#documents.delete(key);
        if (existed) {
            await this.#save(key);
        }
        return existed;
    }

    /** Resolves once every write so far is on disk. */
    async flush(): Promise<void> {
        await Promise.all(this.#writes.values());
    }

    /** Runs the writes to a key sequentially. Each writes the current state in memory, so the last state wins. */
    #save(key: string): Promise<void> {
        const before = this.#writes.get(key) ?? Promise.resolve();
        const write = before.catch(() => undefined).then(() => this.#writeFile(key));
        const tracked = write.finally(() => {
            if (this.#writes.get(key) === tracked) {
                this.#writes.delete(key);
            }
        });
        this.#writes.set(key, tracked);
        return tracked;
    }

    async #writeFile(key: string): Promise<void> {
        const value = this.#documents.get(key);
        try {
            await this.#replaceFile(key, value);
            set(this.#saved, key, value);
        } catch (error) {
            // If a later write has already changed this key, leave its value alone.
            if (this.#documents.get(key) === value) {
                set(this.#documents, key, this.#saved.get(key));
            }
            throw error;
        }
    }

    async #replaceFile(key: string, value: T | undefined): Promise<void> {
        const file = path.join(this.#folder, fileName(key));
        if (value === undefined) {
            await rm(file, { force: true });
            return;
        }
        const document: StoredDocument<T> = { key, value };
        const draft = `${file}.${randomUUID()}.tmp`;
        try {
            await writeFile(draft, `${JSON.stringify(document, undefined, 2)}\n`, { mode: this.#mode });
            await rename(draft, file);
        } catch (error) {
            await rm(draft, { force: true });
            throw error;
        }
    }
}

function set<T>(documents: Map<string, T>, key: string, value: T | undefined): void {
    if (value === undefined) {
        documents.delete(key);
    } else {
        documents.set(key, value);
    }
}

function readDocument<T>(file: string): StoredDocument<T> {
    try {
        return JSON.parse(readFileSync(file, "utf8")) as StoredDocument<T>;
    } catch (error) {
        throw new Error(`The emulator cannot read its document ${file}: delete that file, or the whole data folder.`, {
            cause: error,
        });
    }
}

/**
 * Returns the file name for a key: a readable part, lowercased for case-insensitive file systems, and a hash that
 * distinguishes all keys.
 */
function fileName(key: string): string {
    const readable = key
        .toLowerCase()
        .replace(/[^a-z0-9._-]+/g, "-")
        .slice(-60)
        .replace(/^[.-]+/, "");
    return `${readable}.${createHash("sha256").update(key).digest("hex").slice(0, 16)}.json`;
}
