const COMMA = 44;
const DOT = 46;
const MINUS = 45;
const PLUS = 43;
const ZERO = 48;
const LOWER_E = 101;

/** The powers of ten that a double holds exactly. */
export const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Whole numbers below this are exact, and so is every step on the way to them. */
const EXACT_LIMIT = 2 ** 53;

/**
 * `parseNumber` for the bytes of a cell: the same grammar, and the same double as `Number(text)`; NaN for what is no
 * number. A minus zero becomes zero.
 *
 * A whole number below 2^53 times or by a power of ten up to 10^22 is one operation on two exact doubles, hence
 * rounded correctly: W. D. Clinger, How to Read Floating Point Numbers Accurately, PLDI 1990. The rest, as numbers
 * with more digits, is left to `Number`.
 */
export function readNumber(bytes: Uint8Array, start: number, end: number, decimalComma: boolean): number {
    let at = start;
    const sign = at < end ? bytes[at] : 0;
    if (sign === MINUS || sign === PLUS) {
        at++;
    }
    let mantissa = 0;
    const whole = at;
    for (; at < end && isDigit(bytes[at]); at++) {
        mantissa = mantissa * 10 + (bytes[at] as number) - ZERO;
    }
    let digits = at - whole;
    let exponent = 0;
    const mark = at < end ? bytes[at] : 0;
    if (mark === DOT || (decimalComma && mark === COMMA)) {
        const fraction = ++at;
        for (; at < end && isDigit(bytes[at]); at++) {
            mantissa = mantissa * 10 + (bytes[at] as number) - ZERO;
        }
        exponent = fraction - at;
        // "5." is a number, "5," is not.
        digits = mark === COMMA && exponent === 0 ? 0 : digits + at - fraction;
    }
    if (digits === 0) {
        return Number.NaN;
    }
    if (at < end && ((bytes[at] as number) | 0x20) === LOWER_E) {
        at++;
        const negative = at < end && bytes[at] === MINUS;
        if (negative || (at < end && bytes[at] === PLUS)) {
            at++;
        }
        const power = at;
        let value = 0;
        for (; at < end && isDigit(bytes[at]); at++) {
            value = Math.min(value * 10 + (bytes[at] as number) - ZERO, 1e6);
        }
        if (at === power) {
            return Number.NaN;
        }
        exponent += negative ? -value : value;
    }
    if (at < end) {
        return Number.NaN;
    }
    if (mantissa < EXACT_LIMIT && exponent >= -22 && exponent <= 22) {
        const scale = POWERS_OF_TEN[Math.abs(exponent)] as number;
        const value = exponent < 0 ? mantissa / scale : mantissa * scale;
        return sign === MINUS ? 0 - value : value;
    }
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
    const value = Number(mark === COMMA ? text.replace(",", ".") : text);
    return Number.isFinite(value) ? value + 0 : Number.NaN;
}

/**
 * The number of the digits from `start` to `end`, one decimal mark among them, the last `scale` behind it; NaN if that
 * takes more than one exact operation.
 */
export function readDigits(bytes: Uint8Array, start: number, end: number, scale: number): number {
    let mantissa = 0;
    for (let at = start; at < end; at++) {
        const digit = (bytes[at] as number) - ZERO;
        if (digit >= 0) {
            mantissa = mantissa * 10 + digit;
        }
    }
    return mantissa < EXACT_LIMIT && scale < POWERS_OF_TEN.length
        ? mantissa / (POWERS_OF_TEN[scale] as number)
        : Number.NaN;
}

function isDigit(byte: number | undefined): boolean {
    return byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
}
