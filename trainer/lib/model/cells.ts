import type { Feature } from "./types";

/** What may separate the cells of a CSV file. */
const DELIMITERS = [",", ";", "\t", "|"] as const;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const DECIMAL_COMMA = /^[+-]?\d*,\d+([eE][+-]?\d+)?$/;

/** What people write into a column of numbers for a value they do not have. */
const MISSING = /^(na|n\/a|nan|null|none|nil|\?|-|--|#n\/a)$/i;

const MAX_CATEGORIES_SHOWN = 10;

/**
 * The delimiter that occurs most often in a text's first line, outside quotes; of several the first.
 * @param text begins with the header; a quote that is not closed goes to its end
 */
export function sniffDelimiter(text: string): string {
    const line = text.replaceAll(/"[^"]*"?/g, "").split(/[\r\n]/, 1)[0] ?? "";
    const count = (delimiter: string) => line.split(delimiter).length - 1;
    return DELIMITERS.reduce<string>(
        (best, delimiter) => (count(delimiter) > count(best) ? delimiter : best),
        DELIMITERS[0],
    );
}

/** Spreadsheets that write decimal commas separate cells by semicolons. */
export function usesDecimalComma(delimiter: string): boolean {
    return delimiter === ";";
}

/**
 * The number a cell holds: decimal notation, finite. With `decimalComma` also `5,1`, which files separated by
 * semicolons use. Undefined for everything else, also for "1,000", "5 cm" and "Infinity".
 */
export function parseNumber(cell: string, decimalComma: boolean): number | undefined {
    const text = decimalComma && DECIMAL_COMMA.test(cell) ? cell.replace(",", ".") : cell;
    if (!NUMBER.test(text)) {
        return undefined;
    }
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
}

/** Says that a cell which is no number stands for a missing one: "NA", "NaN", "?" and the like. */
export function isMissingMarker(cell: string): boolean {
    return MISSING.test(cell);
}

/**
 * Turns a cell into what the trees compare: a number, NaN for a missing one, or a category's place. A cell that cannot
 * enter the model gives a text instead: what is wrong with it, to follow the column's name.
 */
export type CellReader = (cell: string) => number | string;

/**
 * The reader of a feature's cells, with the rules of the training: an empty cell or a missing marker in a column of
 * numbers is missing; an empty cell in a column of text is the category ""; every other text is itself.
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
    const places = new Map(feature.categories.map((category, place) => [category, place]));
    const shown = feature.categories.slice(0, MAX_CATEGORIES_SHOWN).map((category) => JSON.stringify(category));
    const more = feature.categories.length - shown.length;
    const known = `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
    return (cell) =>
        places.get(cell) ??
        (cell === "" ? describeMissing(cell) : `must be one of ${known}; got ${JSON.stringify(cell)}`);
}

function describeMissing(cell: string): string {
    return `has no value${cell === "" ? "" : ` (${JSON.stringify(cell)})`}; the model needs one`;
}
