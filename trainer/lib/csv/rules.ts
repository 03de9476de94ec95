import { isMissingMarker, MAX_MARKER_LENGTH, parseNumber, usesDecimalComma } from "../model";

export interface ReadingSettings {
    /** Markers for missing values, in addition to the usual ones. @default none */
    missing?: readonly string[] | undefined;
    /** Kinds of columns, by name. @default determined by their values */
    types?: Readonly<Record<string, "number" | "text" | "date" | "drop">> | undefined;
    /** Decimal mark for all numbers. @default determined by the values in each column */
    decimal?: "." | "," | undefined;
    /** Treatment of a cell that its column cannot contain. @default "stop" */
    onBadCell?: "stop" | "missing" | undefined;
}

export class FileRules {
    readonly delimiter: string;
    /** True if a plain number may have a decimal comma. */
    readonly decimalComma: boolean;
    /** The decimal mark that the user has set, or that a column in the file proves. */
    decimal: "." | "," | undefined;
    readonly badCells: "stop" | "missing";
    /** The markers that are numbers, such as -999. */
    readonly markedNumbers: readonly number[];
    readonly #markers: ReadonlySet<string>;
    readonly #longest: number;

    constructor(delimiter: string, { missing = [], decimal, onBadCell = "stop" }: ReadingSettings = {}) {
        this.delimiter = delimiter;
        this.decimalComma = decimal === undefined ? usesDecimalComma(delimiter) : decimal === ",";
        this.decimal = decimal;
        this.badCells = onBadCell;
        this.#markers = new Set(missing);
        this.markedNumbers = missing.flatMap((marker) => parseNumber(marker, this.decimalComma) ?? []);
        this.#longest = Math.max(0, ...missing.map((marker) => Buffer.byteLength(marker)));
    }

    /** True if a cell is empty or a marker that the user has set. */
    isMarked(bytes: Uint8Array, start: number, end: number): boolean {
        const length = end - start;
        return length === 0 || (length <= this.#longest && this.#markers.has(textOf(bytes, start, end)));
    }

    /** True if a cell that is not a number or a date is empty or represents a missing value. */
    isMissing(bytes: Uint8Array, start: number, end: number): boolean {
        const length = end - start;
        const isUsual = length <= MAX_MARKER_LENGTH && isMissingMarker(textOf(bytes, start, end));
        return isUsual || this.isMarked(bytes, start, end);
    }
}

export function textOf(bytes: Uint8Array, start: number, end: number): string {
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}
