const EMPTY = 0;

/**
 * Distinct strings, numbered from 0 in order of first appearance. A known string is found by its bytes, without
 * creating a JavaScript string. The table uses open addressing with linear probing; at most half of the slots are
 * occupied.
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

    /** The strings, by number. */
    texts(): string[] {
        return Array.from({ length: this.size }, (_, at) =>
            this.#bytes.toString("utf8", this.#startOf(at), this.#ends[at]),
        );
    }

    /** Visits the strings as bytes, by number. */
    forEach(visit: (bytes: Uint8Array, start: number, end: number) => void): void {
        for (let at = 0; at < this.size; at++) {
            visit(this.#bytes, this.#startOf(at), this.#ends[at] as number);
        }
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

/**
 * A set of strings that stores only 64-bit hashes, in 16 to 32 bytes each. Among ten million different strings, the
 * probability that any two are mistaken for each other is 3 in a million.
 */
export class TextHashes {
    size = 0;
    /** Pairs of hash halves; two zeros mark an empty slot. At most half of the slots are used. */
    #slots = new Uint32Array(2 * 1024);

    /** Adds a string; returns false if it is a duplicate. */
    add(bytes: Uint8Array, start: number, end: number): boolean {
        // Two hashes with different start values and factors: FNV-1a, and one based on the golden ratio.
        let low = 0x811c9dc5;
        let high = 0x9e3779b9;
        for (let at = start; at < end; at++) {
            const byte = bytes[at] as number;
            low = Math.imul(low ^ byte, 0x01000193);
            high = Math.imul(high ^ byte, 0x85ebca6b);
            high ^= high >>> 13;
        }
        low = mix(low);
        high = mix(high ^ (end - start));
        if (!this.#insert(low, low === 0 && high === 0 ? 1 : high)) {
            return false;
        }
        this.size++;
        if (this.size * 4 > this.#slots.length) {
            this.#grow();
        }
        return true;
    }

    /** Memory in use. */
    get byteLength(): number {
        return this.#slots.byteLength;
    }

    #insert(low: number, high: number): boolean {
        const slots = this.#slots;
        const mask = slots.length / 2 - 1;
        for (let slot = low & mask; ; slot = (slot + 1) & mask) {
            const slotLow = slots[slot * 2];
            const slotHigh = slots[slot * 2 + 1];
            if (slotLow === low && slotHigh === high) {
                return false;
            }
            if (slotLow === 0 && slotHigh === 0) {
                slots[slot * 2] = low;
                slots[slot * 2 + 1] = high;
                return true;
            }
        }
    }

    #grow(): void {
        const old = this.#slots;
        this.#slots = new Uint32Array(old.length * 2);
        for (let slot = 0; slot < old.length; slot += 2) {
            if (old[slot] !== 0 || old[slot + 1] !== 0) {
                this.#insert(old[slot] as number, old[slot + 1] as number);
            }
        }
    }
}

/** MurmurHash3's finalizer: every bit of the result depends on every bit. https://github.com/aappleby/smhasher */
function mix(hash: number): number {
    let mixed = hash ^ (hash >>> 16);
    mixed = Math.imul(mixed, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
}
