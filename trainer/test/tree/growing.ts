import fc from "fast-check";
import type { TreeNode } from "../../lib/model";
import { type FlatTree, findLeaf, toCartModel } from "../../lib/tree/flat-tree";
import { growTree } from "../../lib/tree/grow";
import type { FitTable, GrowthOptions } from "../../lib/tree/types";
import { UNLIMITED } from "./tables";

/** Arbitrary limits. No gain is so close to a threshold that rounding could matter. */
export const GROWTHS = fc.record({
    maxDepth: fc.constantFrom(1, 2, 3, 64),
    minNumSamples: fc.constantFrom(1, 2, 3, 5),
    gainThreshold: fc.constantFrom(0, 0.0123, 0.1987),
});

/**
 * Grows a tree.
 * @param rows row numbers, repeated for each time that a row counts; by default, all rows count once
 * @param wordBits bits in an entry
 */
export function grow(table: FitTable, growth: GrowthOptions = UNLIMITED, rows?: number[], wordBits = 32): FlatTree {
    const weights = new Uint8Array(table.target.y.length);
    for (const row of rows ?? weights.keys()) {
        weights[row] = (weights[row] as number) + 1;
    }
    return growTree(table, { growth, weights, weighted: rows !== undefined, wordBits });
}

export function rootOf(tree: FlatTree): TreeNode {
    return toCartModel(tree, UNLIMITED).root;
}

/**
 * Returns a Jest matcher for a tree. Gains and means need only be close, because they are computed in a different
 * order; everything else must be equal.
 */
export function closeTo(node: TreeNode): unknown {
    const near = (value: number) => (value === 0 ? 0 : expect.closeTo(value, 9));
    const { left, right, gain, distribution, ...rest } = node;
    return left === undefined || right === undefined
        ? { ...rest, distribution: typeof distribution === "number" ? near(distribution) : distribution }
        : { ...rest, gain: expect.closeTo(gain ?? 0, 9), left: closeTo(left), right: closeTo(right) };
}

/** A tree's prediction for a row: the first class with the largest share, or the number. */
export function predict(tree: FlatTree, columns: number[][], row: number): number {
    const leaf = findLeaf(
        tree,
        columns.map((column) => Float64Array.from(column)),
        row,
    );
    if (tree.task === "regression") {
        return tree.values[leaf] as number;
    }
    const [first, end] = [tree.links[leaf] as number, (tree.links[leaf] as number) + 1].map(
        (at) => tree.leafStarts[at] as number,
    ) as [number, number];
    const shares = [...tree.leafShares.subarray(first, end)];
    return tree.leafClasses[first + shares.indexOf(Math.max(...shares))] as number;
}
