import { isMissingMarker, MAX_MARKER_LENGTH, parseNumber, usesDecimalComma } from "../model";

/** The settings with these names; all have defaults. */
export interface ReadingSettings {
    missing?: readonly string[] | undefined;
    types?: Readonly<Record<string, "number" | "text" | "date" | "drop">> | undefined;
    decimal?: "." | "," | undefined;
    onBadCell?: "stop" | "missing" | undefined;
}

export type FileRules = ReturnType<typeof fileRules>;

/** The rules by which the cells of a file are read. */
export function fileRules(delimiter: string, { missing = [], decimal, onBadCell = "stop" }: ReadingSettings = {}) {
    const decimalComma = decimal === undefined ? usesDecimalComma(delimiter) : decimal === ",";
    const markers = new Set(missing);
    const longest = Math.max(0, ...missing.map((marker) => Buffer.byteLength(marker)));
    /** True if a cell is empty or a marker that the user has set. */
    const isMarked = (bytes: Uint8Array, start: number, end: number): boolean => {
        return start === end || (end - start <= longest && markers.has(textOf(bytes, start, end)));
    };
    return {
        delimiter,
        /** True if a plain number may have a decimal comma. */
        decimalComma,
        /** The decimal mark that the user has set, or that a column in the file has revealed. */
        decimal,
        badCells: onBadCell,
        /** The markers that are numbers, such as -999. */
        markedNumbers: missing.flatMap((marker) => parseNumber(marker, decimalComma) ?? []),
        isMarked,
        /** True if a cell that is not a number or a date is empty or represents a missing value. */
        isMissing(bytes: Uint8Array, start: number, end: number): boolean {
            const isUsual = end - start <= MAX_MARKER_LENGTH && isMissingMarker(textOf(bytes, start, end));
            return isUsual || isMarked(bytes, start, end);
        },
    };
}

export function textOf(bytes: Uint8Array, start: number, end: number): string {
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}
