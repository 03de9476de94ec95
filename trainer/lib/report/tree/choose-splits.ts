import type { TreeNode } from "../../model";
import type { RowsOf } from "./summaries";

/** Limits that keep the file small enough to open. */
export interface Limits {
    splits: number;
    /** Maximum total cost of the chosen splits, in the caller's unit. */
    cost: number;
}

/**
 * Chooses the splits with the most rows, from the root down. Every split comes after its parent, so any prefix of the list is
 * also a tree. Ties go to the split found first.
 */
export function chooseSplits(
    root: TreeNode,
    rowsOf: RowsOf,
    limits: Limits,
    costOf: (split: TreeNode) => number,
): TreeNode[] {
    const chosen: TreeNode[] = [];
    const heap = new Heap();
    let cost = 0;
    const found = (node: TreeNode | undefined) => {
        if (node?.left !== undefined && node.right !== undefined) {
            heap.push(node, rowsOf(node) ?? 0);
        }
    };
    found(root);
    for (let split = heap.pop(); split !== undefined && chosen.length < limits.splits; split = heap.pop()) {
        cost += costOf(split);
        if (cost > limits.cost && chosen.length > 0) {
            break;
        }
        chosen.push(split);
        found(split.left);
        found(split.right);
    }
    return chosen;
}

/** A binary heap: most rows first, then earliest. */
class Heap {
    readonly #entries: { node: TreeNode; rows: number; order: number }[] = [];
    #count = 0;

    push(node: TreeNode, rows: number): void {
        const entries = this.#entries;
        let index = entries.push({ node, rows, order: this.#count++ }) - 1;
        while (index > 0 && this.#isBefore(index, (index - 1) >> 1)) {
            index = this.#swap(index, (index - 1) >> 1);
        }
    }

    pop(): TreeNode | undefined {
        const entries = this.#entries;
        if (entries.length === 0) {
            return undefined;
        }
        this.#swap(0, entries.length - 1);
        const top = entries.pop();
        let index = 0;
        for (;;) {
            const children = [2 * index + 1, 2 * index + 2].filter((child) => child < entries.length);
            const first = children.reduce((best, child) => (this.#isBefore(child, best) ? child : best), index);
            if (first === index) {
                return top?.node;
            }
            index = this.#swap(index, first);
        }
    }

    #isBefore(one: number, other: number): boolean {
        const a = this.#entries[one];
        const b = this.#entries[other];
        return a !== undefined && b !== undefined && (a.rows - b.rows || b.order - a.order) > 0;
    }

    /** @returns the new index of the first entry */
    #swap(from: number, to: number): number {
        const entries = this.#entries;
        [entries[from], entries[to]] = [entries[to] as (typeof entries)[0], entries[from] as (typeof entries)[0]];
        return to;
    }
}
