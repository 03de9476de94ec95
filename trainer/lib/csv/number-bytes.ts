import { POWERS_OF_TEN } from "../columns/number-list";

const COMMA = 44;
const DOT = 46;
const MINUS = 45;
const PLUS = 43;
const ZERO = 48;
const LOWER_E = 101;

/** A double represents any integer with this many digits exactly. */
const HEAD_DIGITS = 15;

/**
 * The equivalent of `parseNumber` for the bytes of a cell. It accepts the same grammar and returns the same double as
 * `Number(text)`, or NaN if the cell is not a number. Minus zero becomes zero.
 */
export function readNumber(bytes: Uint8Array, start: number, end: number, decimalComma: boolean): number {
    let at = start;
    const sign = at < end ? bytes[at] : 0;
    if (sign === MINUS || sign === PLUS) {
        at++;
    }
    const first = at;
    while (at < end && isDigit(bytes[at])) {
        at++;
    }
    let digits = at - first;
    let scale = 0;
    const mark = at < end ? bytes[at] : 0;
    if (mark === DOT || (decimalComma && mark === COMMA)) {
        const fraction = ++at;
        while (at < end && isDigit(bytes[at])) {
            at++;
        }
        scale = at - fraction;
        // "5." is a number, but "5," is not.
        digits = mark === COMMA && scale === 0 ? 0 : digits + scale;
    }
    const last = at;
    if (digits === 0) {
        return Number.NaN;
    }
    let power = 0;
    if (at < end && ((bytes[at] as number) | 0x20) === LOWER_E) {
        const negative = bytes[++at] === MINUS && at < end;
        if (negative || (bytes[at] === PLUS && at < end)) {
            at++;
        }
        const exponent = at;
        for (; at < end && isDigit(bytes[at]); at++) {
            power = Math.min(power * 10 + (bytes[at] as number) - ZERO, 1e6);
        }
        if (at === exponent) {
            return Number.NaN;
        }
        power = negative ? -power : power;
    }
    if (at < end) {
        return Number.NaN;
    }
    const value = readDigits(bytes, first, last, scale - power);
    if (value >= 0) {
        return sign === MINUS ? 0 - value : value;
    }
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
    const slowValue = Number(mark === COMMA ? text.replace(",", ".") : text);
    return Number.isFinite(slowValue) ? slowValue + 0 : Number.NaN;
}

/**
 * The digits from `start` to `end`, with one decimal mark among them, as an integer divided by 10^`scale`, or NaN if
 * only `Number` can determine the result.
 */
export function readDigits(bytes: Uint8Array, start: number, end: number, scale: number): number {
    let head = 0;
    let headDigits = 0;
    let tail = 0;
    let tailDigits = 0;
    for (let at = start; at < end; at++) {
        const digit = (bytes[at] as number) - ZERO;
        if (digit < 0) {
            continue; // The decimal mark.
        }
        if (headDigits < HEAD_DIGITS) {
            head = head * 10 + digit;
            headDigits += head > 0 ? 1 : 0;
        } else {
            tail = tail * 10 + digit;
            tailDigits++;
        }
    }
    return toDouble(head, tail, tailDigits, scale);
}

function isDigit(byte: number | undefined): boolean {
    return byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
}

/** Integers below this number are exact as doubles. */
const EXACT_LIMIT = 2 ** 53;

/** With more digits in the tail, two doubles no longer represent head and tail exactly. */
const MAX_TAIL_DIGITS = 4;

/** Splits a double into two doubles with 26 significant bits each. */
const SPLITTER = 2 ** 27 + 1;

/** Slightly less than one half, because all errors below add up to less than 2^-44 of a unit in the last place. */
const SURE = 0.499999;

/**
 * The double nearest to `head tail / 10^scale`, where `head` has at most 15 digits and `tail` is the `tailDigits`
 * digits that follow: exactly the result of `Number`, or NaN if this method cannot determine it.
 *
 * For integers up to 2^53 and powers of ten up to 10^22, one operation on two exact doubles is rounded correctly: W. D.
 * Clinger, How to Read Floating Point Numbers Accurately, PLDI 1990. The 16 or 17 digits that programs write for a
 * double need a correction: the remainder of the first division, which is exact (T. J. Dekker, A Floating-Point
 * Technique for Extending the Available Precision, 1971), and the tail. A value close to the midpoint of two doubles is
 * left to `Number`.
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
    // The unit in the last place of the sum; 0 for a power of two, below which the doubles are closer together.
    const unit = sum + sum * 2 ** -53 - sum;
    return Math.abs(left) < unit * SURE ? sum : Number.NaN;
}

/** Returns `dividend - quotient * divisor` exactly, for a quotient rounded to the nearest double. */
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
