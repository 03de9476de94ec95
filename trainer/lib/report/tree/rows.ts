import type { TreeNode } from "../../model";

/** How many training rows came to a node; undefined where neither the model nor its neighbours tell. */
export type RowsOf = (node: TreeNode) => number | undefined;

/** ml-cart notes no rows for its smallest leaves: they are what the sibling leaves over. */
export function countRows(root: TreeNode, allRows: number): RowsOf {
    const derived = new Map<TreeNode, number>();
    const rowsOf: RowsOf = (node) => node.numberSamples ?? derived.get(node);
    if (root.numberSamples === undefined) {
        derived.set(root, allRows);
    }
    const waiting = [root];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
        const { left, right } = node;
        if (left === undefined || right === undefined) {
            continue;
        }
        const rows = rowsOf(node);
        if (rows !== undefined && left.numberSamples === undefined && right.numberSamples !== undefined) {
            derived.set(left, rows - right.numberSamples);
        }
        if (rows !== undefined && right.numberSamples === undefined && left.numberSamples !== undefined) {
            derived.set(right, rows - left.numberSamples);
        }
        waiting.push(left, right);
    }
    return rowsOf;
}
