/** Several measurements of the same. */
export interface Spread {
    readonly min: number;
    readonly median: number;
    readonly max: number;
}

/** @throws {RangeError} without a value */
export function spreadOf(values: readonly number[]): Spread {
    const sorted = [...values].sort((a, b) => a - b);
    const at = (place: number) => sorted[place] ?? Number.NaN;
    if (sorted.length === 0) {
        throw new RangeError("A spread needs one value at least; got none");
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

/** Standard error of the mean of independent values; NaN for fewer than two. */
export function standardError(values: readonly number[]): number {
    const mean = meanOf(values);
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return Math.sqrt(squares / (values.length - 1) / values.length);
}
