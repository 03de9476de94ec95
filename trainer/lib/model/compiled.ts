import { sharesOf } from "./compact-tree";
import { listParts, type Model, type TreeNode } from "./types";

/** A model as flat arrays, for predicting many rows. */
export interface Predictor {
    /** Number of output values for each row: one per class, or one for a regression. */
    readonly width: number;
    /**
     * Predicts rows, with the same results as `predictEncoded`, bit for bit.
     *
     * @param features row by row, the numbers of `listParts`; NaN for missing values
     * @param rowCount number of rows to predict
     * @param values receives `width` numbers for each row: the shares of the classes, or the predicted number
     * @param labels classification: receives the class of each row, as an index into `model.classes`
     */
    predict(features: Float64Array, rowCount: number, values: Float64Array, labels: Int32Array): void;
}

/**
 * All trees in depth-first order: the left child is the next node. Leaves keep only the shares that are not 0, because a
 * forest with many classes has millions of shares, most of them 0.
 */
interface FlatTrees {
    /** For a split, its feature. For a leaf, the negated number of shares. */
    column: Int32Array;
    /** Rows below this value go left. */
    threshold: Float64Array;
    /** 1 for a split that sends rows without a value to the left. */
    missingLeft: Uint8Array;
    /** Right child of a split; first share of a leaf. */
    next: Int32Array;
    shareClass: Int32Array;
    shares: Float64Array;
    /** First node of each tree. */
    roots: Int32Array;
}

/** Number of rows that go through one tree before the next tree is used, while the tree is in the processor's cache. */
const ROWS_AT_ONCE = 512;

/** Compiles a model from `parseModel` or from the trainer. */
export function compileModel(model: Model): Predictor {
    const trees = flatten(model);
    const columns = listParts(model.features).length;
    const width = model.task === "classification" ? model.classes.length : 1;
    return {
        width,
        predict: (features, rowCount, values, labels) => {
            values.fill(0, 0, rowCount * width);
            for (let first = 0; first < rowCount; first += ROWS_AT_ONCE) {
                const end = Math.min(first + ROWS_AT_ONCE, rowCount);
                for (const root of trees.roots) {
                    addTree(trees, root, features, columns, first, end, values, width);
                }
            }
            if (model.task === "classification") {
                chooseLabels(values, rowCount, width, labels);
            }
            const count = trees.roots.length;
            for (let index = 0; count > 1 && index < rowCount * width; index++) {
                values[index] = (values[index] as number) / count;
            }
        },
    };
}

/** Adds the predictions of one tree for the rows from `first` up to, but not including, `end`. */
function addTree(
    { column, threshold, missingLeft, next, shareClass, shares }: FlatTrees,
    root: number,
    features: Float64Array,
    columns: number,
    first: number,
    end: number,
    values: Float64Array,
    width: number,
): void {
    for (let row = first; row < end; row++) {
        const offset = row * columns;
        let node = root;
        let split = column[node] as number;
        while (split >= 0) {
            const value = features[offset + split] as number;
            const left = value < (threshold[node] as number) || (Number.isNaN(value) && missingLeft[node] === 1);
            node = left ? node + 1 : (next[node] as number);
            split = column[node] as number;
        }
        const begin = next[node] as number;
        for (let index = begin; index < begin - split; index++) {
            const value = row * width + (shareClass[index] as number);
            values[value] = (values[value] as number) + (shares[index] as number);
        }
    }
}

/** Returns the class with the largest sum, or the first of several with the same sum. */
function chooseLabels(sums: Float64Array, rowCount: number, width: number, labels: Int32Array): void {
    for (let row = 0; row < rowCount; row++) {
        const offset = row * width;
        let best = 0;
        for (let label = 1; label < width; label++) {
            if ((sums[offset + label] as number) > (sums[offset + best] as number)) {
                best = label;
            }
        }
        labels[row] = best;
    }
}

function flatten(model: Model): FlatTrees {
    const sizes = { nodes: 0, shares: 0 };
    for (const { root } of model.trees) {
        measure(root, sizes);
    }
    const trees: FlatTrees = {
        column: new Int32Array(sizes.nodes),
        threshold: new Float64Array(sizes.nodes),
        missingLeft: new Uint8Array(sizes.nodes),
        next: new Int32Array(sizes.nodes),
        shareClass: new Int32Array(sizes.shares),
        shares: new Float64Array(sizes.shares),
        roots: new Int32Array(model.trees.length),
    };
    const used = { nodes: 0, shares: 0 };
    let index = 0;
    for (const { root } of model.trees) {
        trees.roots[index++] = used.nodes;
        append(trees, root, used);
    }
    return trees;
}

function measure(node: TreeNode, sizes: { nodes: number; shares: number }): void {
    sizes.nodes++;
    if (node.left !== undefined && node.right !== undefined) {
        measure(node.left, sizes);
        measure(node.right, sizes);
    } else {
        sizes.shares += sharesOf(node).length;
    }
}

function append(trees: FlatTrees, node: TreeNode, used: { nodes: number; shares: number }): void {
    const at = used.nodes++;
    if (node.left !== undefined && node.right !== undefined) {
        trees.column[at] = node.splitColumn ?? 0;
        trees.threshold[at] = node.splitValue ?? Number.NaN;
        trees.missingLeft[at] = node.missingLeft === true ? 1 : 0;
        append(trees, node.left, used);
        trees.next[at] = used.nodes;
        append(trees, node.right, used);
        return;
    }
    const shares = sharesOf(node);
    trees.column[at] = -shares.length;
    trees.next[at] = used.shares;
    for (const [label, share] of shares) {
        trees.shareClass[used.shares] = label;
        trees.shares[used.shares] = share;
        used.shares++;
    }
}
