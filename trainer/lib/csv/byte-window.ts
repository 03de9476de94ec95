import { isUtf8 } from "node:buffer";
import { DataError } from "../errors";

/** Number of bytes that are processed at a time. */
const WINDOW_BYTES = 256 * 1024;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

/**
 * The part of a file that is being read. Bytes are added at the end, complete rows are taken from the front, and an
 * incomplete row is kept until the rest of it arrives. The result does not depend on how the bytes were cut into
 * chunks. Up to `end`, the bytes are valid UTF-8.
 */
export class ByteWindow {
    bytes: Buffer;
    /** Index of the first byte that has not been taken yet. */
    start = 0;
    /** End of the checked bytes. `bytes[end]` is 0 or a continuation byte, so a scan may read it. */
    end = 0;
    /** Number of bytes received so far from the file. */
    received = 0;
    /** End of the bytes in the window; the last character may be incomplete. */
    #filled = 0;
    readonly #source: string;

    constructor(source: string, windowBytes: number = WINDOW_BYTES) {
        this.#source = source;
        // The extra byte is the one after the end.
        this.bytes = Buffer.alloc(windowBytes + 1);
    }

    /**
     * Adds as much of the chunk, starting at `offset`, as fits. Returns the number of bytes added: 0 when the window is
     * full.
     */
    fill(chunk: Uint8Array, offset: number): number {
        const taken = Math.min(chunk.length - offset, this.bytes.length - 1 - this.#filled);
        this.bytes.set(chunk.subarray(offset, offset + taken), this.#filled);
        this.#filled += taken;
        this.received += taken;
        return taken;
    }

    /**
     * Checks the bytes added since the last check. If `final` is true, an incomplete last character is an error.
     * @throws {DataError} for bytes that are not UTF-8
     */
    check(final: boolean): void {
        const from = this.end;
        const to = final ? this.#filled : this.#filled - cutCharacterLength(this.bytes, from, this.#filled);
        if (!isUtf8(this.bytes.subarray(from, to))) {
            const offset = this.received - this.#filled + findInvalid(this.bytes, from, to);
            const where = offset === 0 ? "" : ` after byte ${offset}`;
            throw new DataError(
                `${this.#source} is not UTF-8 text${where}: save it as "CSV UTF-8", or set \`encoding\` (--encoding=windows-1252)`,
            );
        }
        this.end = to;
        if (to === this.#filled) {
            this.bytes[to] = 0;
        }
        const isFirst = from === 0 && this.received === this.#filled;
        if (isFirst && BYTE_ORDER_MARK.every((byte, at) => this.bytes[at] === byte)) {
            this.start = BYTE_ORDER_MARK.length;
        }
    }

    /** Moves the bytes that have not been taken yet to the front. When they fill more than half, the window grows. */
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

/** Number of bytes in the incomplete character at the end, from 0 to 3. */
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

/** Index of the first byte that does not start a valid character. */
function findInvalid(bytes: Buffer, from: number, to: number): number {
    let at = from;
    // Invalid bytes are decoded as U+FFFD, but the text may also contain this character.
    for (const part of bytes.toString("utf8", from, to).split("\ufffd")) {
        at += Buffer.byteLength(part);
        if (bytes.toString("latin1", at, at + 3) !== "\xef\xbf\xbd") {
            break;
        }
        at += 3;
    }
    return at;
}
