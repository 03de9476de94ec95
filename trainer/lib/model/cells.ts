import type { Feature } from "./types";

const DELIMITERS = [",", ";", "\t", "|"] as const;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const DECIMAL_COMMA = /^[+-]?\d*,\d+([eE][+-]?\d+)?$/;

/** Common markers of a missing value in a column of numbers. */
const MISSING = /^(na|n\/a|nan|null|none|nil|\?|-|--|#n\/a)$/i;

const MAX_CATEGORIES_SHOWN = 10;

/**
 * Returns the delimiter that occurs most often in the first line, outside quotes, or the first of several that are
 * equally common.
 * @param text begins with the header; a quote that is not closed extends to the end
 */
export function sniffDelimiter(text: string): string {
    const line = text.replaceAll(/"[^"]*"?/g, "").split(/[\r\n]/, 1)[0] ?? "";
    const count = (delimiter: string) => line.split(delimiter).length - 1;
    return DELIMITERS.reduce<string>(
        (best, delimiter) => (count(delimiter) > count(best) ? delimiter : best),
        DELIMITERS[0],
    );
}

/** Spreadsheets that write decimal commas separate cells with semicolons. */
export function usesDecimalComma(delimiter: string): boolean {
    return delimiter === ";";
}

/**
 * Returns the number in a cell, which must be finite and in decimal notation. With `decimalComma`, `5,1` is also a
 * number, as in files separated by semicolons. Returns undefined for everything else, including "1,000", "5 cm" and
 * "Infinity".
 */
export function parseNumber(cell: string, decimalComma: boolean): number | undefined {
    const text = decimalComma && DECIMAL_COMMA.test(cell) ? cell.replace(",", ".") : cell;
    if (!NUMBER.test(text)) {
        return undefined;
    }
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
}

/** True if a cell that is not a number represents a missing value: "NA", "NaN", "?" and the like. */
export function isMissingMarker(cell: string): boolean {
    return MISSING.test(cell);
}

/**
 * Turns a cell into the number that the trees compare: the number itself, NaN for a missing one, or the index of a
 * category. For a cell that the model cannot use, it returns the problem, worded to follow the column's name.
 */
export type CellReader = (cell: string) => number | string;

/**
 * Returns the reader for a feature's cells, which follows the same rules as training: in a column of numbers, an empty
 * cell or a marker is a missing value; in a column of text, an empty cell is the category "" and any other text is the
 * category of the same name.
 * @param decimalComma `usesDecimalComma` of the file's delimiter
 */
export function cellReader(feature: Feature, decimalComma: boolean): CellReader {
    if (feature.kind === "number") {
        return (cell) => {
            const value = parseNumber(cell, decimalComma);
            if (value !== undefined) {
                return value;
            }
            if (cell !== "" && !isMissingMarker(cell)) {
                return `must be a number; got ${JSON.stringify(cell)}`;
            }
            return feature.missing ? Number.NaN : describeMissing(cell);
        };
    }
    const indices = new Map(feature.categories.map((category, index) => [category, index]));
    const shown = feature.categories.slice(0, MAX_CATEGORIES_SHOWN).map((category) => JSON.stringify(category));
    const more = feature.categories.length - shown.length;
    const known = `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
    return (cell) =>
        indices.get(cell) ??
        (cell === "" ? describeMissing(cell) : `must be one of ${known}; got ${JSON.stringify(cell)}`);
}

function describeMissing(cell: string): string {
    return `has no value${cell === "" ? "" : ` (${JSON.stringify(cell)})`}; the model needs one`;
}
