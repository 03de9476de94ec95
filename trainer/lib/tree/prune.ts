import { endOf, LEAF, TreeBuilder } from "../model";
import { type FlatTree, findLeaf, normalize } from "./flat-tree";
import type { FitTable } from "./types";

/** The numbers that pruning needs for each node, in addition to the tree itself. */
export interface NodeImpurities {
    /** Impurity of the root, multiplied by its number of rows. */
    root: number;
    /** For a split, the impurity that it removes, multiplied by the node's number of rows; for a leaf, 0. */
    removed: ArrayLike<number>;
    /** For a regression, the mean of each node; for classes, 0. */
    means: ArrayLike<number>;
}

/**
 * Minimal cost-complexity pruning (Breiman et al., Classification and Regression Trees, 1984, chapter 3): the smallest
 * subtree that minimises impurity plus penalty, where each leaf costs `complexity` times the impurity of the root.
 */
export function pruneTree(tree: FlatTree, impurities: NodeImpurities, complexity: number): FlatTree {
    const isLeaf = findPruned(tree, impurities, complexity);
    const builder = new TreeBuilder();
    const importances = new Float64Array(tree.importances.length);
    const counts = new Map<number, number>();
    const copy = (node: number): void => {
        const samples = tree.samples[node] as number;
        if (isLeaf[node] === 0) {
            const column = tree.columns[node] as number;
            importances[column] = (importances[column] as number) + (impurities.removed[node] as number);
            const [value, gain] = [tree.values[node] as number, tree.gains[node] as number];
            const split = builder.addSplit(column, value, tree.missingLeft[node] === 1, gain, samples);
            copy(node + 1);
            builder.setRight(split);
            copy(tree.links[node] as number);
            return;
        }
        builder.addLeaf(impurities.means[node] as number, samples);
        if (tree.task === "classification") {
            countClasses(tree, node, counts);
            for (const [label, count] of [...counts].sort(([a], [b]) => a - b)) {
                builder.addShare(label, count / samples);
            }
        }
    };
    copy(0);
    return { ...builder.finish(tree.task), importances: normalize(importances) };
}

/**
 * Losses of the tree on other rows for each complexity: the sum of the squared errors of the numbers, or of the
 * probabilities of all classes.
 */
export function scorePrunings(
    tree: FlatTree,
    impurities: NodeImpurities,
    { columns, target }: FitTable,
    rows: Uint32Array,
    complexities: readonly number[],
): Float64Array {
    const leaves = Array.from(rows, (row) => findLeaf(tree, columns, row));
    const order = Uint32Array.from(rows.keys()).sort((a, b) => (leaves[a] as number) - (leaves[b] as number));
    const counts = new Map<number, number>();
    return Float64Array.from(complexities, (complexity) => {
        const isLeaf = findPruned(tree, impurities, complexity);
        let loss = 0;
        let next = 0;
        for (let node = 0; node < isLeaf.length; node = isLeaf[node] === 0 ? node + 1 : endOf(tree, node)) {
            if (isLeaf[node] === 0) {
                continue;
            }
            const end = endOf(tree, node);
            const samples = tree.samples[node] as number;
            let squares = 0;
            if (tree.task === "classification") {
                countClasses(tree, node, counts);
                for (const count of counts.values()) {
                    squares += (count / samples) ** 2;
                }
            }
            for (; next < order.length && (leaves[order[next] as number] as number) < end; next++) {
                const actual = target.y[rows[order[next] as number] as number] as number;
                loss +=
                    tree.task === "classification"
                        ? 1 + squares - (2 * (counts.get(actual) ?? 0)) / samples
                        : (actual - (impurities.means[node] as number)) ** 2;
            }
        }
        return loss;
    });
}

/** Marks the nodes that are leaves after pruning. Below them, marks have no meaning. */
function findPruned(tree: FlatTree, impurities: NodeImpurities, complexity: number): Uint8Array {
    const { columns, links } = tree;
    const penalty = complexity * impurities.root;
    const isLeaf = new Uint8Array(columns.length);
    const leaves = new Uint32Array(columns.length);
    const removed = new Float64Array(columns.length);
    // Children come after their parents.
    for (let node = columns.length - 1; node >= 0; node--) {
        leaves[node] = 1;
        isLeaf[node] = 1;
        if (columns[node] !== LEAF) {
            const right = links[node] as number;
            const below = (leaves[node + 1] as number) + (leaves[right] as number);
            const total =
                (impurities.removed[node] as number) + (removed[node + 1] as number) + (removed[right] as number);
            if (total > penalty * (below - 1)) {
                isLeaf[node] = 0;
                leaves[node] = below;
                removed[node] = total;
            }
        }
    }
    return isLeaf;
}

function countClasses(tree: FlatTree, node: number, counts: Map<number, number>): void {
    counts.clear();
    for (let index = node; index < endOf(tree, node); index++) {
        if (tree.columns[index] === LEAF) {
            const leaf = tree.links[index] as number;
            const end = tree.leafStarts[leaf + 1] as number;
            for (let share = tree.leafStarts[leaf] as number; share < end; share++) {
                const label = tree.leafClasses[share] as number;
                const count = Math.round((tree.leafShares[share] as number) * (tree.samples[index] as number));
                counts.set(label, (counts.get(label) ?? 0) + count);
            }
        }
    }
}
