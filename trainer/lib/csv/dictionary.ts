const EMPTY = 0;

/** Strings as bytes, one after another, in memory that grows. */
export class ByteStrings {
    bytes = Buffer.alloc(256);
    /** End of each string in `bytes`. */
    ends = new Uint32Array(32);

    startOf(index: number): number {
        return index === 0 ? 0 : (this.ends[index - 1] as number);
    }

    text(index: number): string {
        return this.bytes.toString("utf8", this.startOf(index), this.ends[index]);
    }

    /** Writes a string. Strings arrive in order, but the last one may be repeated. */
    write(index: number, bytes: Uint8Array, start: number, end: number): void {
        const from = this.startOf(index);
        const to = from + end - start;
        if (to > this.bytes.length) {
            this.bytes = Buffer.concat([this.bytes], Math.max(this.bytes.length * 2, to));
        }
        if (index === this.ends.length) {
            this.ends = enlarged(this.ends);
        }
        for (let at = start; at < end; at++) {
            this.bytes[from + at - start] = bytes[at] as number;
        }
        this.ends[index] = to;
    }

    /** Memory in use. */
    get byteLength(): number {
        return this.bytes.byteLength + this.ends.byteLength;
    }
}

function enlarged(list: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
    const larger = new Uint32Array(list.length * 2);
    larger.set(list);
    return larger;
}

/**
 * Distinct strings, numbered from 0 in order of first appearance. A known string is found by its bytes, without
 * creating a JavaScript string. Open addressing with linear probing; at most half the slots are used.
 */
export class Dictionary extends ByteStrings {
    size = 0;
    #slots = new Uint32Array(64);
    #hashes = new Uint32Array(32);

    /** Returns the number of a string, which is added if it is new. */
    add(bytes: Uint8Array, start: number, end: number): number {
        const hash = hashOf(bytes, start, end);
        const mask = this.#slots.length - 1;
        let slot = hash & mask;
        for (;;) {
            const entry = this.#slots[slot] as number;
            if (entry === EMPTY) {
                break;
            }
            if (this.#hashes[entry - 1] === hash && this.#equals(entry - 1, bytes, start, end)) {
                return entry - 1;
            }
            slot = (slot + 1) & mask;
        }
        const added = this.size++;
        this.write(added, bytes, start, end);
        this.#hashes[added] = hash;
        this.#slots[slot] = this.size;
        if (this.size === this.#hashes.length) {
            this.#grow();
        }
        return added;
    }

    /** Returns the number of a string, or -1 if it is not in the dictionary. */
    find(text: string): number {
        const bytes = Buffer.from(text);
        for (let entry = 0; entry < this.size; entry++) {
            if (this.#equals(entry, bytes, 0, bytes.length)) {
                return entry;
            }
        }
        return -1;
    }

    override get byteLength(): number {
        return super.byteLength + this.#slots.byteLength + this.#hashes.byteLength;
    }

    #equals(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
        const known = this.startOf(entry);
        const length = end - start;
        if ((this.ends[entry] as number) - known !== length) {
            return false;
        }
        for (let at = 0; at < length; at++) {
            if (this.bytes[known + at] !== bytes[start + at]) {
                return false;
            }
        }
        return true;
    }

    #grow(): void {
        this.#hashes = enlarged(this.#hashes);
        this.#slots = new Uint32Array(this.#slots.length * 2);
        const mask = this.#slots.length - 1;
        for (let entry = 0; entry < this.size; entry++) {
            let slot = (this.#hashes[entry] as number) & mask;
            while (this.#slots[slot] !== EMPTY) {
                slot = (slot + 1) & mask;
            }
            this.#slots[slot] = entry + 1;
        }
    }
}

/** FNV-1a, with the high bits mixed into the low ones, which choose the slot: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) {
        hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    }
    return (hash ^ (hash >>> 15)) >>> 0;
}
