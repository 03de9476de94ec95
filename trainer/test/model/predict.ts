import { cellReader, type Model, ModelError, type TreeNode } from "../../lib/model";
import { writeParts } from "../../lib/model/cells";
import { sharesOf } from "../../lib/model/compact-tree";

/** A class, with the share of each class, or a number. */
export type Prediction =
    | { task: "classification"; label: string; probabilities: Record<string, number> }
    | { task: "regression"; value: number };

/** A row, by column name. Null, undefined and an absent column are missing values. */
export type Row = Readonly<Record<string, string | number | null | undefined>>;

/**
 * Predicts one row. Cells may be text, as in a CSV file, or numbers; NaN represents a missing number, and dates are
 * numbers as defined in dates.ts. Columns that the model does not use are ignored. The reference for
 * `compileModel`, ONNX and the report.
 * @throws {ModelError} for text where a number or a date is needed
 */
export function predictRow(model: Model, row: Row): Prediction {
    const numbers: number[] = [];
    for (const feature of model.features) {
        const cell = Object.hasOwn(row, feature.name) ? row[feature.name] : undefined;
        const text = cell === null || cell === undefined ? "" : String(cell).trim();
        const isRead = typeof cell === "number" && feature.kind !== "text";
        const remark = isRead
            ? writeParts(feature, cell, numbers, numbers.length)
            : cellReader(feature, false, model.reading)(text, numbers, numbers.length);
        if (remark?.isError) {
            throw new ModelError(`Column ${JSON.stringify(feature.name)} ${remark.text}`);
        }
    }
    return predictEncoded(model, numbers);
}

/**
 * Predicts a row whose features are already numbers, in the order of `listParts`. The trees' shares are summed, the
 * class with the largest sum wins (the first one in a tie), and the sums are divided by the number of trees.
 */
export function predictEncoded(model: Model, features: ArrayLike<number>): Prediction {
    const leaves = Array.from(model.trees, (tree) => findLeaf(tree.root, features));
    if (model.task === "regression") {
        const sum = leaves.reduce((total, { distribution }) => total + (distribution as number), 0);
        return { task: "regression", value: sum / leaves.length };
    }
    const sums = model.classes.map(() => 0);
    for (const [label, share] of leaves.flatMap(sharesOf)) {
        sums[label] = (sums[label] ?? 0) + share;
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

/** Returns the leaf that a row reaches. */
function findLeaf(root: TreeNode, features: ArrayLike<number>): TreeNode {
    let node = root;
    while (node.left !== undefined && node.right !== undefined) {
        // A missing value compares as false and goes right, as in ml-cart, unless the node says otherwise.
        const value = features[node.splitColumn ?? -1] ?? Number.NaN;
        const left = value < (node.splitValue ?? Number.NaN) || (Number.isNaN(value) && node.missingLeft === true);
        node = left ? node.left : node.right;
    }
    return node;
}
