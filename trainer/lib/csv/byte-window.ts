import { isUtf8 } from "node:buffer";
import { DataError } from "../errors";

/** What is read at once. Bytes. */
const WINDOW_BYTES = 256 * 1024;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

/**
 * The part of a file that is looked at: bytes come in at the end, whole rows are taken from the front, and the rest of
 * a row waits for more. Nothing depends on how the bytes were cut into chunks. Everything in it is checked UTF-8.
 */
export class ByteWindow {
    bytes: Buffer;
    /** First byte that was not taken yet. */
    start = 0;
    /** Behind the last byte that is checked. `bytes[end]` is 0 or a continuation byte, so a scan may look at it. */
    end = 0;
    /** Bytes of the file that have come in. */
    received = 0;
    /** Behind the last byte that is there; the last character may be cut. */
    #filled = 0;
    readonly #source: string;

    constructor(source: string, windowBytes: number = WINDOW_BYTES) {
        this.#source = source;
        // One more for the byte behind the end.
        this.bytes = Buffer.alloc(windowBytes + 1);
    }

    /** Takes as much of the chunk, from `offset`, as has room; returns how many bytes. 0: the window is full. */
    fill(chunk: Uint8Array, offset: number): number {
        const taken = Math.min(chunk.length - offset, this.bytes.length - 1 - this.#filled);
        this.bytes.set(
            offset === 0 && taken === chunk.length ? chunk : chunk.subarray(offset, offset + taken),
            this.#filled,
        );
        this.#filled += taken;
        this.received += taken;
        return taken;
    }

    /**
     * Checks what has come in, all of it when no more will come.
     * @throws {DataError} for what is not UTF-8
     */
    check(final: boolean): void {
        const from = this.end;
        const to = final ? this.#filled : this.#filled - cutCharacterLength(this.bytes, from, this.#filled);
        if (!isUtf8(this.bytes.subarray(from, to))) {
            const place = this.received - this.#filled + findInvalid(this.bytes, from, to);
            const where = place === 0 ? "" : ` after byte ${place}`;
            throw new DataError(`${this.#source} is not UTF-8 text${where}: save it as "CSV UTF-8"`);
        }
        this.end = to;
        if (to === this.#filled) {
            this.bytes[to] = 0;
        }
        if (
            from === 0 &&
            this.received === this.#filled &&
            BYTE_ORDER_MARK.every((byte, at) => this.bytes[at] === byte)
        ) {
            this.start = BYTE_ORDER_MARK.length;
        }
    }

    /** Moves what is not taken yet to the front. When that is more than half, the window grows. */
    compact(): void {
        const rest = this.#filled - this.start;
        if (rest * 2 > this.bytes.length) {
            const larger = Buffer.alloc(this.bytes.length * 2 + 1);
            this.bytes.copy(larger, 0, this.start, this.#filled);
            this.bytes = larger;
        } else {
            this.bytes.copyWithin(0, this.start, this.#filled);
        }
        this.end -= this.start;
        this.#filled = rest;
        this.start = 0;
        if (this.end === rest) {
            this.bytes[rest] = 0;
        }
    }
}

/** Bytes of a character at the end that is not complete: 0 to 3. */
function cutCharacterLength(bytes: Uint8Array, from: number, to: number): number {
    for (let length = 1; length <= 3 && to - length >= from; length++) {
        const byte = bytes[to - length] as number;
        if ((byte & 0xc0) !== 0x80) {
            const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
            return needed > length ? length : 0;
        }
    }
    return 0;
}

/** The place of the first byte that begins no valid character. */
function findInvalid(bytes: Uint8Array, from: number, to: number): number {
    // Up to `valid` all is well (cut characters aside), up to `invalid` it is not.
    let valid = from;
    let invalid = to;
    while (invalid - valid > 1) {
        const middle = (valid + invalid) >>> 1;
        const whole = middle - cutCharacterLength(bytes, from, middle);
        if (isUtf8(bytes.subarray(from, whole))) {
            valid = middle;
        } else {
            invalid = middle;
        }
    }
    return valid - cutCharacterLength(bytes, from, valid);
}
