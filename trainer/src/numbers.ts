const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const DECIMAL_COMMA = /^[+-]?\d*,\d+([eE][+-]?\d+)?$/;

/** What people write into a column of numbers for a value they do not have. */
const MISSING = /^(na|n\/a|nan|null|none|nil|\?|-|--|#n\/a)$/i;

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
