/// <reference path="./ml-cart.d.ts" />
import { DecisionTreeClassifier, DecisionTreeRegression } from "ml-cart";
import { valueAt } from "../lib/columns/number-list";
import type { Dataset } from "../lib/csv/dataset";
import type { Learned } from "../lib/features/learn";
import {
    type CartModel,
    type CompactTree,
    compactTree,
    compactTrees,
    compileModel,
    expandTree,
    type Model,
} from "../lib/model";

/** Enough rows to reach many leaves, but few enough that the check takes almost no time. */
const MAX_ROWS = 200;

/** Rows for checking a model, spread evenly over the dataset. */
export function rowsToCheck(rowCount: number): Uint32Array {
    const count = Math.min(rowCount, MAX_ROWS);
    return Uint32Array.from({ length: count }, (_, index) => Math.floor((index * rowCount) / count));
}

/**
 * Checks that the model file predicts the same as the fit, both as `predict` reads it and, for a tree, in ml-cart.
 * @param predictions the fit's predictions for these rows: indices of classes, or numbers
 * @throws {Error} for a difference, which is a bug in the trainer
 */
export function checkModel(
    model: Model,
    dataset: Dataset,
    { columns }: Learned,
    rows: Uint32Array,
    predictions: Float64Array,
): void {
    const table = Array.from(rows, (row) => columns.map((column) => valueAt(column, row)));
    const readers: [name: string, predicted: ArrayLike<number>][] = [["the model file", predictWithFile(model, table)]];
    if (model.algorithm === "tree") {
        readers.push(["ml-cart", predictWithCart(model, table)]);
    }
    for (const [name, predicted] of readers) {
        const wrong = predictions.findIndex((expected, index) => predicted[index] !== expected);
        if (wrong >= 0) {
            const difference = `${name} predicts ${predicted[wrong]}, the fit ${predictions[wrong]}`;
            throw new Error(`For row ${rows[wrong]} of ${dataset.source} ${difference}`);
        }
    }
}

/** Predicts with the trees as they are written to the file. */
function predictWithFile(model: Model, table: readonly number[][]): ArrayLike<number> {
    const predictor = compileModel(
        model,
        Array.from(model.trees, ({ root }) => compactTree(root, model.task)),
    );
    const values = new Float64Array(table.length * predictor.width);
    const labels = new Int32Array(table.length);
    predictor.predict(Float64Array.from(table.flat()), table.length, values, labels);
    return model.task === "classification" ? labels : values;
}

/** Predicts with ml-cart, which needs a list of the shares of all classes in each leaf, however many there are. */
function predictWithCart(model: Model, table: number[][]): number[] {
    const [tree] = compactTrees(model) as [CompactTree];
    const { root: _, ...options } = model.trees.at(0) as CartModel;
    const reference = model.task === "classification" ? DecisionTreeClassifier : DecisionTreeRegression;
    return reference.load({ ...options, root: expandTree(tree, 0) }).predict(table);
}
