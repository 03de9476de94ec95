/** Summary of repeated measurements. */
export interface Spread {
    readonly min: number;
    readonly median: number;
    readonly max: number;
}

/** @throws {RangeError} if there are no values */
export function spreadOf(values: readonly number[]): Spread {
    const sorted = [...values].sort((a, b) => a - b);
    const at = (index: number) => sorted[index] ?? Number.NaN;
    if (sorted.length === 0) {
        throw new RangeError("A spread needs at least one value; got none");
    }
    const middle = (sorted.length - 1) / 2;
    return {
        min: at(0),
        median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
        max: at(sorted.length - 1),
    };
}

export function meanOf(values: readonly number[]): number {
    return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard error of the mean of independent values, or NaN for fewer than two values. */
export function standardError(values: readonly number[]): number {
    const mean = meanOf(values);
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return Math.sqrt(squares / (values.length - 1) / values.length);
}

/** Formats seconds with three significant digits: `12.3 s`, `45.6 ms`. */
export function formatSeconds(seconds: number): string {
    return seconds < 1 ? `${threeDigits(seconds * 1000)} ms` : `${threeDigits(seconds)} s`;
}

/** Formats the median, with minimum and maximum in brackets. */
export function formatSpread(spread: Spread, format: (value: number) => string): string {
    return `${format(spread.median)} (${format(spread.min)} to ${format(spread.max)})`;
}

/** Formats bytes as megabytes (10^6 bytes). */
export function formatMegabytes(bytes: number): string {
    return `${threeDigits(bytes / 1e6)} MB`;
}

/** Formats a ratio as `0.243` or `1/312`. */
export function formatRatio(ratio: number): string {
    return ratio < 0.1 ? `1/${threeDigits(1 / ratio)}` : ratio.toFixed(3);
}

export function formatCount(count: number): string {
    return count.toLocaleString("en-US");
}

/** Formats a difference with its sign. */
export function formatDifference(value: number): string {
    return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;
}

function threeDigits(value: number): string {
    return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
