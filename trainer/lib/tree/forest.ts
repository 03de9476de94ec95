import type { Random } from "../random";
import type { Rounding } from "./criteria";
import type { FitTarget } from "./types";

/** The largest possible weight, because each weight is stored in a byte. */
const MAX_WEIGHT = 255;

/**
 * Draws rows with replacement, as many as there are in `rows`.
 * @param rows row numbers
 * @param weights by row number of the table, all 0 at first; receives how often each was drawn
 */
export function bootstrap(rows: Uint32Array, random: Random, weights: Uint8Array): void {
    for (let drawn = 0; drawn < rows.length; ) {
        const row = rows[random.below(rows.length)] as number;
        const weight = weights[row] as number;
        // In practice, no row is drawn more often than this, because the probability is at most 1 / 255!.
        if (weight < MAX_WEIGHT) {
            weights[row] = weight + 1;
            drawn++;
        }
    }
}

/**
 * Bits after the binary point in a share. Distinct shares of 2^31 rows differ by more than one unit of this precision,
 * and sums of 2^20 shares are exact.
 */
const SHARE_BITS = 32;

/** Number of bits available for an exact sum of a forest's numbers. */
const SUM_BITS = 52;

/**
 * Rounding for a forest's leaves that makes the sum over its trees exact, so it is the same in any order, with any
 * number of threads and in any program that sums doubles. Numbers lose their last few bits: with 100 trees they are
 * correct to 1 part in 2^45 of the largest.
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
    // The unit underflowed to 0; sums of numbers this small are exact anyway.
    return unit === 0 ? (value) => value : (value) => Math.round(value / unit) * unit;
}
