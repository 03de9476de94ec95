import { type NumberList, valueAt } from "../columns/number-list";
import type { CartModel, TreeNode } from "../model";
import type { GrowthOptions } from "./types";

/** Value in `columns` that marks a leaf. */
export const LEAF = -1;

/**
 * A tree as arrays, which move between threads at no cost. Nodes are numbered in preorder: the left child of a node is
 * the next node. Arrays have one item for each node unless noted otherwise.
 */
export interface FlatTree {
    task: "classification" | "regression";
    /** Column that a split compares, or LEAF. */
    columns: Int32Array;
    /** For a split, the value below which rows go left; for a leaf of a regression, its number. */
    values: Float64Array;
    /** For a split, its right child; for a leaf, its index among the leaves. */
    links: Uint32Array;
    /**
     * For a split, 1 if rows without a value go left. If no row of the fit lacked a value at this split, they go to the
     * side with more rows; otherwise they go right, as in the fit.
     */
    missingLeft: Uint8Array;
    /** For a split, the gain as in model.json. */
    gains: Float64Array;
    /** Rows of the fit that reached the node. */
    samples: Uint32Array;
    /** For classes, the index of the first share of each leaf, followed by the number of shares. */
    leafStarts: Uint32Array;
    /** For classes, the class of each share, ascending within a leaf. Only classes that occur have a share. */
    leafClasses: Uint16Array;
    /** For classes, the shares. */
    leafShares: Float64Array;
    /**
     * Impurity that the splits on each feature removed, weighted by rows. The values sum to 1, or are all 0 if there is
     * no split.
     */
    importances: Float64Array;
    /** Levels of decisions. */
    depth: number;
}

/** Number of leaves, which is one more than the number of splits. */
export function countLeaves(tree: FlatTree): number {
    return (tree.columns.length + 1) / 2;
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

/** The tree in the form that ml-cart's `load` accepts. */
export function toCartModel(tree: FlatTree, growth: GrowthOptions): CartModel {
    const classes = tree.task === "classification";
    return {
        name: classes ? "DTClassifier" : "DTRegression",
        options: {
            gainFunction: classes ? "gini" : "regression",
            splitFunction: "mean",
            minNumSamples: growth.minNumSamples,
            maxDepth: growth.maxDepth,
            gainThreshold: growth.gainThreshold,
            kind: classes ? "classifier" : "regression",
        },
        root: toNode(tree, 0),
    };
}

function toNode(tree: FlatTree, node: number): TreeNode {
    const numberSamples = tree.samples[node] as number;
    const column = tree.columns[node] as number;
    if (column === LEAF) {
        return { numberSamples, distribution: toDistribution(tree, node) };
    }
    return {
        splitColumn: column,
        splitValue: tree.values[node] as number,
        ...(tree.missingLeft[node] === 1 ? { missingLeft: true as const } : {}),
        gain: tree.gains[node] as number,
        numberSamples,
        left: toNode(tree, node + 1),
        right: toNode(tree, tree.links[node] as number),
    };
}

function toDistribution(tree: FlatTree, node: number): number[][] | number {
    if (tree.task === "regression") {
        return tree.values[node] as number;
    }
    const leaf = tree.links[node] as number;
    const start = tree.leafStarts[leaf] as number;
    const end = tree.leafStarts[leaf + 1] as number;
    // The list ends with the last class that occurs, as in ml-cart.
    const shares = new Array<number>((tree.leafClasses[end - 1] as number) + 1).fill(0);
    for (let index = start; index < end; index++) {
        shares[tree.leafClasses[index] as number] = tree.leafShares[index] as number;
    }
    return [shares];
}
