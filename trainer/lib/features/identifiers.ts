import { type NumberList, rawOf, valueAt } from "../columns/number-list";
import { type Column, isIdentifierName } from "../csv/columns";

/** Names of row numbers, which may also name something else. R writes `X`, but `x` is a common name for a feature. */
const ROW_NUMBERS = /^(X|([Nn][Oo]|[Nn][Rr]|[Nn]um|[Nn]umber|[Oo]bs|#|\.\.\.1)\.?)$/;

/** Names of columns that count time, whose values may well follow the order of the rows. */
const TIMES =
    /(^|[ _.-])(t|time|timestamp|date|year|quarter|month|week|day|hour|minute|second|step|period)s?($|[ _.-])/i;

/** With fewer rows, integers in ascending order may well be measurements. */
const MIN_NUMBERED_ROWS = 50;

/**
 * The reason why a column's name and its values in some rows make it an identifier; undefined if they do not.
 * @param position index of the column; undefined for the only column, which must not be left out on a mere guess
 */
export function findIdentifier(column: Column, rows: Uint32Array, position: number | undefined): string | undefined {
    const { name, values } = column;
    if (isIdentifierName(name)) {
        return isDistinct(column, rows) ? "named like an identifier and without duplicates" : undefined;
    }
    const isPlain = column.kind === "number" && column.format === undefined;
    if (position === undefined || !isPlain || !hasIntegers(values, rows)) {
        return undefined;
    }
    if (ROW_NUMBERS.test(name) && isDense(values, rows) && isDistinct(column, rows)) {
        return "named like a row number and without duplicates";
    }
    // Programs write row numbers into the first column.
    const mayNumber = position === 0 && rows.length >= MIN_NUMBERED_ROWS && !TIMES.test(name);
    return mayNumber && isDense(values, rows) && isAscending(values, rows) ? "it numbers the rows" : undefined;
}

/** True if no two rows have the same value. One row may lack a value. */
function isDistinct({ kind, values }: Column, rows: Uint32Array): boolean {
    if (kind !== "text" && isAscending(values, rows)) {
        return true;
    }
    const raw = rawOf(values);
    const sorted = raw.slice(0, rows.length);
    for (let index = 0; index < rows.length; index++) {
        sorted[index] = raw[rows[index] as number] as number;
    }
    sorted.sort();
    // NaN differs from NaN, but two missing values count as equal.
    return sorted.every((value: number, index: number) => index === 0 || !Object.is(value, sorted[index - 1]));
}

function hasIntegers(values: NumberList, rows: Uint32Array): boolean {
    return ArrayBuffer.isView(values)
        ? rows.every((row) => Number.isInteger(values[row]))
        : values.scale === 1 || rows.every((row) => Number.isInteger(valueAt(values, row)));
}

function isAscending(values: NumberList, rows: Uint32Array): boolean {
    const raw = rawOf(values);
    for (let index = 1; index < rows.length; index++) {
        if (!((raw[rows[index] as number] as number) > (raw[rows[index - 1] as number] as number))) {
            return false;
        }
    }
    return true;
}

/** True if the values are 0 or 1 and the following integers, with few gaps: at most one more for every ten rows. */
function isDense(values: NumberList, rows: Uint32Array): boolean {
    const all = (rows.at(-1) ?? 0) + 1;
    let [low, high] = [Infinity, -Infinity];
    for (const row of rows) {
        const value = valueAt(values, row);
        low = Math.min(low, value);
        high = Math.max(high, value);
    }
    return low >= 0 && low <= 1 + all / 10 && high <= 1 + all * 1.1;
}
