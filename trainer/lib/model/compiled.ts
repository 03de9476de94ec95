import type { Model, TreeNode } from "./types";

/** A model as flat arrays, for many rows. */
export interface Predictor {
    /** Numbers a row has in the output: one for each class, or one. */
    readonly width: number;
    /**
     * Predicts rows; the same as `predictEncoded`, bit for bit.
     *
     * @param features row after row, `model.features.length` numbers each: numbers, places of categories, NaN for missing
     * @param rowCount how many rows of `features` to predict
     * @param values takes `width` numbers for each row: the classes' shares, or the predicted number
     * @param labels classification: takes each row's class, as its place in `model.classes`
     */
    predict(features: Float64Array, rowCount: number, values: Float64Array, labels: Int32Array): void;
}

/**
 * All trees in depth-first order: the left child is the next node. Leaves keep the shares that are not 0, for a forest
 * with many classes has millions of shares and few of them count.
 */
interface FlatTrees {
    /** Feature of each split. Of a leaf: how many shares it has, below 0. */
    column: Int32Array;
    /** Rows below it go left. */
    threshold: Float64Array;
    /** Of a split: the right child. Of a leaf: its first share. */
    next: Int32Array;
    shareClass: Int32Array;
    shares: Float64Array;
    /** First node of each tree. */
    roots: Int32Array;
}

/** So many rows go through one tree after the other, which then is still in the processor's cache. */
const ROWS_AT_ONCE = 512;

/** Compiles a model that `parseModel` or the trainer gave. */
export function compileModel(model: Model): Predictor {
    const trees = flatten(model);
    const columns = model.features.length;
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
            for (let place = 0; count > 1 && place < rowCount * width; place++) {
                values[place] = (values[place] as number) / count;
            }
        },
    };
}

/** Adds what one tree says of rows from `first` to before `end`. */
function addTree(
    { column, threshold, next, shareClass, shares }: FlatTrees,
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
            // NaN is below nothing: a missing value goes right.
            const left = (features[offset + split] as number) < (threshold[node] as number);
            node = left ? node + 1 : (next[node] as number);
            split = column[node] as number;
        }
        const begin = next[node] as number;
        for (let place = begin; place < begin - split; place++) {
            const value = row * width + (shareClass[place] as number);
            values[value] = (values[value] as number) + (shares[place] as number);
        }
    }
}

/** The class with the largest sum, the first of several. */
function chooseLabels(sums: Float64Array, rowCount: number, width: number, labels: Int32Array): void {
    for (let row = 0; row < rowCount; row++) {
        const offset = row * width;
        let best = 0;
        for (let place = 1; place < width; place++) {
            if ((sums[offset + place] as number) > (sums[offset + best] as number)) {
                best = place;
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
        next: new Int32Array(sizes.nodes),
        shareClass: new Int32Array(sizes.shares),
        shares: new Float64Array(sizes.shares),
        roots: new Int32Array(model.trees.length),
    };
    const used = { nodes: 0, shares: 0 };
    for (const [place, { root }] of model.trees.entries()) {
        trees.roots[place] = used.nodes;
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
        append(trees, node.left, used);
        trees.next[at] = used.nodes;
        append(trees, node.right, used);
        return;
    }
    const shares = sharesOf(node);
    trees.column[at] = -shares.length;
    trees.next[at] = used.shares;
    for (const [place, share] of shares) {
        trees.shareClass[used.shares] = place;
        trees.shares[used.shares] = share;
        used.shares++;
    }
}

/** A leaf's shares that are not 0, each with its class; a number is the share of the only class. */
function sharesOf({ distribution }: TreeNode): [place: number, share: number][] {
    if (!Array.isArray(distribution)) {
        return [[0, distribution ?? Number.NaN]];
    }
    const shares = [...(distribution[0] ?? []).entries()];
    const present = shares.filter(([, share]) => share !== 0);
    return present.length > 0 ? present : shares.slice(0, 1);
}
