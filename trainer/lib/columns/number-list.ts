import { shared } from "./shared-memory";

/**
 * The numbers in a column, in shared memory. Most columns contain short decimals, which take half the memory when they
 * are stored as integers. Only the reader chooses between the two forms; all other code calls `valueAt`.
 */
export type NumberList = Float64Array | ScaledInts;

/**
 * Integers that are divided by a power of ten: `1.25` is 125 with a scale of 100. The quotient of two exact doubles is
 * rounded correctly, so it is the same double that `Number` returns for the text: W. D. Clinger, How to Read Floating
 * Point Numbers Accurately, PLDI 1990. Distinct integers yield distinct doubles.
 */
export interface ScaledInts {
    ints: Int32Array;
    /** 1, 10, 100 ... 10^22: the powers of ten that a double represents exactly. */
    scale: number;
}

/** The powers of ten that a double represents exactly. */
export const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** The integer that represents a missing number: the largest one, so that missing numbers sort last. */
export const MISSING_INT = 0x7fffffff;

/** Returns the number in a row, or NaN if it is missing. */
export function valueAt(list: NumberList, row: number): number {
    if (ArrayBuffer.isView(list)) {
        return list[row] as number;
    }
    const int = list.ints[row] as number;
    return int === MISSING_INT ? Number.NaN : int / list.scale;
}

/**
 * Returns the stored values of a list. They compare like its numbers; NaN or MISSING_INT represents a missing number.
 */
export function rawOf(list: NumberList): Float64Array | Int32Array {
    return ArrayBuffer.isView(list) ? list : list.ints;
}

/** Length of a list, including missing numbers. */
export function lengthOf(list: NumberList): number {
    return rawOf(list).length;
}

/** The stored value of a missing number. */
export function missingOf(list: NumberList): number {
    return ArrayBuffer.isView(list) ? Number.NaN : MISSING_INT;
}

export function countMissing(list: NumberList): number {
    const [raw, missing] = [rawOf(list), missingOf(list)];
    let count = 0;
    for (let row = 0; row < raw.length; row++) {
        count += Object.is(raw[row], missing) ? 1 : 0;
    }
    return count;
}

/**
 * Returns the first numbers as doubles, in shared memory.
 * @param length length of the result, which may be longer than the list
 * @param rows number of rows to copy
 */
export function toDoubles(list: NumberList, length = lengthOf(list), rows = length): Float64Array {
    const doubles = shared(Float64Array, length);
    for (let row = 0; row < rows; row++) {
        doubles[row] = valueAt(list, row);
    }
    return doubles;
}
