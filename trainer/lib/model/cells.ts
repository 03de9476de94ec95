import { datePart, NUMBERS, parseDate } from "./dates";
import { parseFormatted } from "./numbers";
import type { Feature, Reading } from "./types";

const DELIMITERS = [",", ";", "\t", "|"];

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const DECIMAL_COMMA = /^[+-]?\d*,\d+([eE][+-]?\d+)?$/;

/**
 * Common markers for a missing value in a column of numbers or dates and in a target: those of R, pandas, databases,
 * Excel, SAS and Stata.
 */
const MISSING =
    /^(<?na>?|n\/a|n\.a\.|[+-]?nan|nat|\(?null\)?|\\n|none|nil|\?|\.|-|--|#n\/a|#na|#(div\/0|value|ref|num|null)!|#name\?)$/i;

/** The longest marker has this many characters, so longer cells need not be checked. */
export const MAX_MARKER_LENGTH = 7;

/** Number of rows that are searched for the delimiter. */
const SNIFFED_ROWS = 10;

/** A first line that tells Excel the file's delimiter. */
const SEPARATOR_LINE = /^sep=(.)(\r\n|\n|\r)/;

/**
 * Finds the delimiter in the first rows, outside quotes. Among those in the header, it is the most frequent one that
 * separates each of the rows into as many cells as the header, or else the most frequent one.
 * @param text begins with the header; a quote that is not closed extends to the end
 */
export function sniffDelimiter(text: string): string {
    const [header = "", ...rows] = text
        .replaceAll(/"[^"]*"?/g, "")
        .split(/[\r\n]+/, SNIFFED_ROWS + 2)
        .filter((line) => line.trim() !== "");
    const count = (line: string, delimiter: string) => line.split(delimiter).length - 1;
    // The last row may be incomplete.
    const whole = rows.slice(0, -1);
    const rank = (delimiter: string) => {
        const cells = count(header, delimiter);
        const fits = cells > 0 && whole.every((row) => count(row, delimiter) === cells);
        return cells + (fits ? header.length : 0);
    };
    return DELIMITERS.reduce((best, delimiter) => (rank(delimiter) > rank(best) ? delimiter : best));
}

/** The delimiter that a first line such as `sep=;` sets, and the length of that line. */
export function readSeparatorLine(text: string): { delimiter: string; length: number } | undefined {
    const [line, delimiter] = SEPARATOR_LINE.exec(text) ?? [];
    return line === undefined || delimiter === undefined ? undefined : { delimiter, length: line.length };
}

/**
 * Names the columns of a header as pandas does: a cell without a name becomes `Unnamed: 0`, with its position, and the
 * second `a` becomes `a.1`.
 */
export function nameColumns(cells: readonly string[]): string[] {
    const taken = new Set(cells);
    const used = new Set<string>();
    return cells.map((cell, position) => {
        const base = cell === "" ? `Unnamed: ${position}` : cell;
        let name = base;
        for (let number = 1; used.has(name) || (name !== cell && taken.has(name)); number++) {
            name = `${base}.${number}`;
        }
        used.add(name);
        return name;
    });
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
    return cell.length <= MAX_MARKER_LENGTH && MISSING.test(cell);
}

/** A remark on a cell, worded to follow the column's name. If it is an error, the row cannot be predicted. */
export interface CellRemark {
    isError: boolean;
    text: string;
}

/** Writes, from `offset` on, the numbers that the trees compare: one for each part of the feature. */
export type CellReader = (cell: string, numbers: Float64Array | number[], offset: number) => CellRemark | undefined;

/**
 * Returns the reader for a feature's cells, which follows the same rules as training. Only a cell that is not a number
 * or a date in such a column is an error; a value that is new to the model is noted.
 * @param decimalComma `usesDecimalComma` of the file's delimiter
 */
export function cellReader(feature: Feature, decimalComma: boolean, reading: Reading): CellReader {
    const markers = new Set(reading.missing);
    return feature.kind === "text"
        ? textReader(feature, markers)
        : numberReader(feature, decimalComma, markers, reading.onBadCell);
}

function textReader({ categories, codes, other }: Feature & { kind: "text" }, markers: Set<string>): CellReader {
    const indices = new Map(categories.map((category, index) => [category, index]));
    return (cell, numbers, offset) => {
        const index = indices.get(markers.has(cell) ? "" : cell);
        for (let part = 0; part < codes.length; part++) {
            numbers[offset + part] = (index === undefined ? other[part] : codes[part]?.[index]) as number;
        }
        if (index !== undefined) {
            return undefined;
        }
        const what = cell === "" ? "has no value" : `has ${JSON.stringify(cell)}`;
        return { isError: false, text: `${what}, which is new or rare: treated as other` };
    };
}

type PlainFeature = Exclude<Feature, { kind: "text" }>;

function numberReader(
    feature: PlainFeature,
    decimalComma: boolean,
    markers: Set<string>,
    onBadCell: Reading["onBadCell"],
): CellReader {
    const { kind, missing } = feature;
    const skipsBadCells = onBadCell === "missing" || (kind === "date" && feature.skipsBadCells);
    const numericMarkers = [...markers].map((marker) => parseNumber(marker, decimalComma));
    const parse = (cell: string) => {
        if (kind === "date") {
            return parseDate(cell, feature.order);
        }
        const { format } = feature;
        if (format === undefined) {
            return parseNumber(cell, decimalComma) ?? parseFormatted(cell, {});
        }
        // Plain numbers are accepted even if those in training had a format, unless that format would give them another
        // meaning.
        const isOwn = format.group === "." || format.boolean || format.unit === "%";
        return parseFormatted(cell, format) ?? (isOwn ? undefined : parseNumber(cell, decimalComma));
    };
    return (cell, numbers, offset) => {
        const parsed = parse(cell);
        const isMarked = markers.has(cell) || (parsed !== undefined && numericMarkers.includes(parsed));
        const value = isMarked ? undefined : parsed;
        writeParts(feature, value ?? Number.NaN, numbers, offset);
        if (value !== undefined) {
            return undefined;
        }
        if (cell !== "" && !isMarked && !isMissingMarker(cell)) {
            return skipsBadCells
                ? { isError: false, text: `has ${JSON.stringify(cell)}: treated as missing` }
                : { isError: true, text: `must be a ${kind}; got ${JSON.stringify(cell)}` };
        }
        const marker = cell === "" ? "" : ` (${JSON.stringify(cell)})`;
        return missing
            ? undefined
            : { isError: false, text: `has no value${marker}, although every training row had one` };
    };
}

/** Writes the parts of a number or a date at `offset`; NaN is a missing value. */
export function writeParts(feature: PlainFeature, value: number, numbers: Float64Array | number[], offset: number) {
    if (feature.kind === "number") {
        numbers[offset] = value;
        return;
    }
    for (const [index, part] of feature.parts.entries()) {
        numbers[offset + index] = datePart(value, part, NUMBERS);
    }
}
