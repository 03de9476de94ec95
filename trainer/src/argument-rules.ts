/** What the text of an argument may be: `allowed` completes the sentence "`name` must be ...". */
export interface Rule<T> {
    allowed: string;
    /** @returns undefined for a text that is not allowed */
    parse(text: string): T | undefined;
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

export function integer(min: number, max: number): Rule<number> {
    return {
        allowed: `an integer from ${min} to ${max}`,
        parse: (text) => {
            const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
            return value >= min && value <= max ? value : undefined;
        },
    };
}

export function decimal(min: number, max: number): Rule<number> {
    return {
        allowed: max === Infinity ? `a number, ${min} or more` : `a number from ${min} to ${max}`,
        parse: (text) => {
            const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
            return value >= min && value <= max && Number.isFinite(value) ? value : undefined;
        },
    };
}

export function oneOf<const T extends string>(...words: T[]): Rule<T> {
    return {
        allowed: words.map((word) => JSON.stringify(word)).join(" or "),
        parse: (text) => words.find((word) => word === text),
    };
}

export const COLUMN_NAME: Rule<string> = {
    allowed: "the name of a column",
    parse: (text) => (text.trim() === "" ? undefined : text.trim()),
};

export const COLUMN_LIST: Rule<string[]> = {
    allowed: 'a JSON list of column names, such as ["Id"]',
    parse: (text) => {
        const list = parseList(text);
        return list?.every((item) => typeof item === "string") ? list : undefined;
    },
};

/** No cross-validation, or a number of folds. */
export const FOLDS: Rule<number> = {
    allowed: "0 (none) or an integer from 2 to 20",
    parse: (text) => (text === "0" ? 0 : integer(2, 20).parse(text)),
};

/** The JSON list that a text is; undefined when it is none. */
export function parseList(text: string): unknown[] | undefined {
    try {
        const list: unknown = JSON.parse(text);
        return Array.isArray(list) ? list : undefined;
    } catch {
        return undefined;
    }
}
