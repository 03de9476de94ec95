import { parseNumber } from "../lib/model";

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
    return {
        example: words[0] ?? "",
        allowed: words.map((word) => JSON.stringify(word)).join(" or "),
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

/** A number of folds, or 0 for no cross-validation. */
export const FOLDS: Rule<number> = {
    allowed: "0 (none) or an integer from 2 to 20",
    example: "5",
    parse: (text) => (text === "0" ? 0 : integer(2, 20, 5).parse(text)),
};

/** Parses a JSON list; undefined if the text is not one. */
export function parseList(text: string): unknown[] | undefined {
    try {
        const list: unknown = JSON.parse(text);
        // This throws if a list is nested too deeply to be shown in a message.
        JSON.stringify(list);
        return Array.isArray(list) ? list : undefined;
    } catch {
        return undefined;
    }
}
