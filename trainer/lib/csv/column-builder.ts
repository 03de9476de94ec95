import { GrowingNumbers } from "../columns/growing-numbers";
import { countMissing } from "../columns/number-list";
import { Dictionary, TextHashes } from "./dictionary";
import { readNumber } from "./number-bytes";
import { isMissing, Sample, textOf } from "./sample";

/** A column with more distinct strings than this has no categories, because the model would contain all of them. */
export const MAX_CATEGORIES = 100_000;

/** The problem with a cell. Rows are counted from 0. */
export interface CellProblem {
    row: number;
    problem: string;
}

/** A column named like an identifier is dropped if every row has a different value. */
export type ColumnRole = "target" | "feature" | "identifier";

/**
 * A column that grows row by row. Numbers are stored unchanged, and strings as indices into a dictionary, both in
 * shared memory. Until the kind of the column is decided, its cells are kept as bytes.
 *
 * A row may be added more than once, because a row that is cut off at the end of the bytes is added again when it is
 * complete.
 */
export class ColumnBuilder {
    kind: "pending" | "number" | "text" = "pending";
    readonly numbers = new GrowingNumbers();
    /** The distinct strings of a text column. */
    dictionary = new Dictionary();
    /** For an identifier with too many strings for categories: hashes that show whether all strings differ. */
    #hashes: TextHashes | undefined;
    #lastHashedRow = -1;
    /** The strings of a numeric identifier column, all distinct. They are valid only if the column is dropped. */
    readonly others = new Dictionary();
    firstOther: CellProblem | undefined;
    readonly name: string;
    readonly #decimalComma: boolean;
    readonly role: ColumnRole;
    #sample: Sample | undefined = new Sample();
    #capacity = 0;
    #lastOtherRow = -1;

    constructor(name: string, role: ColumnRole, decimalComma: boolean) {
        this.name = name;
        this.role = role;
        this.#decimalComma = decimalComma;
    }

    /** Allocates memory for this many rows. */
    reserve(rows: number): void {
        this.#capacity = rows;
        if (this.kind !== "pending") {
            this.numbers.reserve(rows);
        }
    }

    /** Adds a trimmed cell; returns the problem with it, if any. */
    put(row: number, bytes: Uint8Array, start: number, end: number): CellProblem | undefined {
        switch (this.kind) {
            case "pending":
                this.#sample?.put(row, bytes, start, end);
                return undefined;
            case "number": {
                const value = readNumber(bytes, start, end, this.#decimalComma);
                this.numbers.set(row, value);
                return Number.isNaN(value) ? this.#judge(row, bytes, start, end) : undefined;
            }
            case "text":
                if (this.#hashes !== undefined) {
                    return this.#putHash(this.#hashes, row, bytes, start, end);
                }
                this.numbers.ints[row] = this.dictionary.add(bytes, start, end);
                return this.dictionary.size > MAX_CATEGORIES ? this.#judgeNumber(row) : undefined;
        }
    }

    /**
     * Determines the kind as soon as possible. The first `rows` rows are complete; if `final` is true, no more follow.
     * @returns the first cell that does not fit
     */
    settle(rows: number, final: boolean): CellProblem | undefined {
        const kind = this.#sample?.decide(rows, final, this.#decimalComma);
        const sample = this.#sample;
        if (kind === undefined || sample === undefined) {
            return undefined;
        }
        this.kind = kind;
        this.#sample = undefined;
        this.reserve(Math.max(this.#capacity, rows));
        let first: CellProblem | undefined;
        sample.replay(rows, (row, bytes, start, end) => {
            const problem = this.put(row, bytes, start, end);
            first ??= problem;
        });
        return first;
    }

    /** The number of distinct strings in a text column. */
    get differentTexts(): number {
        return this.#hashes?.size ?? this.dictionary.size;
    }

    /** Counts how many of the first rows have a number. */
    countNumbers(rows: number): number {
        return rows - countMissing(this.numbers.firstRows(rows));
    }

    /** Memory in use, excluding the values. */
    get byteLength(): number {
        const { dictionary, others } = this;
        const hashes = this.#hashes;
        const sample = this.#sample;
        return dictionary.byteLength + others.byteLength + (hashes?.byteLength ?? 0) + (sample?.byteLength ?? 0);
    }

    /** Handles a cell that is not a number. */
    #judge(row: number, bytes: Uint8Array, start: number, end: number): CellProblem | undefined {
        if (isMissing(bytes, start, end)) {
            return undefined;
        }
        const problem = {
            row,
            problem: `${JSON.stringify(textOf(bytes, start, end))} is text in a column of numbers`,
        };
        if (this.role !== "identifier") {
            return problem;
        }
        const before = this.others.size;
        this.others.add(bytes, start, end);
        if (this.others.size === before && row !== this.#lastOtherRow) {
            return this.firstOther;
        }
        this.#lastOtherRow = row;
        this.firstOther ??= problem;
        return undefined;
    }

    /**
     * Handles too many strings. In an identifier column, they are allowed as long as all differ, so only hashes are
     * kept.
     */
    #judgeNumber(row: number): CellProblem | undefined {
        if (this.role !== "identifier" || this.dictionary.size <= row) {
            return this.#describeTooMany(row);
        }
        const hashes = new TextHashes();
        this.dictionary.forEach((bytes, start, end) => {
            hashes.add(bytes, start, end);
        });
        this.dictionary = new Dictionary();
        this.#hashes = hashes;
        this.#lastHashedRow = row;
        return undefined;
    }

    #putHash(hashes: TextHashes, row: number, bytes: Uint8Array, start: number, end: number): CellProblem | undefined {
        if (!hashes.add(bytes, start, end) && row !== this.#lastHashedRow) {
            return this.#describeTooMany(row);
        }
        this.#lastHashedRow = row;
        return undefined;
    }

    #describeTooMany(row: number): CellProblem {
        return {
            row,
            problem:
                this.role === "target"
                    ? `there are more than ${MAX_CATEGORIES} different values: too many to be classes`
                    : `there are more than ${MAX_CATEGORIES} different strings: too many to be categories; ` +
                      `name the column in dropColumns`,
        };
    }
}
