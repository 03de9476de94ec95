import type { CartModel, Feature, Model, Reading, TextFeature, TreeNode } from "../../lib/model";

/** Builds a model from trees, with made-up values for everything that a prediction does not use. */
export function modelOf(features: Feature[], classes: string[] | undefined, roots: TreeNode[]): Model {
    const name = classes === undefined ? "DTRegression" : "DTClassifier";
    const base = {
        format: "gcp-trainer-model",
        version: 2,
        algorithm: roots.length === 1 ? "tree" : "forest",
        target: "target",
        features,
        rows: 10,
        hyperparameters: {},
        library: { name: "ml-cart", version: "2.1.1" },
        trees: roots.map((root): CartModel => ({ name, options: {}, root })),
    } as const;
    const reading: Reading = { missing: [], onBadCell: "stop" };
    return classes === undefined
        ? { ...base, reading, task: "regression" }
        : { ...base, reading, task: "classification", classes };
}

/** Numeric features named a, b, c and so on. If `missing` is set, rows without a value can be predicted. */
export function numberFeatures(count: number, missing = false): Feature[] {
    return Array.from({ length: count }, (_, place) => ({
        name: String.fromCharCode(97 + place),
        kind: "number",
        missing,
    }));
}

/** A text feature whose codes are the positions of its categories; other strings come last. */
export function textFeature(name: string, categories: string[]): TextFeature {
    return { name, kind: "text", categories, codes: [[...categories.keys()]], other: [categories.length] };
}

export function split(splitColumn: number, splitValue: number, left: TreeNode, right: TreeNode): TreeNode {
    return { splitColumn, splitValue, left, right };
}

/** Builds a leaf with a number, or with the shares of the first classes. */
export function leaf(value: number | number[]): TreeNode {
    return { distribution: typeof value === "number" ? value : [value] };
}
