import { UsageError } from "./errors";

/** What is learned: one of several classes, or a number. */
export type Task = "classification" | "regression";

/** The trainer's arguments. Those that are ml-cart's have ml-cart's names and meaning. */
export interface Hyperparameters {
    /** Column to predict. Required. */
    target: string;
    /** Columns that are not features; exactly these. @default columns that are identifiers by name and content */
    dropColumns: string[] | undefined;
    /** @default decided by the target column, see `decideTask` */
    task: Task | undefined;
    /** Share of the rows held back to test on, 0.05 to 0.5. @default 0.2 */
    testFraction: number;
    /** Seed of the train/test split, 0 to 4294967295. @default 42 */
    seed: number;
    /** @default "gini" for classification, "regression" for regression: the only ones that ml-cart has */
    gainFunction: "gini" | "regression" | undefined;
    /** @default "mean", the only one that ml-cart has */
    splitFunction: "mean";
    /** A node with so many rows or fewer is a leaf, 1 to 1000000. @default 3 */
    minNumSamples: number;
    /**
     * Levels of decisions, 1 to 64. ml-cart's own default is Infinity, which JSON turns into null. @default 64
     */
    maxDepth: number;
    /**
     * Classification: a split must gain more Gini impurity than this. Regression: a node is a leaf when its best split
     * leaves this squared error or less. @default 0.01 for classification, 0 for regression
     */
    gainThreshold: number | undefined;
}

const DEFAULTS: Omit<Hyperparameters, "target"> = {
    dropColumns: undefined,
    task: undefined,
    testFraction: 0.2,
    seed: 42,
    gainFunction: undefined,
    splitFunction: "mean",
    minNumSamples: 3,
    maxDepth: 64,
    gainThreshold: undefined,
};

/** One argument's rule: `allowed` completes the sentence "`name` must be ...". */
interface Rule<T> {
    allowed: string;
    parse(text: string): T | undefined;
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

function integer(min: number, max: number): Rule<number> {
    return {
        allowed: `an integer from ${min} to ${max}`,
        parse: (text) => {
            const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
            return value >= min && value <= max ? value : undefined;
        },
    };
}

function decimal(min: number, max: number): Rule<number> {
    return {
        allowed: max === Infinity ? `a number, ${min} or more` : `a number from ${min} to ${max}`,
        parse: (text) => {
            const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
            return value >= min && value <= max && Number.isFinite(value) ? value : undefined;
        },
    };
}

function oneOf<const T extends string>(...words: T[]): Rule<T> {
    return {
        allowed: words.map((word) => JSON.stringify(word)).join(" or "),
        parse: (text) => words.find((word) => word === text),
    };
}

const COLUMN_NAME: Rule<string> = {
    allowed: "the name of a column",
    parse: (text) => (text.trim() === "" ? undefined : text.trim()),
};

const COLUMN_LIST: Rule<string[]> = {
    allowed: 'a JSON list of column names, such as ["Id"]',
    parse: (text) => {
        try {
            const list: unknown = JSON.parse(text);
            return Array.isArray(list) && list.every((item) => typeof item === "string") ? list : undefined;
        } catch {
            return undefined;
        }
    },
};

const RULES: { [K in keyof Hyperparameters]: Rule<Exclude<Hyperparameters[K], undefined>> } = {
    target: COLUMN_NAME,
    dropColumns: COLUMN_LIST,
    task: oneOf("classification", "regression"),
    testFraction: decimal(0.05, 0.5),
    seed: integer(0, 4294967295),
    gainFunction: oneOf("gini", "regression"),
    splitFunction: oneOf("mean"),
    minNumSamples: integer(1, 1000000),
    maxDepth: integer(1, 64),
    gainThreshold: decimal(0, Infinity),
};

function isName(name: string): name is keyof Hyperparameters {
    return Object.hasOwn(RULES, name);
}

/**
 * Reads `--name=value` arguments. A value may hold any character, `=` too.
 * @throws {UsageError} with one sentence for each problem there is
 */
export function parseArguments(argv: readonly string[]): Hyperparameters {
    const values: Record<string, unknown> = {};
    const problems: string[] = [];
    for (const argument of argv) {
        const [, name, text] = /^--([^=]+)=(.*)$/s.exec(argument) ?? [];
        if (name === undefined || text === undefined) {
            problems.push(`Arguments must have the form --name=value; got ${JSON.stringify(argument)}`);
        } else if (!isName(name)) {
            problems.push(`\`${name}\` is not a hyperparameter of this trainer; known are ${knownNames()}`);
        } else if (Object.hasOwn(values, name)) {
            problems.push(`\`${name}\` must be given once; got it again as ${JSON.stringify(text)}`);
        } else {
            values[name] = RULES[name].parse(text);
            if (values[name] === undefined) {
                problems.push(`\`${name}\` must be ${RULES[name].allowed}; got ${JSON.stringify(text)}`);
            }
        }
    }
    if (!Object.hasOwn(values, "target")) {
        problems.push("`target` must be the name of the column to predict; got none (--target=Species)");
    }
    const hyperparameters = { ...DEFAULTS, ...values } as Hyperparameters;
    if (hyperparameters.dropColumns?.includes(hyperparameters.target)) {
        problems.push(`\`dropColumns\` must not name the target; got ${JSON.stringify(hyperparameters.dropColumns)}`);
    }
    if (problems.length > 0) {
        throw new UsageError(problems);
    }
    return hyperparameters;
}

function knownNames(): string {
    return Object.keys(RULES)
        .map((name) => `\`${name}\``)
        .join(", ");
}
