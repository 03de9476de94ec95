import { DATE_PARTS } from "./dates";
import { type CartModel, type Feature, listParts, type Model, ModelError } from "./types";

/**
 * Reads the text of `model.json` and checks everything that a prediction relies on. `readModel` reads larger files.
 * @throws {ModelError} with the path and the value
 */
export function parseModel(json: string): Model {
    const model = asObject(parseJson(json), "model");
    const sizes = checkHead(model);
    const trees = asList(model.trees, "trees");
    checkCount(model, trees.length);
    for (const [index, value] of trees.entries()) {
        checkCartModel(value, index, sizes);
    }
    return model as unknown as Model;
}

export function parseJson(json: string): unknown {
    try {
        return JSON.parse(json);
    } catch (error) {
        throw new ModelError(`The model is not JSON: ${error instanceof Error ? error.message : error}`);
    }
}

/** The trainer creates at most 64 levels; the limit keeps a malicious file from exhausting the stack. */
const MAX_DEPTH = 1000;

/** The limits on the content of a model's trees. */
export interface ModelSizes {
    name: CartModel["name"];
    /** Number of columns in the trees. */
    features: number;
    /** Number of classes, 0 for a regression. */
    classes: number;
}

/** Checks everything but the trees, and upgrades the properties of an earlier version. */
export function checkHead(value: unknown): ModelSizes {
    const model = asObject(value, "model");
    expect(model.format === "gcp-trainer-model", "format", '"gcp-trainer-model"', model.format);
    expect(model.version === 1 || model.version === 2, "version", "1 or 2, which this program reads", model.version);
    if (model.version === 1) {
        upgrade(model);
    }
    const { task, algorithm } = model;
    expect(task === "classification" || task === "regression", "task", '"classification" or "regression"', task);
    expect(algorithm === "tree" || algorithm === "forest", "algorithm", '"tree" or "forest"', algorithm);
    expect(typeof model.target === "string", "target", "a column name", model.target);
    expect(Number.isInteger(model.rows) && Number(model.rows) > 0, "rows", "an integer above 0", model.rows);
    const features = asList(model.features, "features");
    const names = features.map((feature, index) => checkFeature(feature, `features[${index}]`));
    expect(new Set(names).size === names.length, "features", "columns with distinct names", names);
    const classes = task === "classification" ? asTexts(model.classes, "classes") : [];
    expect(new Set(classes).size === classes.length, "classes", "distinct strings", classes);
    asObject(model.hyperparameters, "hyperparameters");
    const reading = asObject(model.reading, "reading");
    const { missing, onBadCell } = reading;
    const isTexts = Array.isArray(missing) && missing.every((marker) => typeof marker === "string");
    expect(isTexts, "reading.missing", "a list of strings", missing);
    expect(onBadCell === "stop" || onBadCell === "missing", "reading.onBadCell", '"stop" or "missing"', onBadCell);
    asObject(model.library, "library");
    return {
        features: listParts(features as Feature[]).length,
        classes: classes.length,
        name: task === "classification" ? "DTClassifier" : "DTRegression",
    };
}

export function checkCount({ algorithm }: Record<string, unknown>, trees: number): void {
    expect(algorithm === "forest" || trees === 1, "trees", "one tree", trees);
}

export function checkCartModel(value: unknown, index: number, sizes: ModelSizes): CartModel {
    const path = `trees[${index}]`;
    const tree = asObject(value, path);
    expect(tree.name === sizes.name, `${path}.name`, JSON.stringify(sizes.name), tree.name);
    checkNode(tree.root, `${path}.root`, sizes, 0);
    return value as CartModel;
}

/**
 * Checks a node and those below it: each has two children and a split, or is a leaf with shares or a number. A forest
 * has millions of nodes, so nothing is formatted unless there is a problem.
 */
function checkNode(value: unknown, path: string, sizes: ModelSizes, depth: number): void {
    const { left, right, splitColumn, splitValue, missingLeft, distribution } = asObject(value, path);
    if (depth > MAX_DEPTH) {
        throw invalid(path, `at most ${MAX_DEPTH} levels deep`, depth);
    }
    if (left === undefined && right === undefined) {
        checkDistribution(distribution, `${path}.distribution`, sizes.classes);
        return;
    }
    if (!Number.isInteger(splitColumn) || Number(splitColumn) < 0 || Number(splitColumn) >= sizes.features) {
        throw invalid(`${path}.splitColumn`, `an integer from 0 to ${sizes.features - 1}`, splitColumn);
    }
    if (typeof splitValue !== "number") {
        throw invalid(`${path}.splitValue`, "a number", splitValue);
    }
    if (missingLeft !== undefined && missingLeft !== true) {
        throw invalid(`${path}.missingLeft`, "true or absent", missingLeft);
    }
    checkNode(left, `${path}.left`, sizes, depth + 1);
    checkNode(right, `${path}.right`, sizes, depth + 1);
}

function checkDistribution(value: unknown, path: string, classes: number): void {
    if (classes === 0) {
        expect(typeof value === "number", path, "a number", value);
    } else if (Array.isArray(value) || typeof value !== "object" || value === null) {
        const [shares] = asList(value, path);
        if (!Array.isArray(shares) || shares.length === 0 || shares.length > classes) {
            throw invalid(`${path}[0]`, `1 to ${classes} numbers`, shares);
        }
        if (!shares.every(isShare)) {
            throw invalid(`${path}[0]`, "numbers, 0 or more", shares);
        }
    } else {
        const entries = Object.entries(value);
        const isLabel = (label: string) => /^(0|[1-9]\d{0,4})$/.test(label) && Number(label) < classes;
        const areShares = entries.every(([label, share]) => isLabel(label) && isShare(share));
        if (entries.length === 0 || !areShares) {
            throw invalid(path, `shares of classes from 0 to ${classes - 1}`, value);
        }
    }
}

/** ml-cart sums shares, so one may be 1.0000000000000004. */
function isShare(value: unknown): boolean {
    return typeof value === "number" && value >= 0;
}

/** @returns the name of the column */
function checkFeature(value: unknown, path: string): string {
    const feature = asObject(value, path);
    expect(typeof feature.name === "string", `${path}.name`, "a column name", feature.name);
    const { kind } = feature;
    const isKind = kind === "number" || kind === "date" || kind === "text";
    expect(isKind, `${path}.kind`, '"number", "date" or "text"', kind);
    if (kind === "text") {
        expect(Array.isArray(feature.categories), `${path}.categories`, "a list", feature.categories);
        const categories = feature.categories as unknown[] as string[];
        const sorted = categories.every((category, index) => {
            return typeof category === "string" && (index === 0 || (categories[index - 1] as string) < category);
        });
        expect(sorted, `${path}.categories`, "distinct strings, sorted by code unit", categories);
        const lists = asList(feature.codes, `${path}.codes`);
        for (const [index, codes] of lists.entries()) {
            const length = categories.length;
            const isComplete = Array.isArray(codes) && codes.length === length && codes.every(Number.isInteger);
            expect(isComplete, `${path}.codes[${index}]`, `${length} integers, one for each category`, codes);
        }
        const other = feature.other as unknown[];
        const isComplete = Array.isArray(other) && other.length === lists.length;
        const areNumbers = isComplete && other.every((code) => typeof code === "number");
        expect(areNumbers, `${path}.other`, `${lists.length} numbers, one for each list of codes`, other);
    } else {
        expect(typeof feature.missing === "boolean", `${path}.missing`, "true or false", feature.missing);
    }
    if (kind === "date") {
        const { order, parts } = feature;
        const isOrder = ["ymd", "dmy", "mdy", "time"].includes(order as string);
        expect(isOrder, `${path}.order`, '"ymd", "dmy", "mdy" or "time"', order);
        const areParts = asTexts(parts, `${path}.parts`).every((part) => DATE_PARTS.some((known) => known === part));
        expect(areParts, `${path}.parts`, `some of ${DATE_PARTS.join(", ")}`, parts);
    }
    return feature.name as string;
}

/** Version 1 compares the index of a category, and has no code for other strings, which therefore go right. */
function upgrade(model: Record<string, unknown>): void {
    model.version = 2;
    model.reading ??= { missing: [], onBadCell: "stop" };
    for (const feature of Array.isArray(model.features) ? model.features : []) {
        if (feature?.kind === "text" && Array.isArray(feature.categories)) {
            feature.codes ??= [feature.categories.map((_: unknown, index: number) => index)];
            feature.other ??= [Number.NaN];
        }
    }
}

function asObject(value: unknown, path: string): Record<string, unknown> {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    expect(isObject, path, "an object", value);
    return value as Record<string, unknown>;
}

function asList(value: unknown, path: string): unknown[] {
    expect(Array.isArray(value) && value.length > 0, path, "a list that is not empty", value);
    return value as unknown[];
}

function asTexts(value: unknown, path: string): string[] {
    const areTexts = asList(value, path).every((item) => typeof item === "string");
    expect(areTexts, path, "a list of strings", value);
    return value as string[];
}

function expect(condition: boolean, path: string, allowed: string, got: unknown): void {
    if (!condition) {
        throw invalid(path, allowed, got);
    }
}

function invalid(path: string, allowed: string, got: unknown): ModelError {
    return new ModelError(`The model's \`${path}\` must be ${allowed}; got ${shown(got)}`);
}

function shown(value: unknown): string {
    try {
        return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 80);
    } catch {
        // JSON.parse accepts any number of levels, but JSON.stringify exhausts the stack.
        return "a value that is nested too deeply to be shown";
    }
}
