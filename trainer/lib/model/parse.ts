import { checkTree } from "./parse-tree";
import { type Model, ModelError } from "./types";

/**
 * Reads `model.json` and checks everything that a prediction relies on.
 * @throws {ModelError} with the path and the value
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
    const { task, algorithm } = model;
    expect(task === "classification" || task === "regression", "task", '"classification" or "regression"', task);
    expect(algorithm === "tree" || algorithm === "forest", "algorithm", '"tree" or "forest"', algorithm);
    expect(typeof model.target === "string", "target", "a column name", model.target);
    expect(Number.isInteger(model.rows) && Number(model.rows) > 0, "rows", "an integer above 0", model.rows);
    const features = asList(model.features, "features");
    const names = features.map((feature, index) => checkFeature(feature, `features[${index}]`));
    expect(new Set(names).size === names.length, "features", "columns with different names", names);
    const classes = task === "classification" ? asTexts(model.classes, "classes") : [];
    expect(new Set(classes).size === classes.length, "classes", "different strings", classes);
    asObject(model.hyperparameters, "hyperparameters");
    asObject(model.library, "library");
    const trees = asList(model.trees, "trees");
    expect(algorithm === "forest" || trees.length === 1, "trees", "one tree", trees.length);
    const name = task === "classification" ? "DTClassifier" : "DTRegression";
    for (const [index, value] of trees.entries()) {
        const path = `trees[${index}]`;
        const tree = asObject(value, path);
        expect(tree.name === name, `${path}.name`, JSON.stringify(name), tree.name);
        const problem = checkTree(tree.root, { features: features.length, classes: classes.length });
        if (problem !== undefined) {
            expect(false, `${path}.root${problem.path}`, problem.allowed, problem.got);
        }
    }
    return value as Model;
}

/** @returns the name of the column */
function checkFeature(value: unknown, path: string): string {
    const feature = asObject(value, path);
    expect(typeof feature.name === "string", `${path}.name`, "a column name", feature.name);
    const { kind } = feature;
    expect(kind === "number" || kind === "text", `${path}.kind`, '"number" or "text"', kind);
    if (kind === "text") {
        const categories = asTexts(feature.categories, `${path}.categories`);
        const sorted = categories.every((category, index) => index === 0 || (categories[index - 1] ?? "") < category);
        expect(sorted, `${path}.categories`, "different strings, sorted by code unit", categories);
    } else {
        expect(typeof feature.missing === "boolean", `${path}.missing`, "true or false", feature.missing);
    }
    return feature.name as string;
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
        "a list of strings",
        value,
    );
    return list as string[];
}

function expect(condition: boolean, path: string, allowed: string, got: unknown): void {
    if (!condition) {
        throw new ModelError(`The model's \`${path}\` must be ${allowed}; got ${shown(got)}`);
    }
}

function shown(value: unknown): string {
    try {
        return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 80);
    } catch {
        // JSON.parse accepts any number of levels, but JSON.stringify exhausts the stack.
        return "a value that is nested too deeply to be shown";
    }
}
