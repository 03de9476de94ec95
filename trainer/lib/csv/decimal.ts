/** The powers of ten that a double holds exactly. */
export const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Whole numbers below this are exact. */
const EXACT_LIMIT = 2 ** 53;

/** With more digits in the tail, head and tail together are no longer exact in two doubles. */
const MAX_TAIL_DIGITS = 4;

/** Splits a double into two of 26 bits. */
const SPLITTER = 2 ** 27 + 1;

/** A little less than the half: all errors below together are less than 2^-44 of a unit in the last place. */
const SURE = 0.499999;

/**
 * The double nearest to `head tail / 10^scale`, where `tail` are `tailDigits` more digits behind the at most 15 of
 * `head`: exactly what `Number` makes of them. NaN if that takes more than this.
 *
 * Up to 2^53, and a power of ten up to 10^22, one operation on two exact doubles is rounded correctly: W. D. Clinger,
 * How to Read Floating Point Numbers Accurately, PLDI 1990. The 16 or 17 digits that programs write for a double need
 * a correction: the remainder of the first division, which is exact (T. J. Dekker, A Floating-Point Technique for
 * Extending the Available Precision, 1971), and the tail. What is nearly in the middle between two doubles is left to
 * `Number`.
 */
export function toDouble(head: number, tail: number, tailDigits: number, scale: number): number {
    if (tailDigits > MAX_TAIL_DIGITS || scale > 22 || scale < -22) {
        return Number.NaN;
    }
    const shift = POWERS_OF_TEN[tailDigits] as number;
    const whole = head * shift + tail;
    if (whole < EXACT_LIMIT) {
        return scale < 0 ? whole * (POWERS_OF_TEN[-scale] as number) : whole / (POWERS_OF_TEN[scale] as number);
    }
    if (scale < tailDigits) {
        return Number.NaN;
    }
    const divisor = POWERS_OF_TEN[scale - tailDigits] as number;
    const quotient = head / divisor;
    const remainder = remainderOf(head, divisor, quotient);
    const correction = (remainder * shift + tail) / (POWERS_OF_TEN[scale] as number);
    const sum = quotient + correction;
    const left = correction - (sum - quotient);
    // The unit in the last place of the sum; 0 for a power of two, below which the doubles are closer.
    const unit = sum + sum * 2 ** -53 - sum;
    return Math.abs(left) < unit * SURE ? sum : Number.NaN;
}

/** `dividend - quotient * divisor` without an error, for a quotient that is rounded to the nearest double. */
function remainderOf(dividend: number, divisor: number, quotient: number): number {
    const product = quotient * divisor;
    const splitDivisor = divisor * SPLITTER;
    const divisorHigh = splitDivisor - (splitDivisor - divisor);
    const divisorLow = divisor - divisorHigh;
    const splitQuotient = quotient * SPLITTER;
    const quotientHigh = splitQuotient - (splitQuotient - quotient);
    const quotientLow = quotient - quotientHigh;
    const error =
        quotientLow * divisorLow -
        (product - quotientHigh * divisorHigh - quotientLow * divisorHigh - quotientHigh * divisorLow);
    return dividend - product - error;
}
