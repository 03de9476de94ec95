import { ENCODINGS } from "../csv/decode";
import type { Problem } from "../errors";
import { parseNumber } from "../model";
import { nearest } from "../nearest";

/** The values that an argument may take. */
interface Rule<T> {
    /** Completes the sentence "`name` must be ...". */
    allowed: string;
    /** An allowed value. */
    example: string;
    /** @returns undefined for a value that is not allowed */
    parse(text: string): T | undefined;
}

function rule<T>(allowed: string, example: string, parse: Rule<T>["parse"]): Rule<T> {
    return { allowed, example, parse };
}

function integer(min: number, max: number, example: number): Rule<number> {
    return rule(`an integer from ${min} to ${max}`, String(example), (text) => {
        const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
        return value >= min && value <= max ? value : undefined;
    });
}

function decimal(min: number, max: number, example: number): Rule<number> {
    const allowed = max === Infinity ? `a number of at least ${min}` : `a number from ${min} to ${max}`;
    return rule(allowed, String(example), (text) => {
        const value = parseNumber(text, false);
        return value !== undefined && value >= min && value <= max ? value : undefined;
    });
}

function oneOf<const T extends string>(...words: T[]): Rule<T> {
    const quoted = words.map((word) => JSON.stringify(word));
    const [last = "", ...others] = [quoted.at(-1), ...quoted.slice(0, -1)];
    const allowed = others.length === 0 ? last : `${others.join(", ")} or ${last}`;
    return rule(allowed, words[0] ?? "", (text) => words.find((word) => word === text));
}

const COLUMN_NAME = rule("the name of a column", "Species", (text) => text.trim() || undefined);
const COLUMN_LIST = rule("a JSON list of column names", '["Id"]', parseTexts);

/** Kinds of columns that can be set; `drop` leaves a column out. */
const TYPES = ["number", "text", "date", "drop"] as const;

const COLUMN_TYPES = rule(
    `a JSON object of column names, each with ${TYPES.map((type) => JSON.stringify(type)).join(", ")}`,
    '{"zip":"text"}',
    (text) => {
        const value = parseJson(text);
        const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
        const isValid = isObject && Object.values(value).every((type) => TYPES.some((known) => known === type));
        return isValid ? (value as Record<string, (typeof TYPES)[number]>) : undefined;
    },
);

/** One marker, or a JSON list of several. */
const MARKERS = rule("a JSON list of cells that represent missing values", '["n/d","-999"]', (text) => {
    return (text.startsWith("[") ? parseTexts(text) : [text])?.map((item) => item.trim());
});

/** A number of folds, or 0 for no cross-validation. */
const FOLDS = rule("0 (none) or an integer from 2 to 20", "5", (text) => {
    return text === "0" ? 0 : integer(2, 20, 5).parse(text);
});

/** Parses a JSON list; undefined if the text is not one. */
function parseList(text: string): unknown[] | undefined {
    const list = parseJson(text);
    return Array.isArray(list) ? list : undefined;
}

function parseTexts(text: string): string[] | undefined {
    const list = parseList(text);
    return list?.every((item) => typeof item === "string") ? list : undefined;
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

/** A rule, with the value to use if the argument is not given. */
type Setting<T, D> = Rule<T> & { fallback: D };

function setting<T, D extends T | undefined>(rule: Rule<T>, fallback: D): Setting<T, D> {
    return { ...rule, fallback };
}

type ValuesOf<S> = {
    [K in keyof S]: S[K] extends Setting<infer T, infer D>
        ? T | (undefined extends D ? undefined : never)
        : S[K] extends Rule<infer T>
          ? T
          : never;
};

/** Arguments for the trainer. Only the target is required. */
const SETTINGS = {
    /** Column to predict. */
    target: COLUMN_NAME,
    /** Columns that are not features. @default columns that are identifiers by name and content */
    dropColumns: setting(COLUMN_LIST, undefined),
    /** @default decided by the target column (see `decideTask`) */
    task: setting(oneOf("classification", "regression"), undefined),
    /** Markers for missing values, in addition to the usual ones. */
    missing: setting(MARKERS, []),
    /** Kinds of columns, by name. @default determined by their values */
    types: setting(COLUMN_TYPES, {}),
    /** Encoding for a file without a byte order mark. @default "utf-8" */
    encoding: setting(oneOf(...ENCODINGS), undefined),
    /** Decimal mark for all numbers. @default determined by the values in each column */
    decimal: setting(oneOf(".", ","), undefined),
    /** Treatment of a cell whose content does not fit the kind of its column. */
    onBadCell: setting(oneOf("stop", "missing"), "stop"),
    /** Share of the rows held back for testing. */
    testFraction: setting(decimal(0.05, 0.5, 0.2), 0.2),
    /** Seed for the train/test split, the folds and the forest. */
    seed: setting(integer(0, 4294967295, 42), 42),
    /** @default "gini" for classification, "regression" for regression: the only functions that ml-cart offers */
    gainFunction: setting(oneOf("gini", "regression"), undefined),
    /** The only function that ml-cart offers. */
    splitFunction: setting(oneOf("mean"), "mean"),
    /** Number of cross-validation folds; 0 for none. @default 5 if there are several trials, otherwise 0 */
    cv: setting(FOLDS, undefined),
};

/** Arguments for growing a model. Those that ml-cart also has keep their names and meanings. */
const GROWTH = {
    /** "auto" chooses by cross-validation. */
    algorithm: setting(oneOf("auto", "tree", "forest"), "auto"),
    /** Maximum number of levels of decisions. ml-cart's own default is Infinity, which JSON turns into null. */
    maxDepth: setting(integer(1, 64, 8), 64),
    /** A node with this many rows or fewer is a leaf. @default 3, in a forest 1 */
    minNumSamples: setting(integer(1, 1000000, 3), undefined),
    /**
     * In a classification, a split must reduce Gini impurity by more than this; in a regression, a node is a leaf if
     * its best split leaves this squared error or less. @default 0
     */
    gainThreshold: setting(decimal(0, Infinity, 0.01), undefined),
    /**
     * Cost-complexity pruning for a tree: each leaf must remove at least this share of the impurity of the training
     * rows. @default chosen by cross-validation, or 0 if `gainThreshold` is given
     */
    complexity: setting(decimal(0, 1, 0.01), undefined),
    /** Number of trees in a forest. */
    trees: setting(integer(1, 10000, 100), 100),
    /**
     * Number of features that each split in a forest chooses from. @default for classes, the rounded square root of the
     * number of features; for numbers, a third of it, rounded up
     */
    maxFeatures: setting(integer(1, 1000000, 3), undefined),
};

/** The values of the arguments for growing a model. */
export type GrowthArguments = ValuesOf<typeof GROWTH>;

/** The values of all arguments. In the grid, each has one value, unless a list of values to choose from was given. */
export type Hyperparameters = ValuesOf<typeof SETTINGS> & {
    grid: { [K in keyof GrowthArguments]: GrowthArguments[K][] };
};

/** Every value in a list is tried, so this keeps a mistyped list from occupying a VM for days. */
const MAX_VALUES = 100;

/** More trials than this are assumed to be a mistake, because running them would take days. */
const MAX_TRIALS = 1000;

/**
 * Reads `--name=value` arguments. A value may contain any character, including `=`. A value of `GrowthArguments` may be
 * a JSON list of values. If some have problems, the others are still returned.
 */
export function readArguments(argv: readonly string[]): { hyperparameters: Hyperparameters; problems: Problem[] } {
    const values: Record<string, unknown> = {};
    const grid: Record<string, unknown[]> = {};
    const problems: Problem[] = [];
    for (const argument of argv) {
        const [, name, text] = /^--([^=]+)=(.*)$/s.exec(argument) ?? [];
        if (name === undefined || text === undefined) {
            problems.push({ text: `Arguments must have the form --name=value; got ${JSON.stringify(argument)}` });
        } else if (Object.hasOwn(values, name) || Object.hasOwn(grid, name)) {
            problems.push({ setting: name, text: `must be given only once; also got ${JSON.stringify(text)}` });
        } else if (isKey(SETTINGS, name)) {
            values[name] = parseValue<unknown>(name, text, SETTINGS[name], problems);
        } else if (isKey(GROWTH, name)) {
            grid[name] = parseValues<unknown>(name, text, GROWTH[name], problems);
        } else {
            problems.push({ setting: name, text: describeUnknown(name) });
        }
    }
    const { target: _, ...others } = SETTINGS;
    const defaults = Object.entries(others).map(([name, { fallback }]) => [name, fallback]);
    const lists = Object.entries(GROWTH).map(([name, { fallback }]) => [name, grid[name] ?? [fallback]]);
    const all = { ...Object.fromEntries(defaults), ...values, grid: Object.fromEntries(lists) };
    const hyperparameters = all as unknown as Hyperparameters;
    problems.push(...findConflicts(hyperparameters, Object.keys(grid), Object.hasOwn(values, "target")));
    return { hyperparameters, problems };
}

/** Without these, the size of a tree is chosen by cross-validation. */
const LIMITS_OF_TREE = ["complexity", "gainThreshold"];

/** Arguments that none of the algorithms uses. */
function findUnused({ algorithm }: Hyperparameters["grid"], given: readonly string[]): Problem[] {
    const needs = [
        { names: ["trees", "maxFeatures"], user: "forest", others: "a single tree" },
        { names: ["complexity"], user: "tree", others: "a forest" },
    ] as const;
    return needs.flatMap(({ names, user, others }) => {
        const unused = names.filter((name) => given.includes(name));
        const isUsed = algorithm.some((value) => value === user || value === "auto");
        return unused.length === 0 || isUsed
            ? []
            : [{ text: `\`${unused.join("` and `")}\` must not be given for ${others} (--algorithm=${user})` }];
    });
}

function findConflicts(hyperparameters: Hyperparameters, given: readonly string[], hasTarget: boolean): Problem[] {
    const { target, dropColumns, types, grid, cv } = hyperparameters;
    const problems: Problem[] = [];
    const add = (setting: string, text: string, fix?: string) => problems.push({ setting, text, ...(fix && { fix }) });
    if (!hasTarget) {
        add("target", "must be the name of the column to predict; got none", "Species");
    }
    if (hasTarget && types?.[target] === "drop") {
        add("types", `must not drop the target; got ${JSON.stringify(types)}`);
    }
    if (hasTarget && dropColumns?.includes(target)) {
        add("dropColumns", `must not contain the target; got ${JSON.stringify(dropColumns)}`);
    }
    problems.push(...findUnused(grid, given));
    const lists = searchedNames(grid);
    const size = Object.values(grid).reduce((product, values) => product * values.length, 1);
    if (size > MAX_TRIALS) {
        const lengths = lists.map((name) => `\`${name}\` ${grid[name].length}`).join(" x ");
        problems.push({
            text: `The lists must combine into at most ${MAX_TRIALS} trials; got ${size} (${lengths}): shorten one`,
        });
    }
    if (cv === 0 && lists.length > 0) {
        add("cv", `must be 2 to 20 to choose from the list in \`${lists[0]}\`; got 0 (--cv=5)`);
    } else if (cv === 0 && grid.algorithm.includes("auto")) {
        add("cv", "must be 2 to 20 to choose a model; got 0 (--cv=5, or --algorithm=forest)");
    } else if (cv === 0 && grid.algorithm.includes("tree") && !given.some((name) => LIMITS_OF_TREE.includes(name))) {
        add("cv", "must be 2 to 20 to choose `complexity`; got 0 (--cv=5, or --complexity=0.01)");
    }
    return problems;
}

/** Names of the arguments with more than one value. */
export function searchedNames(grid: Hyperparameters["grid"]): (keyof GrowthArguments)[] {
    return (Object.keys(grid) as (keyof GrowthArguments)[]).filter((name) => grid[name].length > 1);
}

function parseValue<T>(name: string, text: string, rule: Rule<T>, problems: Problem[]): T | undefined {
    const value = rule.parse(text);
    if (value === undefined) {
        problems.push({
            setting: name,
            text: `must be ${rule.allowed}; got ${JSON.stringify(text)}`,
            fix: rule.example,
        });
    }
    return value;
}

function parseValues<T>(name: string, text: string, rule: Rule<T>, problems: Problem[]): (T | undefined)[] {
    const list = text.startsWith("[") ? parseList(text) : undefined;
    if (list === undefined) {
        return [parseValue(name, text, rule, problems)];
    }
    const items = list.map((item) => (typeof item === "object" ? JSON.stringify(item) : String(item)));
    if (items.length === 0 || items.length > MAX_VALUES || new Set(items).size < items.length) {
        const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
        problems.push({
            setting: name,
            text: `must be a list of 1 to ${MAX_VALUES} different values; got ${shown}`,
            fix: `[${rule.example}]`,
        });
        return [];
    }
    return items.map((item, index) => parseValue(`${name}[${index}]`, item, rule, problems));
}

function isKey<T extends object>(rules: T, name: string): name is Extract<keyof T, string> {
    return Object.hasOwn(rules, name);
}

function describeUnknown(name: string): string {
    const names = [...Object.keys(SETTINGS), ...Object.keys(GROWTH)];
    const guess = nearest(name.toLowerCase(), names, name.length / 3, (known) => known.toLowerCase());
    const hint = guess === undefined ? "" : `; did you mean \`${guess}\`?`;
    return `is not a hyperparameter of this trainer${hint}; the hyperparameters are ${names.map((known) => `\`${known}\``).join(", ")}`;
}
