import type { CartModel, Task, TreeNode } from "./types";

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
     * For a split, 1 if rows without a value go left, because no row in this node lacked a value in the fit and most
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

function distributionOf(
    tree: CompactTree,
    node: number,
    classes: number,
): Exclude<TreeNode["distribution"], undefined> {
    if (tree.task === "regression") {
        return tree.values[node] as number;
    }
    const leaf = tree.links[node] as number;
    const [start, end] = [tree.leafStarts[leaf] as number, tree.leafStarts[leaf + 1] as number];
    const shares: Record<string, number> = {};
    for (let index = start; index < end; index++) {
        shares[tree.leafClasses[index] as number] = tree.leafShares[index] as number;
    }
    if (classes > MOST_LISTED_CLASSES) {
        return shares;
    }
    // The list ends with the last class that occurs, as in ml-cart.
    const length = (tree.leafClasses[end - 1] as number) + 1;
    return [Array.from({ length }, (_, label) => shares[label] ?? 0)];
}

/** Turns the nodes of a valid tree into arrays. */
export function compactTree(root: TreeNode, task: Task): CompactTree {
    const sizes = { nodes: 0, leaves: 0, shares: 0 };
    visit(root, (node) => {
        sizes.nodes++;
        if (!isSplit(node)) {
            sizes.leaves++;
            sizes.shares += task === "regression" ? 0 : sharesOf(node).length;
        }
    });
    const tree: CompactTree = {
        task,
        columns: new Int32Array(sizes.nodes).fill(LEAF),
        values: new Float64Array(sizes.nodes),
        links: new Uint32Array(sizes.nodes),
        missingLeft: new Uint8Array(sizes.nodes),
        gains: new Float64Array(sizes.nodes).fill(Number.NaN),
        samples: new Uint32Array(sizes.nodes),
        leafStarts: new Uint32Array(sizes.leaves + 1),
        leafClasses: new Uint16Array(sizes.shares),
        leafShares: new Float64Array(sizes.shares),
    };
    const used = { nodes: 0, leaves: 0, shares: 0 };
    const append = (node: TreeNode): void => {
        const at = used.nodes++;
        tree.samples[at] = node.numberSamples ?? 0;
        if (isSplit(node)) {
            tree.columns[at] = node.splitColumn as number;
            tree.values[at] = node.splitValue as number;
            tree.missingLeft[at] = node.missingLeft === true ? 1 : 0;
            tree.gains[at] = node.gain ?? Number.NaN;
            append(node.left);
            tree.links[at] = used.nodes;
            append(node.right);
            return;
        }
        tree.links[at] = used.leaves++;
        tree.values[at] = task === "regression" ? (node.distribution as number) : 0;
        for (const [label, share] of task === "regression" ? [] : sharesOf(node)) {
            tree.leafClasses[used.shares] = label;
            tree.leafShares[used.shares++] = share;
        }
        tree.leafStarts[used.leaves] = used.shares;
    };
    append(root);
    return tree;
}

export function isSplit(node: TreeNode): node is TreeNode & { left: TreeNode; right: TreeNode } {
    return node.left !== undefined && node.right !== undefined;
}

function visit(node: TreeNode, use: (node: TreeNode) => void): void {
    use(node);
    if (isSplit(node)) {
        visit(node.left, use);
        visit(node.right, use);
    }
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
    readonly #trees: readonly T[];
    readonly #toModel: (tree: T) => CartModel;

    constructor(trees: readonly T[], toModel: (tree: T) => CartModel) {
        this.#trees = trees;
        this.#toModel = toModel;
    }

    get length(): number {
        return this.#trees.length;
    }

    at(index: number): CartModel | undefined {
        const tree = this.#trees.at(index);
        return tree && this.#toModel(tree);
    }

    *[Symbol.iterator](): Generator<CartModel> {
        for (const tree of this.#trees) {
            yield this.#toModel(tree);
        }
    }
}
