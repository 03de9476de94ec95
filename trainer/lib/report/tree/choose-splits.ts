import type { TreeNode } from "../../model";
import type { RowsOf } from "./summaries";

/** More would make a file that nobody opens. */
export interface Limits {
    splits: number;
    /** What the chosen splits may cost, by the caller's own measure. */
    cost: number;
}

/**
 * Chooses the splits with the most rows, from the root down; every split stands after the one above it, so that any first
 * part of the list is a tree too. Ties: the split that was found first.
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

/** A binary heap: the most rows first, then the earliest. */
class Heap {
    readonly #entries: { node: TreeNode; rows: number; order: number }[] = [];
    #count = 0;

    push(node: TreeNode, rows: number): void {
        const entries = this.#entries;
        let place = entries.push({ node, rows, order: this.#count++ }) - 1;
        while (place > 0 && this.#isBefore(place, (place - 1) >> 1)) {
            place = this.#swap(place, (place - 1) >> 1);
        }
    }

    pop(): TreeNode | undefined {
        const entries = this.#entries;
        if (entries.length === 0) {
            return undefined;
        }
        this.#swap(0, entries.length - 1);
        const top = entries.pop();
        let place = 0;
        for (;;) {
            const children = [2 * place + 1, 2 * place + 2].filter((child) => child < entries.length);
            const first = children.reduce((best, child) => (this.#isBefore(child, best) ? child : best), place);
            if (first === place) {
                return top?.node;
            }
            place = this.#swap(place, first);
        }
    }

    #isBefore(one: number, other: number): boolean {
        const a = this.#entries[one];
        const b = this.#entries[other];
        return a !== undefined && b !== undefined && (a.rows - b.rows || b.order - a.order) > 0;
    }

    /** @returns where the first one is now */
    #swap(from: number, to: number): number {
        const entries = this.#entries;
        [entries[from], entries[to]] = [entries[to] as (typeof entries)[0], entries[from] as (typeof entries)[0]];
        return to;
    }
}
