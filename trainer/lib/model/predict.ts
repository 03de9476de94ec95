import { cellReader } from "./cells";
import { type Model, ModelError, type Prediction, type TreeNode } from "./types";

/** A row, by column name. Null, undefined and an absent column are missing values. */
export type Row = Readonly<Record<string, string | number | null | undefined>>;

/**
 * Predicts one row. Cells may be text, as in a CSV file, or numbers; NaN represents a missing number. Columns that the
 * model does not use are ignored. For many rows `compileModel` is much faster.
 * @throws {ModelError} for a missing value in a column where no training row lacked one, text where a number is needed,
 * or a category that did not occur in training
 */
export function predictRow(model: Model, row: Row): Prediction {
    const features = model.features.map((feature) => {
        const cell = Object.hasOwn(row, feature.name) ? row[feature.name] : undefined;
        const text = cell === null || cell === undefined ? "" : String(cell).trim();
        const value = cellReader(feature, false)(text);
        if (typeof value === "string") {
            throw new ModelError(`Column ${JSON.stringify(feature.name)} ${value}`);
        }
        return value;
    });
    return predictEncoded(model, features);
}

/**
 * Predicts a row whose features are already numbers, in the order of `model.features`. The shares of the trees are
 * summed, the class with the largest sum wins (the first of several), and the sums are divided by the number of trees.
 */
export function predictEncoded(model: Model, features: ArrayLike<number>): Prediction {
    const leaves = model.trees.map((tree) => findLeaf(tree.root, features));
    if (model.task === "regression") {
        const sum = (leaves as number[]).reduce((total, value) => total + value, 0);
        return { task: "regression", value: sum / leaves.length };
    }
    const sums = model.classes.map(() => 0);
    for (const leaf of leaves as number[][][]) {
        for (const [label, share] of (leaf[0] ?? []).entries()) {
            sums[label] = (sums[label] ?? 0) + share;
        }
    }
    const best = sums.reduce((top, sum, index) => (sum > (sums[top] ?? 0) ? index : top), 0);
    return {
        task: "classification",
        label: model.classes[best] ?? "",
        probabilities: Object.fromEntries(
            model.classes.map((label, index) => [label, (sums[index] ?? 0) / leaves.length]),
        ),
    };
}

/** Returns the distribution of the leaf that a row reaches. */
function findLeaf(root: TreeNode, features: ArrayLike<number>): number[][] | number {
    let node = root;
    while (node.left !== undefined && node.right !== undefined) {
        // A missing value compares as false and goes right, as in ml-cart, unless the node says otherwise.
        const value = features[node.splitColumn ?? -1] ?? Number.NaN;
        const left = value < (node.splitValue ?? Number.NaN) || (Number.isNaN(value) && node.missingLeft === true);
        node = left ? node.left : node.right;
    }
    return node.distribution ?? Number.NaN;
}
