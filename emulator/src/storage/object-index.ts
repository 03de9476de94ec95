import type { Collection, DocumentStore } from "../store/documents";
import type { Blob } from "./blobs";
import type { ObjectAttributes } from "./object-schema";

/** One version of an object as stored. */
export interface StoredObject {
    readonly bucket: string;
    readonly name: string;
    /** Microseconds since 1970, decimal. A later version under the same name has a larger generation. */
    readonly generation: string;
    readonly metageneration: number;
    readonly timeCreated: string;
    readonly updated: string;
    /** Time at which the version became noncurrent; absent for the live version. */
    readonly timeDeleted?: string;
    readonly blob: Blob;
    /** Number of parts of a composed object. Such an object has no MD5 hash. */
    readonly composedOf?: number;
    readonly attributes: ObjectAttributes;
    /** Set for a deleted version that its bucket still keeps. */
    readonly kept?: Kept;
}

/** The period during which a deleted bucket or object is kept. */
export interface Kept {
    readonly softDeleteTime: string;
    readonly hardDeleteTime: string;
}

/** The object names in a bucket, in UTF-8 byte order. No method takes time proportional to the size of the bucket. */
export interface ObjectNames {
    /** Returns the versions of the name at an index, oldest first, or undefined past the end. */
    at(index: number): readonly StoredObject[] | undefined;
    /** Returns the index of the first name that does not sort before this one. */
    seek(name: string): number;
    /** Returns the index of the first name after all names that begin with a prefix. */
    seekPast(prefix: string): number;
}

/** Up to this many names, inserting them one by one is faster than merging two lists. */
const FEW_NAMES = 100;

/** All versions of all objects in one bucket, in memory and as documents. */
export class ObjectIndex implements ObjectNames {
    readonly #documents: Collection<StoredObject>;
    /** Versions by name, oldest first. */
    readonly #versions = new Map<string, StoredObject[]>();
    /** Names in UTF-8 byte order, apart from those in `#added`. */
    #sorted: string[] = [];
    /**
     * Names added since the last listing, kept separately so that the cost of an upload does not grow with the bucket.
     */
    readonly #added = new Set<string>();

    constructor(store: DocumentStore, collection: string) {
        this.#documents = store.collection(collection);
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
        return this.#names().flatMap((name) => this.#versions.get(name) ?? []);
    }

    at(index: number): readonly StoredObject[] | undefined {
        const name = this.#names()[index];
        return name === undefined ? undefined : this.#versions.get(name);
    }

    seek(name: string): number {
        return firstIndex(this.#names(), (other) => compareUtf8(other, name) >= 0);
    }

    seekPast(prefix: string): number {
        return firstIndex(this.#names(), (name) => !name.startsWith(prefix) && compareUtf8(name, prefix) > 0);
    }

    /** Adds a version, or replaces the one with the same generation. */
    async put(object: StoredObject): Promise<void> {
        this.#insert(object);
        try {
            await this.#documents.put(keyOf(object), object);
        } catch (error) {
            const kept = this.#documents.get(keyOf(object));
            if (kept !== undefined) {
                this.#insert(kept);
            }
            throw error;
        }
    }

    async remove(object: StoredObject): Promise<void> {
        const rest = (this.#versions.get(object.name) ?? []).filter(
            ({ generation }) => generation !== object.generation,
        );
        if (rest.length > 0) {
            this.#versions.set(object.name, rest);
        } else {
            this.#versions.delete(object.name);
            if (!this.#added.delete(object.name)) {
                this.#sorted.splice(this.seek(object.name), 1);
            }
        }
        await this.#documents.delete(keyOf(object));
    }

    /** Returns every name in order, after merging those added since the last call. */
    #names(): readonly string[] {
        if (this.#added.size > FEW_NAMES) {
            this.#sorted = merge(this.#sorted, sorted([...this.#added]));
        } else {
            for (const name of this.#added) {
                this.#sorted.splice(
                    firstIndex(this.#sorted, (other) => compareUtf8(other, name) >= 0),
                    0,
                    name,
                );
            }
        }
        this.#added.clear();
        return this.#sorted;
    }

    #insert(object: StoredObject): void {
        if (!this.#versions.has(object.name)) {
            this.#added.add(object.name);
        }
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

/** Collection for a bucket's objects. */
export function collectionOf(bucket: string): string {
    return `objects/${bucket}`;
}

/** Collection for the metadata of a bucket's deleted objects. */
export function keptCollectionOf(bucket: string): string {
    return `kept-objects/${bucket}`;
}

/** Names cannot contain a line feed, so the two parts stay distinct. */
function keyOf({ name, generation }: StoredObject): string {
    return `${name}\n${generation}`;
}

/** Compares names by UTF-8 bytes, as Cloud Storage does. JavaScript's order differs beyond U+FFFF. */
export function compareUtf8(a: string, b: string): number {
    const length = Math.min(a.length, b.length);
    for (let index = 0; index < length; index++) {
        const difference = utf8Rank(a.charCodeAt(index)) - utf8Rank(b.charCodeAt(index));
        if (difference !== 0) {
            return difference;
        }
    }
    return a.length - b.length;
}

/** Ranks surrogates, which encode characters beyond U+FFFF, after all other code units. */
function utf8Rank(unit: number): number {
    return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

/** Returns the index of the first name that satisfies a condition, given that all later names also satisfy it. */
function firstIndex(names: readonly string[], isReached: (name: string) => boolean): number {
    let low = 0;
    let high = names.length;
    while (low < high) {
        const middle = (low + high) >>> 1;
        if (isReached(names[middle] as string)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/** Without surrogates, code-unit order is the same as UTF-8 order, and sorting by it is many times faster. */
function sorted(names: readonly string[]): string[] {
    return names.some((name) => /[\uD800-\uDFFF]/.test(name)) ? [...names].sort(compareUtf8) : [...names].sort();
}

/** Merges two sorted lists. */
function merge(one: readonly string[], other: readonly string[]): string[] {
    const merged: string[] = [];
    let index = 0;
    for (const name of one) {
        for (let next = other[index]; next !== undefined && compareUtf8(next, name) < 0; next = other[index]) {
            merged.push(next);
            index++;
        }
        merged.push(name);
    }
    for (const name of other.slice(index)) {
        merged.push(name);
    }
    return merged;
}
