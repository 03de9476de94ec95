import type { Spread } from "./statistics";

/** Seconds with three digits that count: `12.3 s`, `45.6 ms`. */
export function formatSeconds(seconds: number): string {
    return seconds < 1 ? `${threeDigits(seconds * 1000)} ms` : `${threeDigits(seconds)} s`;
}

/** Median, and the smallest and largest in brackets. */
export function formatSpread(spread: Spread, format: (value: number) => string): string {
    return `${format(spread.median)} (${format(spread.min)} to ${format(spread.max)})`;
}

/** Bytes in megabytes, 10^6. */
export function formatMegabytes(bytes: number): string {
    return `${threeDigits(bytes / 1e6)} MB`;
}

/** `0.243` or `1/312`: how large the first is beside the second. */
export function formatRatio(ratio: number): string {
    return ratio < 0.1 ? `1/${threeDigits(1 / ratio)}` : ratio.toFixed(3);
}

export function formatCount(count: number): string {
    return count.toLocaleString("en-US");
}

/** A difference with its sign. */
export function formatDifference(value: number): string {
    return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;
}

function threeDigits(value: number): string {
    return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
