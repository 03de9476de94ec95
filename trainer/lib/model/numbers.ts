/**
 * Numbers as people and spreadsheets write them: with thousands separators, a decimal comma, a percent sign, a
 * currency, parentheses or U+2212 for negative ones. A column has one format, which all of its cells determine.
 */

/** The format of the numbers in a column, unless they are plain. */
export interface NumberFormat {
    /** @default "." */
    decimal?: ",";
    /** Thousands separator; a space represents every kind of space. */
    group?: string;
    /** Percent sign or currency. The number is taken as written: `12.5%` is 12.5. */
    unit?: string;
    /** True if the cells are `true` and `false`, in upper or lower case; they count as 1 and 0. */
    boolean?: true;
}

const UNIT = String.raw`%|\p{Sc}|USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN|CZK|BRL|ZAR`;
const NUMBER = new RegExp(
    String.raw`^(\()?([+\-−])?(${UNIT})?\s*([+\-−])?(\d[\d.,'’\s]*|[.,]\d+)(e[+-]?\d+)?\s*(${UNIT})?(\))?$`,
    "iu",
);

/** A cell that may be a number. */
interface Written {
    negative: boolean;
    unit: string;
    /** Digits with their marks. Every kind of space or apostrophe has been replaced by the plain one. */
    body: string;
    exponent: string;
}

/** Splits a cell into its parts; undefined if it is not a number in any format. */
function takeApart(cell: string): Written | undefined {
    const [, open, first, before, second, digits, exponent = "", after, close] = NUMBER.exec(cell) ?? [];
    const isWrong = (open === undefined) !== (close === undefined) || (first !== undefined && second !== undefined);
    if (digits === undefined || isWrong || (before !== undefined && after !== undefined)) {
        return undefined;
    }
    const sign = first ?? second;
    const negative = open !== undefined || (sign !== undefined && sign !== "+");
    const body = digits.trimEnd().replaceAll(/\s/g, " ").replaceAll("’", "'");
    return { negative, unit: (before ?? after ?? "").toUpperCase(), body, exponent };
}

/** Returns the number in a cell, or undefined if it is not written in this format. */
export function parseFormatted(cell: string, format: NumberFormat): number | undefined {
    if (format.boolean) {
        const text = cell.toLowerCase();
        return text === "true" ? 1 : text === "false" ? 0 : undefined;
    }
    const written = takeApart(cell);
    if (written === undefined) {
        return undefined;
    }
    const { decimal = ".", group } = format;
    const [whole = "", fraction, ...more] = written.body.split(decimal);
    const digits = group === undefined || !whole.includes(group) ? whole : ungroup(whole, group);
    const isNumber = more.length === 0 && /^\d*$/.test(digits ?? "x") && /^\d*$/.test(fraction ?? "");
    if (!isNumber || (digits === "" && fraction === "")) {
        return undefined;
    }
    const value = Number(`${digits}.${fraction ?? ""}${written.exponent}`);
    // A share without its percent sign may mean 100 times as much.
    const hasUnit =
        written.unit === (format.unit ?? "") || (written.unit === "" && (format.unit !== "%" || value === 0));
    return Number.isFinite(value) && hasUnit ? (written.negative ? 0 - value : value) : undefined;
}

function ungroup(whole: string, group: string): string | undefined {
    const [first = "", ...groups] = whole.split(group);
    return /^\d{1,3}$/.test(first) && groups.every((digits) => /^\d{3}$/.test(digits))
        ? first + groups.join("")
        : undefined;
}

/** The marks whose meaning a column's cells reveal, and the marks that are still ambiguous. */
export class FormatEvidence {
    /** Marks that can separate only decimals, only thousands, or either: `1.25`, `1.234.567`, `1.200`. */
    readonly decimals = new Set<string>();
    readonly groups = new Set<string>();
    readonly either = new Map<string, string>();
    readonly units = new Set<string>();
    /** True if a number of four or more digits has no thousands separator. */
    ungrouped = false;
    /** True if a number below 1000 has no mark. */
    small = false;
    /** The first cell that is not a plain number. */
    example: string | undefined;

    /** Adds a cell; returns false if it is not a number in any format. */
    add(cell: string): boolean {
        const written = takeApart(cell);
        if (written === undefined) {
            return false;
        }
        const { body, unit } = written;
        const marks = [...new Set(body.replaceAll(/\d/g, ""))];
        const last = marks.at(-1);
        const decimal = last === "." || last === "," ? last : undefined;
        const group = marks.length === 2 ? marks[0] : decimal === undefined ? last : undefined;
        const [whole = "", ...rest] = decimal === undefined ? [body] : body.split(decimal);
        if (marks.length > 2 || (group !== undefined && (rest.length > 1 || ungroup(whole, group) === undefined))) {
            return false;
        }
        if (group !== undefined) {
            this.groups.add(group);
        }
        if (decimal !== undefined && rest.length > 1) {
            if (ungroup(body, decimal) === undefined) {
                return false;
            }
            this.groups.add(decimal);
        } else if (decimal !== undefined) {
            const isOpen = group === undefined && /^[1-9]\d{0,2}$/.test(whole) && rest[0]?.length === 3;
            if (isOpen && written.exponent === "") {
                this.either.set(decimal, this.either.get(decimal) ?? cell);
            } else {
                this.decimals.add(decimal);
            }
        } else if (group === undefined) {
            this.ungrouped ||= body.length > 3;
            this.small ||= body.length <= 3;
        }
        this.units.add(unit);
        const isPlain = /^[+-]?[\d.]*$/.test(cell) && group === undefined;
        this.example ??= isPlain ? undefined : cell;
        return true;
    }

    /** True if the marks contradict each other, or if there are several units. */
    get isContradictory(): boolean {
        const both = [...this.groups].some((mark) => this.decimals.has(mark));
        const units = [...this.units].filter((unit) => unit !== "");
        return both || this.groups.size > 1 || units.length > 1;
    }
}

/** The format of a column; `open` is a cell with two possible readings, which only `decimal` can settle. */
export interface FormatDecision {
    /** The column's format; undefined for plain numbers. */
    format: NumberFormat | undefined;
    open?: string;
}

/**
 * Decides the format of a column.
 * @param decimal the setting, or the mark that other columns in the file reveal
 * @param delimiter files with semicolons usually have decimal commas, so a lone dot in them can be read in two ways
 */
export function decideFormat(
    evidence: FormatEvidence,
    decimal: "." | "," | undefined,
    delimiter: string,
): FormatDecision {
    const { decimals, groups, either } = evidence;
    const proven = (mark: string) => (decimals.has(mark) ? "decimal" : groups.has(mark) ? "group" : undefined);
    let open: string | undefined;
    const roles = new Map<string, "decimal" | "group">();
    for (const mark of [".", ","]) {
        const cell = either.get(mark);
        const ofOther = proven(mark === "." ? "," : ".");
        const opposite = ofOther === "decimal" ? "group" : ofOther === "group" ? "decimal" : undefined;
        const given = decimal === undefined ? undefined : decimal === mark ? "decimal" : "group";
        const isDelimiter = mark === "," && delimiter === ",";
        const unique = isDelimiter ? "group" : mark === "." && evidence.ungrouped ? "decimal" : undefined;
        const sure = proven(mark) ?? (cell && (given ?? opposite ?? unique));
        const usual = mark === "." || delimiter === ";" ? "decimal" : "group";
        const role = sure || (cell && usual);
        if (role) {
            roles.set(mark, role);
        }
        const isUsual = delimiter === "," && !evidence.small;
        open ??= sure || isUsual ? undefined : cell;
    }
    const group = [...groups][0] ?? [...roles].find(([, role]) => role === "group")?.[0];
    const unit = [...evidence.units].find((it) => it !== "");
    const hasComma = roles.get(",") === "decimal";
    const isPlain = group === undefined && unit === undefined && (!hasComma || delimiter === ";");
    const format: NumberFormat = {
        ...(hasComma || (group === "." && decimal !== ".") ? { decimal: "," } : {}),
        ...(group === undefined ? {} : { group }),
        ...(unit === undefined ? {} : { unit }),
    };
    return { format: isPlain ? undefined : format, ...(open === undefined ? {} : { open }) };
}
