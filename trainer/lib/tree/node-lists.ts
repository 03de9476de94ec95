import { type NumberList, valueAt } from "../columns/number-list";
import type { BestSplit } from "./best-split";
import type { NodeFacts } from "./criteria";
import { fillList, keepEntries, type Layout, markRows, partitionList, type Sample } from "./entries";
import type { FitTable } from "./types";

/** Which children of a split are leaves, so that they need no lists in order. */
export interface FinalSides {
    left: boolean;
    right: boolean;
}

/** The lists of a tree's nodes. A node's entries stand in the same stretch of each. */
export interface NodeLists {
    /** A list with the node's entries, in whatever order. */
    rowsOf(node: NodeFacts): Uint32Array;
    /** Whether all rows of a node have the same value. */
    isConstant(column: number, node: NodeFacts): boolean;
    /** The column's list, in order, for a search of the node. */
    open(column: number, node: NodeFacts): Uint32Array;
    /** Ends the search that was opened last. `isBest`: the best split so far is one of its column. */
    close(column: number, isBest: boolean): void;
    /** The list of the column that is open, or of the best split so far. */
    at(column: number): Uint32Array;
    /** After a search, before the left child: divides the node's stretch. */
    beginLeft(node: NodeFacts, best: BestSplit, final: FinalSides): void;
    /** After all of the left side: where the right child is. */
    beginRight(node: NodeFacts, best: BestSplit, final: FinalSides, right: NodeFacts): NodeFacts;
}

/** Keeps the lists of all columns in order, from the root down: a stretch is divided without being sorted again. */
export class PartitionedLists implements NodeLists {
    readonly #lists: readonly Uint32Array[];

    readonly #table: FitTable;
    readonly #workspace: Workspace;
    readonly #layout: Layout;

    /** `inPlace`: the lists take the place of the orders. */
    constructor(table: FitTable, workspace: Workspace, sample: Sample, layout: Layout, inPlace: boolean) {
        this.#table = table;
        this.#workspace = workspace;
        this.#layout = layout;

        if (!inPlace) {
            // One more: `fillList` writes rows that do not count, too, behind those that do.
            reserveLists(workspace, table.columns.length, sample.entries + 1);
        }
        this.#lists = inPlace ? table.orders : workspace.lists;
        for (const [column, order] of table.orders.entries()) {
            fillList(this.at(column), order, sample, layout);
        }
    }

    rowsOf({ source }: NodeFacts): Uint32Array {
        return this.at(source);
    }

    isConstant(column: number, { start, end }: NodeFacts): boolean {
        const list = this.at(column);
        const values = this.#table.columns[column] as NumberList;
        const first = valueAt(values, (list[start] as number) >>> this.#layout.rowShift);
        const last = valueAt(values, (list[end - 1] as number) >>> this.#layout.rowShift);
        // What is not below MAX_VALUE is one group, see sort.ts.
        return first === last || !(first < Number.MAX_VALUE);
    }

    open(column: number): Uint32Array {
        return this.at(column);
    }

    close(): void {}

    at(column: number): Uint32Array {
        return this.#lists[column] as Uint32Array;
    }

    beginLeft(node: NodeFacts, best: BestSplit, final: FinalSides): void {
        if (!final.left) {
            this.#divide(node, best, final.right ? "left" : "both");
        }
    }

    beginRight(node: NodeFacts, best: BestSplit, final: FinalSides, right: NodeFacts): NodeFacts {
        if (!final.left || final.right) {
            return right;
        }
        this.#divide(node, best, "right");
        this.at(best.column).copyWithin(node.start, best.place, node.end);
        return { ...right, start: node.start, end: node.start + right.end - right.start };
    }

    /** Left rows come to the front. Where one side alone needs lists its rows do, and the other's are lost. */
    #divide({ start, end }: NodeFacts, { column: by, place }: BestSplit, sides: "both" | "left" | "right"): void {
        const { marks, scratch } = this.#workspace;
        const { rowShift } = this.#layout;
        markRows(marks, this.at(by), start, place, rowShift, true);
        for (let column = 0; column < this.#table.columns.length; column++) {
            if (column !== by) {
                if (sides === "both") {
                    partitionList(this.at(column), start, end, marks, rowShift, scratch);
                } else {
                    keepEntries(this.at(column), start, end, marks, rowShift, sides === "left");
                }
            }
        }
        markRows(marks, this.at(by), start, place, rowShift, false);
    }
}

/** Memory that one tree after the other is grown in. */
export interface Workspace {
    lists: Uint32Array[];
    scratch: Uint32Array;
    /** Bits, by row; all 0 between two uses. */
    marks: Uint32Array;
    /** Each row's place among the values of a column, for lists that are sorted on demand; of which orders. */
    ranks: Ranks | undefined;
}

/** See lazy-lists.ts. */
export interface Ranks {
    orders: readonly Uint32Array[];
    ofColumns: Uint32Array[];
    /** Of each column, how many different values there are. */
    counts: number[];
}

/** An empty one; it grows as it is needed. */
export function makeWorkspace(): Workspace {
    return { lists: [], scratch: new Uint32Array(0), marks: new Uint32Array(0), ranks: undefined };
}

/** Makes the workspace have room for so many entries to move, and so many rows to mark. */
export function reserve(workspace: Workspace, entries: number, rows: number): void {
    if (workspace.scratch.length < entries) {
        workspace.scratch = new Uint32Array(entries);
    }
    const words = (rows + 31) >>> 5;
    if (workspace.marks.length < words) {
        workspace.marks = new Uint32Array(words);
    }
}

/** Makes the workspace have so many lists of at least so many words. */
export function reserveLists(workspace: Workspace, count: number, words: number): void {
    for (let index = 0; index < count; index++) {
        if ((workspace.lists[index]?.length ?? 0) < words) {
            workspace.lists[index] = new Uint32Array(words);
        }
    }
}
