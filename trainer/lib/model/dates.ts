/**
 * Dates and times, as numbers: seconds since 1970-01-01 00:00 UTC. A time without a date is the number of seconds since
 * midnight. In the trees a date also has parts, such as its month.
 */

/** The order of day, month and year, or `time` for a time without a date. */
export type DateOrder = "ymd" | "dmy" | "mdy" | "time";

export const DATE_PARTS = ["time", "month", "day", "weekday", "hour"] as const;
/** A number derived from a date; `time` is the date itself. Weekdays count from 0, Sunday. */
export type DatePart = (typeof DATE_PARTS)[number];

const TIME = String.raw`(\d{1,2}):(\d\d)(?::(\d\d(?:\.\d+)?))?(?: ?([AP])M)?`;
const ZONE = String.raw`(?: ?(?:Z|UTC|GMT|([+-])(\d\d):?(\d\d)))?`;
const YMD = /(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2}))?/.source;
const OTHER = /(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)/.source;
const PATTERNS = {
    ymd: new RegExp(`^${YMD}(?:[T ]${TIME}${ZONE})?$`, "i"),
    other: new RegExp(`^${OTHER}(?:,?[T ]${TIME}${ZONE})?$`, "i"),
    time: new RegExp(`^${TIME}()()()$`, "i"),
};

export const DAY_SECONDS = 86_400;

/** Returns the number for a date, or undefined if the cell is not a date in this order. */
export function parseDate(cell: string, order: DateOrder): number | undefined {
    // Every date begins with a digit, but little other text does.
    const first = cell.charCodeAt(0);
    if (!(first >= 48 && first <= 57)) {
        return undefined;
    }
    if (order === "time") {
        const match = PATTERNS.time.exec(cell);
        return match === null ? undefined : secondsOf(match.slice(1));
    }
    const match = PATTERNS[order === "ymd" ? "ymd" : "other"].exec(cell);
    if (match === null) {
        return undefined;
    }
    const [, a = "", , b = "", c = "1"] = match;
    const [year, month, day] = order === "ymd" ? [a, b, c] : order === "dmy" ? [c, b, a] : [c, a, b];
    const seconds = secondsOf(match.slice(5));
    const century = year.length > 2 ? 0 : Number(year) < 69 ? 2000 : 1900;
    const days = daysOf(Number(year) + century, Number(month), Number(day));
    return days === undefined || seconds === undefined ? undefined : days * DAY_SECONDS + seconds;
}

/** Days since 1970; undefined if the month does not have this day. */
function daysOf(year: number, month: number, day: number): number | undefined {
    const date = new Date(Date.UTC(2000, month - 1, day));
    date.setUTCFullYear(year, month - 1, day);
    return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
        ? date.getTime() / (DAY_SECONDS * 1000)
        : undefined;
}

function secondsOf(match: readonly (string | undefined)[]): number | undefined {
    const [hour, minute, second = "0", half, sign, zoneHour = "0", zoneMinute = "0"] = match;
    if (hour === undefined || minute === undefined) {
        return 0;
    }
    const isValid = half === undefined ? Number(hour) < 24 : Number(hour) >= 1 && Number(hour) <= 12;
    if (!isValid || Number(minute) > 59 || Number(second) >= 61) {
        return undefined;
    }
    const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toUpperCase() === "P" ? 12 : 0);
    const zone = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === "-" ? -60 : 60);
    return hours * 3600 + Number(minute) * 60 + Number(second) - zone;
}

/**
 * The orders in which a column of dates can be read, and whether the choice between two of them is only a convention.
 */
export class DateEvidence {
    readonly #counts = { ymd: 0, dmy: 0, mdy: 0, time: 0 };
    #dates = 0;
    /** True if dots separate the parts of the dates, as in German, where the day comes first. */
    #dotted = false;

    /** Adds a cell; returns false if it is not a date in any order. */
    add(cell: string): boolean {
        let isDate = false;
        for (const order of ["ymd", "dmy", "mdy", "time"] as const) {
            if (parseDate(cell, order) !== undefined) {
                this.#counts[order]++;
                isDate = true;
            }
        }
        this.#dates += isDate ? 1 : 0;
        this.#dotted ||= isDate && cell.includes(".");
        return isDate;
    }

    /** The order that most dates have, and whether a different order also fits them. */
    get order(): { order: DateOrder; open: boolean } {
        const { ymd, dmy, mdy, time } = this.#counts;
        if (time > this.#dates / 2) {
            return { order: "time", open: false };
        }
        if (ymd >= dmy && ymd >= mdy) {
            return { order: "ymd", open: false };
        }
        const open = dmy === mdy && !this.#dotted;
        return { order: dmy > mdy || (dmy === mdy && this.#dotted) ? "dmy" : "mdy", open };
    }
}

/** Arithmetic on dates, so that one definition of the parts serves both numbers and the steps of an ONNX graph. */
export interface Arithmetic<T> {
    /** a + b * factor */
    add(a: T, b: T, factor: number): T;
    /** a * factor + offset */
    scale(a: T, factor: number, offset: number): T;
    /** The largest integer that is at most a / divisor. */
    floorDivide(a: T, divisor: number): T;
}

/**
 * A part of a date. All intermediate numbers are integers, except for a fraction of a second, so doubles are exact.
 * https://howardhinnant.github.io/date_algorithms.html#civil_from_days
 */
export function datePart<T>(time: T, part: DatePart, math: Arithmetic<T>): T {
    if (part === "time") {
        return time;
    }
    const { add, scale, floorDivide } = math;
    const modulo = (a: T, divisor: number) => add(a, floorDivide(a, divisor), -divisor);
    const days = floorDivide(time, DAY_SECONDS);
    if (part === "hour") {
        return floorDivide(modulo(time, DAY_SECONDS), 3600);
    }
    if (part === "weekday") {
        return modulo(scale(days, 1, 4), 7);
    }
    const dayOfEra = modulo(scale(days, 1, 719_468), 146_097);
    const centuries = add(add(dayOfEra, floorDivide(dayOfEra, 1460), -1), floorDivide(dayOfEra, 36_524), 1);
    const withoutLeaps = add(centuries, floorDivide(dayOfEra, 146_096), -1);
    const year = floorDivide(withoutLeaps, 365);
    const daysBefore = add(add(scale(year, 365, 0), floorDivide(year, 4), 1), floorDivide(year, 100), -1);
    const dayOfYear = add(dayOfEra, daysBefore, -1);
    const monthFromMarch = floorDivide(scale(dayOfYear, 5, 2), 153);
    if (part === "day") {
        return scale(add(dayOfYear, floorDivide(scale(monthFromMarch, 153, 2), 5), -1), 1, 1);
    }
    const inNextYear = floorDivide(scale(monthFromMarch, 1, 2), 12);
    return add(scale(monthFromMarch, 1, 3), inNextYear, -12);
}

export const NUMBERS: Arithmetic<number> = {
    add: (a, b, factor) => a + b * factor,
    scale: (a, factor, offset) => a * factor + offset,
    floorDivide: (a, divisor) => Math.floor(a / divisor),
};
