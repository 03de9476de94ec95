/**
 * The model file, `model.json`: what the trainer writes and `predict` reads. This module imports nothing, so that
 * other programs can use it too.
 */

/** A column the model needs. */
export type Feature = NumberFeature | TextFeature;

/** Numbers enter the trees as they are. A missing one is NaN, which is below nothing: it goes right at every split. */
export interface NumberFeature {
    name: string;
    kind: "number";
    /** Rows without a value were trained on, so they can be predicted. */
    missing: boolean;
}

/** Text becomes its place in the list of categories. */
export interface TextFeature {
    name: string;
    kind: "text";
    /** Sorted by code unit; "" is one of them when rows without a value were trained on. */
    categories: string[];
}

/** One decision tree, or the mean of many that saw different rows and columns. */
export type Algorithm = "tree" | "forest";

/** ml-cart's node: a leaf has a `distribution`, every other node two children. */
export interface TreeNode {
    splitColumn?: number;
    /** Rows below this value go left. */
    splitValue?: number;
    /** Of a split, as ml-cart defines it. Classification: Gini impurity gained. Regression: squared error left. */
    gain?: number;
    /** Training rows that came to this node. */
    numberSamples?: number;
    left?: TreeNode;
    right?: TreeNode;
    /** Classification: one row, the share of each class, cut after the last class that occurs. Regression: the mean. */
    distribution?: number[][] | number;
}

/** What ml-cart's `toJSON` returns, after a journey through JSON; its `load` takes it. */
export interface CartModel {
    name: "DTClassifier" | "DTRegression";
    options: Record<string, unknown>;
    root: TreeNode;
}

interface ModelBase {
    format: "gcp-trainer-model";
    version: 1;
    algorithm: Algorithm;
    /** Column that is predicted. */
    target: string;
    features: Feature[];
    /** Rows that the model was fitted on. */
    rows: number;
    hyperparameters: Record<string, unknown>;
    library: { name: "ml-cart"; version: string };
    /** One for `tree`. A forest predicts the mean of its trees' shares or numbers. */
    trees: CartModel[];
}

/** A model for classes. */
export interface ClassificationModel extends ModelBase {
    task: "classification";
    /** ml-cart's label 0 is the first. */
    classes: string[];
}

/** A model for numbers. */
export interface RegressionModel extends ModelBase {
    task: "regression";
}

/** The content of `model.json`. */
export type Model = ClassificationModel | RegressionModel;

/** A class with the share of each class in its leaf, or a number. */
export type Prediction =
    | { task: "classification"; label: string; probabilities: Record<string, number> }
    | { task: "regression"; value: number };

/** A model file, or a row for it, that is not what the model format says. */
export class ModelError extends Error {
    override name = "ModelError";
}

/** The trainer makes 64 levels at most; the limit keeps a made-up file from exhausting the stack. */
const MAX_DEPTH = 1000;

/**
 * Reads `model.json`, and checks everything that a prediction relies on.
 * @throws {ModelError} naming the place and the value got
 */
export function parseModel(json: string): Model {
    let value: unknown;
    try {
        value = JSON.parse(json);
    } catch (error) {
        throw new ModelError(`The model is not JSON: ${error instanceof Error ? error.message : error}`);
    }
    const model = asObject(value, "model");
    expect(model.format === "gcp-trainer-model", "format", '"gcp-trainer-model"', model.format);
    expect(model.version === 1, "version", "1, the only version this program reads", model.version);
    const { task } = model;
    expect(task === "classification" || task === "regression", "task", '"classification" or "regression"', task);
    expect(typeof model.target === "string", "target", "a column name", model.target);
    expect(Number.isInteger(model.rows), "rows", "an integer", model.rows);
    const features = asList(model.features, "features");
    features.forEach((feature, index) => {
        checkFeature(feature, `features[${index}]`);
    });
    const classes = task === "classification" ? asTexts(model.classes, "classes").length : 0;
    asObject(model.hyperparameters, "hyperparameters");
    asObject(model.library, "library");
    const { algorithm } = model;
    expect(algorithm === "tree" || algorithm === "forest", "algorithm", '"tree" or "forest"', algorithm);
    const trees = asList(model.trees, "trees");
    expect(algorithm === "forest" || trees.length === 1, "trees", "one tree", trees.length);
    const name = task === "classification" ? "DTClassifier" : "DTRegression";
    trees.forEach((value, index) => {
        const path = `trees[${index}]`;
        const tree = asObject(value, path);
        expect(tree.name === name, `${path}.name`, JSON.stringify(name), tree.name);
        checkNode(tree.root, `${path}.root`, { features: features.length, classes }, 0);
    });
    return value as Model;
}

/**
 * Predicts one row. Cells may be text, as they stand in a CSV file. Columns that the model does not know are ignored.
 * @throws {ModelError} for a missing column, a text where a number is needed, or a category that was not trained on
 */
export function predictRow(model: Model, row: Readonly<Record<string, string | number>>): Prediction {
    return predictEncoded(
        model,
        model.features.map((feature) => encodeCell(feature, Object.hasOwn(row, feature.name) ? row[feature.name] : "")),
    );
}

/** Predicts a row whose features are numbers already, in the order of `model.features`. */
export function predictEncoded(model: Model, features: readonly number[]): Prediction {
    const leaves = model.trees.map((tree) => findLeaf(tree.root, features));
    if (model.task === "regression") {
        return {
            task: "regression",
            value: (leaves as number[]).reduce((sum, value) => sum + value, 0) / leaves.length,
        };
    }
    const shares = model.classes.map(() => 0);
    for (const leaf of leaves as number[][][]) {
        for (const [place, share] of (leaf[0] ?? []).entries()) {
            shares[place] = (shares[place] ?? 0) + share / leaves.length;
        }
    }
    const best = shares.reduce((top, share, index) => (share > (shares[top] ?? 0) ? index : top), 0);
    return {
        task: "classification",
        label: model.classes[best] ?? "",
        probabilities: Object.fromEntries(model.classes.map((label, index) => [label, shares[index] ?? 0])),
    };
}

/** The distribution of the leaf that a row ends in. */
function findLeaf(root: TreeNode, features: readonly number[]): number[][] | number {
    let node = root;
    while (node.left !== undefined && node.right !== undefined) {
        // A feature that is not there compares as false, and goes right, as in ml-cart.
        const value = features[node.splitColumn ?? -1] ?? Number.NaN;
        node = value < (node.splitValue ?? Number.NaN) ? node.left : node.right;
    }
    return node.distribution ?? Number.NaN;
}

function encodeCell(feature: Feature, cell: string | number | undefined): number {
    const column = `Column ${JSON.stringify(feature.name)}`;
    const text = String(cell ?? "").trim();
    if (text === "") {
        throw new ModelError(`${column} has no value; the model needs one`);
    }
    if (feature.kind === "number") {
        const value = Number(text);
        if (!Number.isFinite(value)) {
            throw new ModelError(`${column} must be a number; got ${JSON.stringify(cell)}`);
        }
        return value;
    }
    const place = feature.categories.indexOf(text);
    if (place < 0) {
        const known = feature.categories.slice(0, 10).map((category) => JSON.stringify(category));
        const more = feature.categories.length > 10 ? ` and ${feature.categories.length - 10} more` : "";
        throw new ModelError(`${column} must be one of ${known.join(", ")}${more}; got ${JSON.stringify(text)}`);
    }
    return place;
}

function checkFeature(value: unknown, path: string): void {
    const feature = asObject(value, path);
    expect(typeof feature.name === "string", `${path}.name`, "a column name", feature.name);
    const { kind } = feature;
    expect(kind === "number" || kind === "text", `${path}.kind`, '"number" or "text"', kind);
    if (kind === "text") {
        asTexts(feature.categories, `${path}.categories`);
    } else {
        expect(typeof feature.missing === "boolean", `${path}.missing`, "true or false", feature.missing);
    }
}

function checkNode(value: unknown, path: string, sizes: { features: number; classes: number }, depth: number): void {
    expect(depth <= MAX_DEPTH, path, `at most ${MAX_DEPTH} levels deep`, depth);
    const node = asObject(value, path);
    if (node.left === undefined && node.right === undefined) {
        checkDistribution(node.distribution, `${path}.distribution`, sizes.classes);
        return;
    }
    const { splitColumn, splitValue } = node;
    const inRange = Number.isInteger(splitColumn) && Number(splitColumn) >= 0 && Number(splitColumn) < sizes.features;
    expect(inRange, `${path}.splitColumn`, `an integer from 0 to ${sizes.features - 1}`, splitColumn);
    expect(typeof splitValue === "number", `${path}.splitValue`, "a number", splitValue);
    checkNode(node.left, `${path}.left`, sizes, depth + 1);
    checkNode(node.right, `${path}.right`, sizes, depth + 1);
}

function checkDistribution(value: unknown, path: string, classes: number): void {
    if (classes === 0) {
        expect(typeof value === "number", path, "a number", value);
        return;
    }
    const shares = asList(asList(value, path)[0], `${path}[0]`);
    expect(shares.length > 0 && shares.length <= classes, `${path}[0]`, `1 to ${classes} numbers`, shares);
    expect(
        shares.every((share) => typeof share === "number"),
        `${path}[0]`,
        "numbers",
        shares,
    );
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
    const list = asList(value, path);
    expect(
        list.every((item) => typeof item === "string"),
        path,
        "a list of texts",
        value,
    );
    return list as string[];
}

function expect(condition: boolean, path: string, allowed: string, got: unknown): void {
    if (!condition) {
        const text = got === undefined ? "nothing" : (JSON.stringify(got) ?? String(got)).slice(0, 80);
        throw new ModelError(`The model's \`${path}\` must be ${allowed}; got ${text}`);
    }
}
