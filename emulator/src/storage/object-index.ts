import type { Collection, DocumentStore } from "../store/documents";
import type { Blob } from "./blobs";
import type { ObjectAttributes } from "./object-schema";

/** One version of an object as stored. */
export interface StoredObject {
    readonly bucket: string;
    readonly name: string;
    /** Microseconds since 1970, decimal. A later version of the same name has a larger generation. */
    readonly generation: string;
    readonly metageneration: number;
    readonly timeCreated: string;
    readonly updated: string;
    /** Time at which the version became noncurrent; absent for the live version. */
    readonly timeDeleted?: string;
    readonly blob: Blob;
    /** Number of parts of a composed object. Such an object lacks an MD5 hash. */
    readonly composedOf?: number;
    readonly attributes: ObjectAttributes;
}

/** All versions of all objects in one bucket, in memory and as documents. */
export class ObjectIndex {
    readonly #documents: Collection<StoredObject>;
    /** Versions by name, oldest first. */
    readonly #versions = new Map<string, StoredObject[]>();

    constructor(store: DocumentStore, bucket: string) {
        this.#documents = store.collection(collectionOf(bucket));
        for (const object of this.#documents.values()) {
            this.#insert(object);
        }
    }

    get size(): number {
        return this.#documents.size;
    }

    /** Returns the live version, or the version with the given generation. */
    find(name: string, generation?: string): StoredObject | undefined {
        const versions = this.#versions.get(name) ?? [];
        return generation === undefined
            ? versions.filter(({ timeDeleted }) => timeDeleted === undefined).at(-1)
            : versions.find((version) => version.generation === generation);
    }

    /** Returns every version, ordered by name (UTF-8 bytes), then by generation. */
    all(): StoredObject[] {
        const names = [...this.#versions.keys()].sort(compareUtf8);
        return names.flatMap((name) => this.#versions.get(name) ?? []);
    }

    /** Adds a version, or replaces the one with the same generation. */
    put(object: StoredObject): Promise<void> {
        this.#insert(object);
        return this.#documents.put(keyOf(object), object);
    }

    async remove(object: StoredObject): Promise<void> {
        const rest = (this.#versions.get(object.name) ?? []).filter(
            ({ generation }) => generation !== object.generation,
        );
        if (rest.length > 0) {
            this.#versions.set(object.name, rest);
        } else {
            this.#versions.delete(object.name);
        }
        await this.#documents.delete(keyOf(object));
    }

    #insert(object: StoredObject): void {
        const others = (this.#versions.get(object.name) ?? []).filter(
            ({ generation }) => generation !== object.generation,
        );
        // Generations have the same number of digits until the year 2286, so string order equals numeric order.
        this.#versions.set(
            object.name,
            [...others, object].sort((a, b) => (a.generation < b.generation ? -1 : 1)),
        );
    }
}

/** Collection of a bucket's objects. */
export function collectionOf(bucket: string): string {
    return `objects/${bucket}`;
}

/** Names cannot contain a line feed, so the two parts stay distinct. */
function keyOf({ name, generation }: StoredObject): string {
    return `${name}\n${generation}`;
}

/** Compares names by UTF-8 bytes, as Cloud Storage does. JavaScript's order differs beyond U+FFFF. */
export function compareUtf8(a: string, b: string): number {
    if (a === b) {
        return 0;
    }
    return /[\uD800-\uDFFF]/.test(a + b) ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a < b ? -1 : 1;
}
