import { isMissingMarker } from "../model";
import { readNumber } from "./number-bytes";

/** Number of values from which the kind of a column is determined. */
const DECIDING_VALUES = 10_000;

/** Cells of a column whose kind has not been decided yet. */
export class Sample {
    #bytes = Buffer.alloc(1024);
    #ends = new Uint32Array(256);
    /** Rows examined so far. */
    #seen = 0;
    #numbers = 0;
    #texts = 0;

    /** Adds the cell of a row. Rows arrive in order, but the last one may be repeated. */
    put(row: number, bytes: Uint8Array, start: number, end: number): void {
        const from = this.#startOf(row);
        const to = from + end - start;
        if (to > this.#bytes.length) {
            this.#bytes = Buffer.concat([this.#bytes], Math.max(this.#bytes.length * 2, to));
        }
        if (row === this.#ends.length) {
            const larger = new Uint32Array(row * 2);
            larger.set(this.#ends);
            this.#ends = larger;
        }
        for (let at = start; at < end; at++) {
            this.#bytes[from + at - start] = bytes[at] as number;
        }
        this.#ends[row] = to;
    }

    /**
     * Returns the kind of the column: numbers if more than half of the first 10,000 values, not counting missing ones,
     * are numbers, and otherwise text. Returns undefined while further values could change the result. The first `rows`
     * rows are complete; if `final` is true, no more follow.
     */
    decide(rows: number, final: boolean, decimalComma: boolean): "number" | "text" | undefined {
        for (; this.#seen < rows; this.#seen++) {
            if (this.#numbers > DECIDING_VALUES / 2) {
                return "number";
            }
            if (this.#texts >= DECIDING_VALUES / 2) {
                return "text";
            }
            const start = this.#startOf(this.#seen);
            const end = this.#ends[this.#seen] as number;
            if (!Number.isNaN(readNumber(this.#bytes, start, end, decimalComma))) {
                this.#numbers++;
            } else if (!isMissing(this.#bytes, start, end)) {
                this.#texts++;
            }
        }
        if (!final) {
            return undefined;
        }
        return this.#numbers > this.#texts ? "number" : "text";
    }

    /** Forwards every cell, in row order. */
    replay(rows: number, put: (row: number, bytes: Uint8Array, start: number, end: number) => void): void {
        for (let row = 0; row < rows; row++) {
            put(row, this.#bytes, this.#startOf(row), this.#ends[row] as number);
        }
    }

    /** Memory in use. */
    get byteLength(): number {
        return this.#bytes.byteLength + this.#ends.byteLength;
    }

    #startOf(row: number): number {
        return row === 0 ? 0 : (this.#ends[row - 1] as number);
    }
}

/** The longest marker of a missing value has four characters, so longer cells need not be checked. */
const MAX_MARKER_BYTES = 4;

/** True if a cell that is not a number is empty or represents a missing value. */
export function isMissing(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    return length === 0 || (length <= MAX_MARKER_BYTES && isMissingMarker(textOf(bytes, start, end)));
}

export function textOf(bytes: Uint8Array, start: number, end: number): string {
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}
