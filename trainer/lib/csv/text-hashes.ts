/**
 * Knows which texts it has seen by hashes of 64 bits alone, in 16 to 32 bytes for each. Two different texts among
 * ten million are taken for the same one with a probability of 3 in a million.
 */
export class TextHashes {
    size = 0;
    /** Pairs: the halves of a hash; two zeros are an empty slot. At most half of the slots are taken. */
    #slots = new Uint32Array(2 * 1024);

    /** False: it was there already. */
    add(bytes: Uint8Array, start: number, end: number): boolean {
        // Two rounds that differ in start and factor: FNV-1a, and one with the golden ratio.
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

    /** Memory that it takes. */
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
