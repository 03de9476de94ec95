/** A problem with a value or with one of its entries. */
export interface Problem {
    /** Begins with "must". */
    must: string;
    /** The entry's name or position; empty for the value as a whole. */
    entry: readonly string[];
    got: unknown;
    /** True if the entry must be removed because its name is the problem. */
    remove: boolean;
}

/**
 * Result of a check: undefined if the value is valid, otherwise a phrase "must ...". If only removing the entry can fix
 * the problem, `remove` is set.
 */
export type Finding = string | { must: string; remove: true } | undefined;

/** A value that passes the check, for the command in an error message. For lists and objects, this is one entry. */
export interface Example {
    entry: readonly string[];
    value: string;
}

/** One key in the stack config. */
export interface Key<T> {
    /** The type, for the documentation. */
    readonly type: "string" | "integer" | "boolean" | "array" | "object";
    readonly default: T;
    readonly example: Example;
    /** Smallest and largest allowed number. */
    readonly limits?: { readonly min: number; readonly max: number };
    /** Converts the text that Pulumi passes (JSON for lists and objects). Ignore the value if there are problems. */
    parse(text: string): { value: T; problems: Problem[] };
}

interface Options<T> {
    default: T;
    /** Required if the default is empty. */
    example?: string;
}

type Report = (finding: Finding, entry?: readonly string[], got?: unknown) => void;

function parser<T>(convert: (text: string, report: Report) => T): Key<T>["parse"] {
    return (text) => {
        const problems: Problem[] = [];
        const value = convert(text, (finding, entry = [], got = text) => {
            if (finding !== undefined) {
                const found = typeof finding === "string" ? { must: finding, remove: false } : finding;
                problems.push({ ...found, entry, got });
            }
        });
        return { value, problems };
    };
}

function scalarExample(options: Options<unknown>): Example {
    return { entry: [], value: options.example ?? String(options.default) };
}

/** A string that passes `check`. */
export function text(check: (text: string) => Finding, options: Options<string>): Key<string> {
    return {
        type: "string",
        default: options.default,
        example: scalarExample(options),
        parse: parser((value, report) => {
            report(check(value));
            return value;
        }),
    };
}

/** A whole number, written only in digits, because `parseFloat` would read "10abc" as 10. */
export function integer(min: number, max: number, options: Options<number>) {
    return {
        type: "integer",
        default: options.default,
        example: scalarExample(options),
        limits: { min, max },
        parse: parser((value, report) => {
            const number = Number(value);
            if (!/^-?\d{1,15}$/.test(value) || number < min || number > max) {
                report(`must be an integer from ${min} to ${max}`);
            }
            return number;
        }),
    } as const satisfies Key<number>;
}

/** `true` or `false`. */
export function flag(options: Options<boolean>): Key<boolean> {
    return {
        type: "boolean",
        default: options.default,
        example: scalarExample(options),
        parse: parser((value, report) => {
            report(value === "true" || value === "false" ? undefined : "must be true or false");
            return value === "true";
        }),
    };
}

/** One of a fixed set of words. */
export function choice<T extends string>(values: readonly T[], options: Options<T>): Key<T> {
    return {
        type: "string",
        default: options.default,
        example: scalarExample(options),
        parse: parser((value, report) => {
            const found = values.find((allowed) => allowed === value);
            report(found === undefined ? `must be ${values.join(" or ")}` : undefined);
            return found ?? options.default;
        }),
    };
}

/** A list of strings, each of which passes `check`. */
export function list(
    check: (item: string) => Finding,
    options: { default: readonly string[]; example: string },
): Key<readonly string[]> {
    return {
        type: "array",
        default: options.default,
        example: { entry: ["0"], value: options.example },
        parse: parser((value, report) => {
            const items = parseJson(value);
            if (!Array.isArray(items) || isTooDeep(items)) {
                report(Array.isArray(items) ? TOO_DEEP : "must be a list");
                return [];
            }
            return items.map((item: unknown, index) => {
                report(typeof item === "string" ? check(item) : "must be a string", [String(index)], item);
                return typeof item === "string" ? item : "";
            });
        }),
    };
}

/** A list of strings, or a single word such as `any` instead of a list. */
export function listOrWord(
    word: string,
    check: (item: string) => Finding,
    options: { default: readonly string[]; example: string },
): Key<readonly string[]> {
    const key = list(check, options);
    return { ...key, parse: (value) => (value === word ? { value: [word], problems: [] } : key.parse(value)) };
}

/** An object whose entries pass `check`; `convert` turns an entry into the value that the program uses. */
export function record<T>(
    check: (name: string, value: unknown) => Finding,
    convert: (value: unknown) => T,
    options: { default: Readonly<Record<string, T>>; example: readonly [name: string, value: string] },
): Key<Readonly<Record<string, T>>> {
    const [name, value] = options.example;
    return {
        type: "object",
        default: options.default,
        example: { entry: [name], value },
        parse: parser((json, report): Record<string, T> => {
            const entries = parseJson(json);
            if (typeof entries !== "object" || entries === null || Array.isArray(entries)) {
                report("must be an object");
                return {};
            }
            if (isTooDeep(entries)) {
                report(TOO_DEEP);
                return {};
            }
            const valid = Object.entries(entries).filter(([name, value]) => {
                const finding = check(name, value);
                report(finding, [name], typeof finding === "object" ? name : value);
                return finding === undefined;
            });
            return Object.fromEntries(valid.map(([name, value]) => [name, convert(value)]));
        }),
    };
}

/**
 * An object of strings. `npx pulumi config set --path` stores some strings as numbers or booleans; these become strings
 * again.
 */
export function texts(
    check: (name: string, value: string) => Finding,
    options: { default: Readonly<Record<string, string>>; example: readonly [name: string, value: string] },
): Key<Readonly<Record<string, string>>> {
    const checkEntry = (name: string, value: unknown): Finding => {
        const isScalar = ["string", "number", "boolean"].includes(typeof value);
        return isScalar ? check(name, String(value)) : "must be a string";
    };
    return record(checkEntry, String, options);
}

/** Maximum nesting depth; deeper values would overflow the stack in the functions that render a value as JSON. */
const MAX_LEVELS = 100;
const TOO_DEEP = `must be nested at most ${MAX_LEVELS} levels deep`;

/** Counts level by level, because a recursive function would itself overflow the stack. */
function isTooDeep(value: object): boolean {
    const isObject = (part: unknown): part is object => typeof part === "object" && part !== null;
    let level = [value];
    for (let depth = 0; level.length > 0 && depth <= MAX_LEVELS; depth++) {
        level = level.flatMap((each) => Object.values(each).filter(isObject));
    }
    return level.length > 0;
}

function parseJson(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
