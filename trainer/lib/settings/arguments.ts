import { ENCODINGS, type Encoding } from "../csv/decode";
import type { Problem } from "../errors";
import type { Algorithm, Task } from "../model";
import { nearest } from "../nearest";
import {
    COLUMN_LIST,
    COLUMN_NAME,
    COLUMN_TYPES,
    type ColumnType,
    decimal,
    FOLDS,
    integer,
    MARKERS,
    oneOf,
    parseList,
    type Rule,
} from "./argument-rules";

/** Arguments for growing a model. Those that ml-cart also has keep their names and meanings. */
export interface GrowthArguments {
    /** "auto" chooses by cross-validation. @default "auto" */
    algorithm: Algorithm | "auto";
    /**
     * Maximum number of levels of decisions, 1 to 64. ml-cart's own default is Infinity, which JSON turns into null.
     * @default 64
     */
    maxDepth: number;
    /** A node with this many rows or fewer is a leaf, 1 to 1000000. @default 3, in a forest 1 */
    minNumSamples: number | undefined;
    /**
     * In a classification, a split must reduce Gini impurity by more than this; in a regression, a node is a leaf if
     * its best split leaves this squared error or less. @default 0
     */
    gainThreshold: number | undefined;
    /**
     * Cost-complexity pruning for a tree: each leaf must remove at least this share of the impurity of the training
     * rows, 0 to 1. @default chosen by cross-validation, or 0 if `gainThreshold` is given
     */
    complexity: number | undefined;
    /** Number of trees in a forest, 1 to 10000. @default 100 */
    trees: number;
    /**
     * Number of features that each split in a forest chooses from. @default the square root of the number of features
     * for classes, a third of it for numbers, rounded
     */
    maxFeatures: number | undefined;
}

/** Arguments for the trainer. */
export interface Hyperparameters {
    /** Column to predict. Required. */
    target: string;
    /** Columns that are not features. @default columns that are identifiers by name and content */
    dropColumns: string[] | undefined;
    /** @default decided by the target column (see `decideTask`) */
    task: Task | undefined;
    /** Markers for missing values, in addition to the usual ones. @default [] */
    missing: string[];
    /** Kinds of columns, by name. @default determined by their values */
    types: Record<string, ColumnType>;
    /** Encoding for a file without a byte order mark. @default "utf-8" */
    encoding: Encoding | undefined;
    /** Decimal mark for all numbers. @default determined by the values in each column */
    decimal: "." | "," | undefined;
    /** Treatment of a cell that its column cannot contain. @default "stop" */
    onBadCell: "stop" | "missing";
    /** Share of the rows held back for testing, 0.05 to 0.5. @default 0.2 */
    testFraction: number;
    /** Seed for the train/test split, the folds and the forest, 0 to 4294967295. @default 42 */
    seed: number;
    /** @default "gini" for classification, "regression" for regression: the only ones in ml-cart */
    gainFunction: "gini" | "regression" | undefined;
    /** @default "mean", the only one in ml-cart */
    splitFunction: "mean";
    /** Number of cross-validation folds, 2 to 20; 0 for none. @default 5 if there are several trials, otherwise 0 */
    cv: number | undefined;
    /** The values to choose from. Each argument has one value unless it was a list. */
    grid: { [K in keyof GrowthArguments]: GrowthArguments[K][] };
}

const DEFAULTS: Omit<Hyperparameters, "target" | "grid"> = {
    dropColumns: undefined,
    task: undefined,
    missing: [],
    types: {},
    encoding: undefined,
    decimal: undefined,
    onBadCell: "stop",
    testFraction: 0.2,
    seed: 42,
    gainFunction: undefined,
    splitFunction: "mean",
    cv: undefined,
};

const DEFAULT_GROWTH: GrowthArguments = {
    algorithm: "auto",
    maxDepth: 64,
    minNumSamples: undefined,
    gainThreshold: undefined,
    complexity: undefined,
    trees: 100,
    maxFeatures: undefined,
};

type Rules<T> = { [K in keyof T]: Rule<Exclude<T[K], undefined>> };

const RULES: Rules<Omit<Hyperparameters, "grid">> = {
    target: COLUMN_NAME,
    dropColumns: COLUMN_LIST,
    task: oneOf("classification", "regression"),
    missing: MARKERS,
    types: COLUMN_TYPES,
    encoding: oneOf(...ENCODINGS),
    decimal: oneOf(".", ","),
    onBadCell: oneOf("stop", "missing"),
    testFraction: decimal(0.05, 0.5, 0.2),
    seed: integer(0, 4294967295, 42),
    gainFunction: oneOf("gini", "regression"),
    splitFunction: oneOf("mean"),
    cv: FOLDS,
};

const GROWTH_RULES: Rules<GrowthArguments> = {
    algorithm: oneOf("auto", "tree", "forest"),
    maxDepth: integer(1, 64, 8),
    minNumSamples: integer(1, 1000000, 3),
    gainThreshold: decimal(0, Infinity, 0.01),
    complexity: decimal(0, 1, 0.01),
    trees: integer(1, 10000, 100),
    maxFeatures: integer(1, 1000000, 3),
};

/** Every value in a list is tried, so this keeps a mistyped list from occupying a VM for days. */
const MAX_VALUES = 100;

/** More trials than this are assumed to be a mistake, because running them would take days. */
const MAX_TRIALS = 1000;

/**
 * Reads `--name=value` arguments. A value may contain any character, including `=`. A value of `GrowthArguments` may be
 * a JSON list of values. If there are problems, the arguments that have none are still present.
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
            problems.push({ setting: name, text: `must be given only once; got it again as ${JSON.stringify(text)}` });
        } else if (isKey(RULES, name)) {
            values[name] = parseValue<unknown>(name, text, RULES[name], problems);
        } else if (isKey(GROWTH_RULES, name)) {
            grid[name] = parseValues<unknown>(name, text, GROWTH_RULES[name], problems);
        } else {
            problems.push({ setting: name, text: describeUnknown(name) });
        }
    }
    const complete = { ...withLists(DEFAULT_GROWTH), ...grid } as Hyperparameters["grid"];
    const hyperparameters = { ...DEFAULTS, ...values, grid: complete } as Hyperparameters;
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
    const chosen = (purpose: string, other = "") => ({
        setting: "cv",
        text: `must be 2 to 20 to ${purpose}; got 0 (--cv=5${other})`,
    });
    const problems: Problem[] = [];
    if (!hasTarget) {
        problems.push({
            setting: "target",
            text: "must be the name of the column to predict; got none",
            fix: "Species",
        });
    }
    if (hasTarget && types?.[target] === "drop") {
        problems.push({ setting: "types", text: `must not drop the target; got ${JSON.stringify(types)}` });
    }
    if (hasTarget && dropColumns?.includes(target)) {
        problems.push({
            setting: "dropColumns",
            text: `must not contain the target; got ${JSON.stringify(dropColumns)}`,
        });
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
        problems.push(chosen(`choose from the list in \`${lists[0]}\``));
    } else if (cv === 0 && grid.algorithm.includes("auto")) {
        problems.push(chosen("choose a model", ", or --algorithm=forest"));
    } else if (cv === 0 && grid.algorithm.includes("tree") && !given.some((name) => LIMITS_OF_TREE.includes(name))) {
        problems.push(chosen("choose `complexity`", ", or --complexity=0.01"));
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
        problems.push({
            setting: name,
            text: `must be a list of 1 to ${MAX_VALUES} different values; got ${shorten(text)}`,
            fix: `[${rule.example}]`,
        });
        return [];
    }
    return items.map((item, index) => parseValue(`${name}[${index}]`, item, rule, problems));
}

function withLists(growth: GrowthArguments): Record<string, unknown[]> {
    return Object.fromEntries(Object.entries(growth).map(([name, value]) => [name, [value]]));
}

function isKey<T extends object>(rules: T, name: string): name is Extract<keyof T, string> {
    return Object.hasOwn(rules, name);
}

function shorten(text: string): string {
    return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function describeUnknown(name: string): string {
    const names = [...Object.keys(RULES), ...Object.keys(GROWTH_RULES)];
    const guess = nearest(name.toLowerCase(), names, name.length / 3, (known) => known.toLowerCase());
    const hint = guess === undefined ? "" : `; did you mean \`${guess}\`?`;
    return `is not a hyperparameter of this trainer${hint}; the hyperparameters are ${names.map((known) => `\`${known}\``).join(", ")}`;
}
