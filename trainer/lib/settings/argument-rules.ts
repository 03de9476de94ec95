import { parseNumber } from "../model";

/** The values that an argument may have. */
export interface Rule<T> {
    /** Completes the sentence "`name` must be ...". */
    allowed: string;
    /** An allowed value. */
    example: string;
    /** @returns undefined for a value that is not allowed */
    parse(text: string): T | undefined;
}

export function integer(min: number, max: number, example: number): Rule<number> {
    return {
        example: String(example),
        allowed: `an integer from ${min} to ${max}`,
        parse: (text) => {
            const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
            return value >= min && value <= max ? value : undefined;
        },
    };
}

export function decimal(min: number, max: number, example: number): Rule<number> {
    return {
        example: String(example),
        allowed: max === Infinity ? `a number of at least ${min}` : `a number from ${min} to ${max}`,
        parse: (text) => {
            const value = parseNumber(text, false);
            return value !== undefined && value >= min && value <= max ? value : undefined;
        },
    };
}

export function oneOf<const T extends string>(...words: T[]): Rule<T> {
    const quoted = words.map((word) => JSON.stringify(word));
    const [last = "", ...others] = [quoted.at(-1), ...quoted.slice(0, -1)];
    return {
        example: words[0] ?? "",
        allowed: others.length === 0 ? last : `${others.join(", ")} or ${last}`,
        parse: (text) => words.find((word) => word === text),
    };
}

export const COLUMN_NAME: Rule<string> = {
    allowed: "the name of a column",
    example: "Species",
    parse: (text) => (text.trim() === "" ? undefined : text.trim()),
};

export const COLUMN_LIST: Rule<string[]> = {
    allowed: "a JSON list of column names",
    example: '["Id"]',
    parse: (text) => {
        const list = parseList(text);
        return list?.every((item) => typeof item === "string") ? list : undefined;
    },
};

/** Kinds of columns that can be set; `drop` leaves a column out. */
const TYPES = ["number", "text", "date", "drop"] as const;
export type ColumnType = (typeof TYPES)[number];

export const COLUMN_TYPES: Rule<Record<string, ColumnType>> = {
    allowed: `a JSON object of column names, each with ${TYPES.map((type) => JSON.stringify(type)).join(", ")}`,
    example: '{"zip":"text"}',
    parse: (text) => {
        const value = parseJson(text);
        const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
        const isValid = isObject && Object.values(value).every((type) => TYPES.some((known) => known === type));
        return isValid ? (value as Record<string, ColumnType>) : undefined;
    },
};

/** One marker, or a JSON list of several. */
export const MARKERS: Rule<string[]> = {
    allowed: "a JSON list of cells that represent missing values",
    example: '["n/d","-999"]',
    parse: (text) => {
        const list = text.startsWith("[") ? parseList(text) : [text];
        return list?.every((item) => typeof item === "string") ? list.map((item) => item.trim()) : undefined;
    },
};

/** A number of folds, or 0 for no cross-validation. */
export const FOLDS: Rule<number> = {
    allowed: "0 (none) or an integer from 2 to 20",
    example: "5",
    parse: (text) => (text === "0" ? 0 : integer(2, 20, 5).parse(text)),
};

/** Parses a JSON list; undefined if the text is not one. */
export function parseList(text: string): unknown[] | undefined {
    const list = parseJson(text);
    return Array.isArray(list) ? list : undefined;
}

function parseJson(text: string): unknown {
    try {
        const value: unknown = JSON.parse(text);
        // This throws if a value is nested too deeply to be shown in a message.
        JSON.stringify(value);
        return value;
    } catch {
        return undefined;
    }
}
