import type { Random } from "../random";
import type { Rounding } from "./criteria";
import type { FitTarget } from "./types";

/** The most that a weight, a byte, can be. */
const MAX_WEIGHT = 255;

/**
 * Draws as many rows as there are, with replacement.
 * @param rows row numbers
 * @param weights by row number of the table, all 0: takes how often each was drawn
 */
export function bootstrap(rows: Uint32Array, random: Random, weights: Uint8Array): void {
    for (let drawn = 0; drawn < rows.length; ) {
        const row = rows[random.below(rows.length)] as number;
        const weight = weights[row] as number;
        // That one of many rows comes up so often does not happen: 1 / 255! at best.
        if (weight < MAX_WEIGHT) {
            weights[row] = weight + 1;
            drawn++;
        }
    }
}

/** Bits behind the binary point of a share. Shares of 2^31 rows differ by more, and 2^20 of them are summed exactly. */
const SHARE_BITS = 32;

/** Bits that the sum of a forest's numbers may have to be exact. */
const SUM_BITS = 52;

/**
 * How the leaves of a forest are rounded: so that the sum over its trees is exact, and thus the same in any order,
 * for any number of threads and in any program that sums doubles. It costs numbers a few of their last bits: with 100
 * trees they are right to 1 part in 2^45 of the largest.
 */
export function forestRounding(target: FitTarget, trees: number): Rounding {
    if (target.task === "classification") {
        return roundTo(2 ** -SHARE_BITS);
    }
    let largest = 0;
    for (const value of target.y) {
        largest = Math.max(largest, Math.abs(value));
    }
    return roundTo(2 ** (Math.ceil(Math.log2(largest)) + Math.ceil(Math.log2(trees)) - SUM_BITS));
}

/** Rounds to a multiple of a power of 2. */
function roundTo(unit: number): Rounding {
    // So close to 0 that there is no such number: sums of what is there are exact anyway.
    return unit === 0 ? (value) => value : (value) => Math.round(value / unit) * unit;
}
