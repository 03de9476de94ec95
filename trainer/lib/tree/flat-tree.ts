import { type NumberList, valueAt } from "../columns/number-list";
import { type CartModel, type CompactTree, expandTree, LEAF } from "../model";
import type { GrowthOptions } from "./types";

/** A grown tree. Its arrays move between threads at no cost. */
export interface FlatTree extends CompactTree {
    /**
     * Impurity that the splits on each feature removed, weighted by rows. The values sum to 1, or are all 0 if there is
     * no split.
     */
    importances: Float64Array;
}

/** Number of leaves, which is one more than the number of splits. */
export function countLeaves(tree: FlatTree): number {
    return (tree.columns.length + 1) / 2;
}

/** Divides importances by their sum, unless it is 0. */
export function normalize(importances: Float64Array): Float64Array {
    const total = importances.reduce((sum, importance) => sum + importance, 0);
    return total > 0 ? importances.map((importance) => importance / total) : importances;
}

/** Returns the leaf that a row reaches, as a node number. */
export function findLeaf(tree: FlatTree, table: readonly NumberList[], row: number): number {
    const { columns, values, links, missingLeft } = tree;
    let node = 0;
    let column = columns[0] as number;
    while (column !== LEAF) {
        const value = valueAt(table[column] as NumberList, row);
        const left = value < (values[node] as number) || (Number.isNaN(value) && missingLeft[node] === 1);
        node = left ? node + 1 : (links[node] as number);
        column = columns[node] as number;
    }
    return node;
}

/** The buffers of a tree's arrays, for transferring them to another thread. */
export function buffersOf(tree: FlatTree): ArrayBuffer[] {
    return Object.values(tree).flatMap((value) => (ArrayBuffer.isView(value) ? [value.buffer as ArrayBuffer] : []));
}

/**
 * The tree in the form of model.json. With few classes, ml-cart's `load` accepts it.
 * @param classes number of classes
 */
export function toCartModel(tree: FlatTree, growth: GrowthOptions, classes = 0): CartModel {
    const isClassifier = tree.task === "classification";
    return {
        name: isClassifier ? "DTClassifier" : "DTRegression",
        options: {
            gainFunction: isClassifier ? "gini" : "regression",
            splitFunction: "mean",
            minNumSamples: growth.minNumSamples,
            maxDepth: growth.maxDepth,
            gainThreshold: growth.gainThreshold,
            kind: isClassifier ? "classifier" : "regression",
        },
        root: expandTree(tree, classes),
    };
}
