import { type CartModel, listParts, type Model, type Task, type TreeNode } from "./types";

/** Value in `columns` that marks a leaf. */
export const LEAF = -1;

/**
 * A tree as arrays, which need a tenth of the memory that objects need. Nodes are numbered in preorder: the left child
 * of a node is the next node. Arrays have one item for each node unless noted otherwise.
 */
export interface CompactTree {
    task: Task;
    /** Column that a split compares, or LEAF. */
    columns: Int32Array;
    /** For a split, the value below which rows go left; for a leaf in a regression, its number. */
    values: Float64Array;
    /** For a split, its right child; for a leaf, its index among the leaves. */
    links: Uint32Array;
    /**
     * For a split, 1 if rows without a value go left, because in the fit, no row in this node lacked a value and most
     * rows went left. Otherwise such rows go right, as in the fit.
     */
    missingLeft: Uint8Array;
    /** For a split, the gain as in model.json, or NaN if it is unknown. */
    gains: Float64Array;
    /** Rows in the fit that reached the node, or 0 if their number is unknown. */
    samples: Uint32Array;
    /** For classes, the index of the first share of each leaf, followed by the number of shares. */
    leafStarts: Uint32Array;
    /** For classes, the class of each share, ascending within a leaf. Only classes that occur have a share. */
    leafClasses: Uint16Array;
    /** For classes, the shares. */
    leafShares: Float64Array;
    /** Levels of decisions. */
    depth: number;
}

/** With more classes than this, a leaf lists only the classes that occur. */
const MOST_LISTED_CLASSES = 20;

/** The nodes of a tree as in model.json. */
export function expandTree(tree: CompactTree, classes: number): TreeNode {
    const expand = (node: number): TreeNode => {
        const samples = tree.samples[node] as number;
        const numberSamples = samples === 0 ? {} : { numberSamples: samples };
        const column = tree.columns[node] as number;
        if (column === LEAF) {
            return { ...numberSamples, distribution: distributionOf(tree, node, classes) };
        }
        const gain = tree.gains[node] as number;
        return {
            splitColumn: column,
            splitValue: tree.values[node] as number,
            ...(tree.missingLeft[node] === 1 ? { missingLeft: true as const } : {}),
            ...(Number.isNaN(gain) ? {} : { gain }),
            ...numberSamples,
            left: expand(node + 1),
            right: expand(tree.links[node] as number),
        };
    };
    return expand(0);
}

function distributionOf(tree: CompactTree, node: number, classes: number): NonNullable<TreeNode["distribution"]> {
    if (tree.task === "regression") {
        return tree.values[node] as number;
    }
    const shares = sharesAt(tree, node);
    if (classes > MOST_LISTED_CLASSES) {
        return Object.fromEntries(shares);
    }
    // The list ends with the last class that occurs, as in ml-cart.
    const list = new Array<number>((shares.at(-1)?.[0] as number) + 1).fill(0);
    for (const [label, share] of shares) {
        list[label] = share;
    }
    return [list];
}

/** The shares of the classes in a leaf, in ascending order of the classes. */
export function sharesAt(tree: CompactTree, node: number): [label: number, share: number][] {
    const leaf = tree.links[node] as number;
    const [start, end] = [tree.leafStarts[leaf] as number, tree.leafStarts[leaf + 1] as number];
    const shares = tree.leafShares.subarray(start, end);
    return Array.from(shares, (share, index) => [tree.leafClasses[start + index] as number, share]);
}

/** Builds the arrays of a tree from its nodes in preorder. */
export class TreeBuilder {
    readonly #lists = {
        columns: new Growing(Int32Array),
        values: new Growing(Float64Array),
        links: new Growing(Uint32Array),
        missingLeft: new Growing(Uint8Array),
        gains: new Growing(Float64Array),
        samples: new Growing(Uint32Array),
        leafStarts: new Growing(Uint32Array),
        leafClasses: new Growing(Uint16Array),
        leafShares: new Growing(Float64Array),
    };

    /** @returns the number of the node, for `setRight` when the left side is complete */
    addSplit(column: number, value: number, missingLeft: boolean, gain: number, samples: number): number {
        return this.#addNode(column, value, 0, missingLeft ? 1 : 0, gain, samples);
    }

    /** Makes the next node the right child of this split. */
    setRight(split: number): void {
        this.#lists.links.items[split] = this.#lists.columns.length;
    }

    /**
     * Adds a leaf. In a regression, `value` is the leaf's number; in a classification, the leaf's shares are added
     * next.
     */
    addLeaf(value: number, samples: number): void {
        const { leafStarts, leafShares } = this.#lists;
        this.#addNode(LEAF, value, leafStarts.length, 0, 0, samples);
        leafStarts.push(leafShares.length);
    }

    /** Adds a share to the last leaf. Shares must be added in ascending order of their classes. */
    addShare(label: number, share: number): void {
        this.#lists.leafClasses.push(label);
        this.#lists.leafShares.push(share);
    }

    finish(task: Task): CompactTree {
        this.#lists.leafStarts.push(this.#lists.leafShares.length);
        const arrays = Object.entries(this.#lists).map(([name, list]) => [name, list.finish()]);
        const tree: CompactTree = { task, depth: 0, ...Object.fromEntries(arrays) };
        return { ...tree, depth: depthOf(tree) };
    }

    #addNode(column: number, value: number, link: number, missing: number, gain: number, samples: number): number {
        const { columns, values, links, missingLeft, gains, samples: allSamples } = this.#lists;
        columns.push(column);
        values.push(value);
        links.push(link);
        missingLeft.push(missing);
        gains.push(gain);
        allSamples.push(samples);
        return columns.length - 1;
    }
}

function depthOf({ columns, links }: CompactTree): number {
    const depths = new Uint16Array(columns.length);
    for (let node = 0; node < columns.length; node++) {
        if (columns[node] !== LEAF) {
            depths[node + 1] = (depths[node] as number) + 1;
            depths[links[node] as number] = (depths[node] as number) + 1;
        }
    }
    return depths.reduce((most, depth) => Math.max(most, depth), 0);
}

type Numbers = Int32Array | Uint32Array | Uint16Array | Uint8Array | Float64Array;

class Growing<T extends Numbers> {
    items: T;
    length = 0;

    constructor(type: new (length: number) => T) {
        this.items = new type(64);
    }

    push(item: number): void {
        if (this.length === this.items.length) {
            const larger = new (this.items.constructor as new (length: number) => T)(2 * this.length);
            larger.set(this.items);
            this.items = larger;
        }
        this.items[this.length++] = item;
    }

    finish(): T {
        return this.items.slice(0, this.length) as T;
    }
}

/** Turns the nodes of a valid tree into arrays. */
export function compactTree(root: TreeNode, task: Task): CompactTree {
    const builder = new TreeBuilder();
    const append = (node: TreeNode): void => {
        const samples = node.numberSamples ?? 0;
        if (isSplit(node)) {
            const { splitColumn = 0, splitValue = 0, missingLeft = false, gain = Number.NaN } = node;
            const split = builder.addSplit(splitColumn, splitValue, missingLeft, gain, samples);
            append(node.left);
            builder.setRight(split);
            append(node.right);
            return;
        }
        builder.addLeaf(task === "regression" ? (node.distribution as number) : 0, samples);
        for (const [label, share] of task === "regression" ? [] : sharesOf(node)) {
            builder.addShare(label, share);
        }
    };
    append(root);
    return builder.finish(task);
}

/** The trees of a model as arrays. */
export function compactTrees({ trees, task }: Model): readonly CompactTree[] {
    return trees instanceof CompactTrees ? trees.compact : Array.from(trees, ({ root }) => compactTree(root, task));
}

/** One more than the number of the last node below this one. */
export function endOf({ columns, links }: CompactTree, node: number): number {
    let last = node;
    while (columns[last] !== LEAF) {
        last = links[last] as number;
    }
    return last + 1;
}

export function isSplit(node: TreeNode): node is TreeNode & { left: TreeNode; right: TreeNode } {
    return node.left !== undefined && node.right !== undefined;
}

/**
 * A leaf's nonzero shares, each with its class, in ascending order. In a regression, the leaf's number is treated as
 * the share of a single class.
 */
export function sharesOf({ distribution }: TreeNode): [label: number, share: number][] {
    if (typeof distribution !== "object") {
        return [[0, distribution ?? Number.NaN]];
    }
    const shares: [number, number][] = Array.isArray(distribution)
        ? [...(distribution[0] ?? []).entries()]
        : Object.entries(distribution).map(([label, share]) => [Number(label), share]);
    const present = shares.filter(([, share]) => share !== 0);
    return present.length > 0 ? present : shares.slice(0, 1);
}

/** Trees whose nodes are created one tree at a time, because the nodes of all trees might not fit into memory. */
export class CompactTrees<T extends CompactTree> {
    readonly compact: readonly T[];
    readonly #toModel: (tree: T) => CartModel;

    constructor(trees: readonly T[], toModel: (tree: T) => CartModel) {
        this.compact = trees;
        this.#toModel = toModel;
    }

    get length(): number {
        return this.compact.length;
    }

    at(index: number): CartModel | undefined {
        const tree = this.compact.at(index);
        return tree && this.#toModel(tree);
    }

    *[Symbol.iterator](): Generator<CartModel> {
        for (const tree of this.compact) {
            yield this.#toModel(tree);
        }
    }
}

/** A model for predicting many rows. */
export interface Predictor {
    /** Number of output values for each row: one per class, or one for a regression. */
    readonly width: number;
    /**
     * Predicts rows: the trees' shares are summed, the class with the largest sum wins (the first one in a tie), and
     * the sums are divided by the number of trees.
     *
     * @param features row by row, the numbers of `listParts`; NaN for missing values
     * @param rowCount number of rows to predict
     * @param values receives `width` numbers for each row: the shares of the classes, or the predicted number
     * @param labels classification: receives the class of each row, as an index into `model.classes`
     */
    predict(features: Float64Array, rowCount: number, values: Float64Array, labels: Int32Array): void;
}

/** Number of rows that go through one tree, which stays in the processor's cache, before the next tree is used. */
const ROWS_AT_ONCE = 512;

/** Prepares a model, or only the given trees, for predictions. */
export function compileModel(model: Model, trees: readonly CompactTree[] = compactTrees(model)): Predictor {
    const columns = listParts(model.features).length;
    const width = model.task === "classification" ? model.classes.length : 1;
    return {
        width,
        predict: (features, rowCount, values, labels) => {
            values.fill(0, 0, rowCount * width);
            for (let first = 0; first < rowCount; first += ROWS_AT_ONCE) {
                const end = Math.min(first + ROWS_AT_ONCE, rowCount);
                for (const tree of trees) {
                    for (let row = first; row < end; row++) {
                        addLeaf(values, row * width, tree, findLeaf(tree, features, row * columns));
                    }
                }
            }
            for (let row = 0; model.task === "classification" && row < rowCount; row++) {
                labels[row] = largestOf(values, row * width, width);
            }
            for (let index = 0; trees.length > 1 && index < rowCount * width; index++) {
                values[index] = (values[index] as number) / trees.length;
            }
        },
    };
}

/** The leaf that the row beginning at `offset` reaches. A missing value goes right, unless the split says otherwise. */
function findLeaf(
    { columns, values, links, missingLeft }: CompactTree,
    features: Float64Array,
    offset: number,
): number {
    let node = 0;
    for (let column = columns[0] as number; column !== LEAF; column = columns[node] as number) {
        const value = features[offset + column] as number;
        const left = value < (values[node] as number) || (Number.isNaN(value) && missingLeft[node] === 1);
        node = left ? node + 1 : (links[node] as number);
    }
    return node;
}

/** Adds a leaf's number, or its shares, to the sums that begin at `offset`. */
export function addLeaf(sums: Float64Array, offset: number, tree: CompactTree, node: number): void {
    if (tree.task === "regression") {
        sums[offset] = (sums[offset] as number) + (tree.values[node] as number);
        return;
    }
    const leaf = tree.links[node] as number;
    const end = tree.leafStarts[leaf + 1] as number;
    for (let index = tree.leafStarts[leaf] as number; index < end; index++) {
        const cell = offset + (tree.leafClasses[index] as number);
        sums[cell] = (sums[cell] as number) + (tree.leafShares[index] as number);
    }
}

/** Returns the class with the largest sum, or the first of several with the same sum. */
export function largestOf(sums: Float64Array, offset: number, width: number): number {
    let best = 0;
    for (let label = 1; label < width; label++) {
        if ((sums[offset + label] as number) > (sums[offset + best] as number)) {
            best = label;
        }
    }
    return best;
}
