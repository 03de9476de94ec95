import { toDouble } from "./decimal";

const COMMA = 44;
const DOT = 46;
const MINUS = 45;
const PLUS = 43;
const ZERO = 48;
const LOWER_E = 101;

/** So many digits are an exact double, whatever they are. */
const HEAD_DIGITS = 15;

/**
 * `parseNumber` for the bytes of a cell: the same grammar, and the same double as `Number(text)`; NaN for what is no
 * number. A minus zero becomes zero.
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
        // "5." is a number, "5," is not.
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
 * The digits from `start` to `end`, one decimal mark among them, as a whole number divided by 10^`scale`. NaN: only
 * `Number` knows.
 */
export function readDigits(bytes: Uint8Array, start: number, end: number, scale: number): number {
    let head = 0;
    let headDigits = 0;
    let tail = 0;
    let tailDigits = 0;
    for (let at = start; at < end; at++) {
        const digit = (bytes[at] as number) - ZERO;
        if (digit < 0) {
            continue; // The mark.
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
