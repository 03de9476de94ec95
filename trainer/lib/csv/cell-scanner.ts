const TAB = 9;
export const LF = 10;
export const CR = 13;
const SPACE = 32;
export const QUOTE = 34;

/** A delimiter follows; the next cell begins after it. */
export const DELIMITER = 0;
/** A line break or the end of the file follows. */
export const ROW_END = 1;
/** The cell continues after the bytes read so far. */
export const CUT = 2;
/** The file ends within quotes. */
export const OPEN_QUOTE = 3;
/** Text follows the closing quote. */
export const TEXT_AFTER_QUOTE = 4;

/** The way a cell ended, or the reason it could not be read. */
export type CellEnd = 0 | 1 | 2 | 3 | 4;

/**
 * Reads cells one by one, according to RFC 4180 and common variations on it: the delimiter is a parameter, CR and CRLF
 * also end rows, and white space around a cell (as `String.trim` defines it) is not part of the cell. Inside quotes
 * every character is kept. A quote inside a cell that does not begin with one is part of the cell.
 * https://www.rfc-editor.org/rfc/rfc4180
 */
export class CellScanner {
    /** Content of the cell: `bytes` from `start` to `end`, without quotes. */
    bytes: Uint8Array = new Uint8Array(0);
    start = 0;
    end = 0;
    quoted = false;
    lineBreaks = 0;
    /** Start of the next cell or row. */
    next = 0;

    readonly #delimiter: number;
    #unescaped = Buffer.alloc(256);

    constructor(delimiter: number) {
        this.#delimiter = delimiter;
    }

    /**
     * Reads the cell that begins at `at`. `limit` is the end of the bytes and, if `final` is true, the end of the file.
     */
    scan(bytes: Uint8Array, at: number, limit: number, final: boolean): CellEnd {
        this.bytes = bytes;
        this.quoted = false;
        this.lineBreaks = 0;
        let from = this.#skipSpace(bytes, at, limit);
        if (from < limit && bytes[from] === QUOTE) {
            return this.#scanQuoted(bytes, from, limit, final);
        }
        const start = from;
        for (; from < limit; from++) {
            const byte = bytes[from] as number;
            if (byte === this.#delimiter || byte === LF || byte === CR) {
                break;
            }
        }
        this.start = start;
        this.end = trimEnd(bytes, start, from);
        return this.#endCell(bytes, from, limit, final);
    }

    #scanQuoted(bytes: Uint8Array, quote: number, limit: number, final: boolean): CellEnd {
        this.quoted = true;
        let at = quote + 1;
        /** End of the last doubled quote. The bytes after it have not been copied yet. */
        let copied = at;
        let length = -1;
        for (; at < limit; at++) {
            const byte = bytes[at] as number;
            if (byte === QUOTE) {
                if (bytes[at + 1] !== QUOTE || at + 1 >= limit) {
                    break;
                }
                // One of the two quotes is kept.
                length = this.#copy(bytes, copied, at + 1, Math.max(length, 0));
                at++;
                copied = at + 1;
            } else if (byte === LF || (byte === CR && bytes[at + 1] !== LF)) {
                this.lineBreaks++;
            }
        }
        if (at >= limit || (at + 1 >= limit && !final)) {
            return final ? OPEN_QUOTE : CUT;
        }
        if (length < 0) {
            this.start = quote + 1;
            this.end = at;
        } else {
            this.end = this.#copy(bytes, copied, at, length);
            this.bytes = this.#unescaped;
            this.start = 0;
        }
        const after = this.#skipSpace(bytes, at + 1, limit);
        if (after < limit) {
            const byte = bytes[after] as number;
            if (byte !== this.#delimiter && byte !== LF && byte !== CR) {
                return TEXT_AFTER_QUOTE;
            }
        }
        return this.#endCell(bytes, after, limit, final);
    }

    /** `at` must be the position of a delimiter, a line break or the limit. */
    #endCell(bytes: Uint8Array, at: number, limit: number, final: boolean): CellEnd {
        const isCr = at < limit && bytes[at] === CR;
        if (at >= limit || (isCr && at + 1 >= limit && !final)) {
            this.next = limit;
            return final ? ROW_END : CUT;
        }
        this.next = isCr && at + 1 < limit && bytes[at + 1] === LF ? at + 2 : at + 1;
        return bytes[at] === this.#delimiter ? DELIMITER : ROW_END;
    }

    #copy(bytes: Uint8Array, from: number, to: number, length: number): number {
        while (length + to - from > this.#unescaped.length) {
            this.#unescaped = Buffer.concat([this.#unescaped], this.#unescaped.length * 2);
        }
        this.#unescaped.set(bytes.subarray(from, to), length);
        return length + to - from;
    }

    #skipSpace(bytes: Uint8Array, at: number, limit: number): number {
        let from = at;
        while (from < limit) {
            const byte = bytes[from] as number;
            const isContent = byte > SPACE && byte < 0x80;
            const isEnd = byte === this.#delimiter || byte === LF || byte === CR;
            const length = isContent || isEnd ? 0 : spaceLength(bytes, from);
            if (length === 0) {
                break;
            }
            from += length;
        }
        return Math.min(from, limit);
    }
}

/**
 * Returns the length of the white space character at `at`, or 0 if there is none. White space is what `String.trim`
 * removes, including line breaks.
 */
function spaceLength(bytes: Uint8Array, at: number): number {
    const first = bytes[at] as number;
    if (first < 0x80) {
        return first === SPACE || (first >= TAB && first <= CR) ? 1 : 0;
    }
    const second = bytes[at + 1] as number;
    if (first === 0xc2) {
        return second === 0xa0 ? 2 : 0;
    }
    const three = (first << 16) | (second << 8) | (bytes[at + 2] as number);
    // U+2000 to U+200A and others: https://tc39.es/ecma262/#sec-white-space
    return (three >= 0xe28080 && three <= 0xe2808a) || LONG_SPACES.includes(three) ? 3 : 0;
}

/** U+1680, U+2028, U+2029, U+202F, U+205F, U+3000 and U+FEFF in UTF-8. */
const LONG_SPACES = [0xe19a80, 0xe280a8, 0xe280a9, 0xe280af, 0xe2819f, 0xe38080, 0xefbbbf];

function trimEnd(bytes: Uint8Array, start: number, end: number): number {
    let to = end;
    while (to > start) {
        const last = bytes[to - 1] as number;
        if (last > SPACE && last < 0x80) {
            break;
        }
        const length = last < 0x80 ? 1 : last === 0xa0 && to - 2 >= start && bytes[to - 2] === 0xc2 ? 2 : 3;
        if (to - length < start || spaceLength(bytes, to - length) !== length) {
            break;
        }
        to -= length;
    }
    return to;
}
