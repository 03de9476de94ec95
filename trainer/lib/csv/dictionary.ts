const EMPTY = 0;

/**
 * Distinct strings, numbered from 0 in order of first appearance. A known string is found by its bytes, without
 * creating a JavaScript string. Open addressing with linear probing; at most half the slots are used.
 */
export class Dictionary {
    size = 0;
    #slots = new Uint32Array(64);
    #hashes = new Uint32Array(32);
    /** End of each string in `bytes`. */
    #ends = new Uint32Array(32);
    #bytes = Buffer.alloc(256);

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
        return this.#insert(hash, slot, bytes, start, end);
    }

    /** Returns the string with this number. */
    text(entry: number): string {
        return this.#bytes.toString("utf8", this.#startOf(entry), this.#ends[entry]);
    }

    /** Returns the number of a string, or -1 if it is not in the dictionary. */
    find(text: string): number {
        const bytes = Buffer.from(text);
        const { size } = this;
        for (let entry = 0; entry < size; entry++) {
            if (this.#equals(entry, bytes, 0, bytes.length)) {
                return entry;
            }
        }
        return -1;
    }

    /** Memory in use. */
    get byteLength(): number {
        return this.#slots.byteLength + this.#hashes.byteLength + this.#ends.byteLength + this.#bytes.byteLength;
    }

    #startOf(entry: number): number {
        return entry === 0 ? 0 : (this.#ends[entry - 1] as number);
    }

    #equals(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
        const known = this.#startOf(entry);
        const length = end - start;
        if ((this.#ends[entry] as number) - known !== length) {
            return false;
        }
        for (let at = 0; at < length; at++) {
            if (this.#bytes[known + at] !== bytes[start + at]) {
                return false;
            }
        }
        return true;
    }

    #insert(hash: number, slot: number, bytes: Uint8Array, start: number, end: number): number {
        const entry = this.size;
        const from = this.#startOf(entry);
        const to = from + end - start;
        if (to > this.#bytes.length) {
            this.#bytes = Buffer.concat([this.#bytes], Math.max(this.#bytes.length * 2, to));
        }
        this.#bytes.set(bytes.subarray(start, end), from);
        this.#ends[entry] = to;
        this.#hashes[entry] = hash;
        this.#slots[slot] = entry + 1;
        this.size = entry + 1;
        if (this.size === this.#hashes.length) {
            this.#grow();
        }
        return entry;
    }

    #grow(): void {
        this.#hashes = enlarged(this.#hashes);
        this.#ends = enlarged(this.#ends);
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

function enlarged(list: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
    const larger = new Uint32Array(list.length * 2);
    larger.set(list);
    return larger;
}

/** FNV-1a, with the high bits mixed into the low ones, which choose the slot: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) {
        hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    }
    return (hash ^ (hash >>> 15)) >>> 0;
}
