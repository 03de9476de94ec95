import { type NumberList, valueAt } from "../columns/number-list";
import type { NodeFacts } from "./criteria";
import { fillList, type Layout, markRows, partitionList, type Sample } from "./entries";
import type { BestSplit } from "./split-search";
import type { FitTable } from "./types";

/** The lists for a tree's nodes. A node's entries are in the same stretch of each list. */
export interface NodeLists {
    /** A list with the node's entries, in any order. */
    rowsOf(node: NodeFacts): Uint32Array;
    /** True if all rows in a node have the same value. */
    isConstant(column: number, node: NodeFacts): boolean;
    /** The column's list, in order, for a search of the node. */
    open(column: number, node: NodeFacts): Uint32Array;
    /** Ends the search that was opened last. `isBest` is true if the best split so far is on its column. */
    close(column: number, isBest: boolean): void;
    /** The list of the open column, or of the best split so far. */
    at(column: number): Uint32Array;
    /** Divides the node's stretch, after its search. If both sides are leaves, they need no list in order. */
    divide(node: NodeFacts, best: BestSplit, areLeaves: boolean): void;
}

/** Keeps the lists of all columns in order from the root down, so that dividing a stretch does not require sorting. */
export class PartitionedLists implements NodeLists {
    readonly #lists: readonly Uint32Array[];

    readonly #table: FitTable;
    readonly #workspace: Workspace;
    readonly #layout: Layout;

    /** `inPlace`: the lists overwrite the orders. */
    constructor(table: FitTable, workspace: Workspace, sample: Sample, layout: Layout, inPlace: boolean) {
        this.#table = table;
        this.#workspace = workspace;
        this.#layout = layout;

        if (!inPlace) {
            // Allocate one more, because `fillList` also writes a last row that does not count.
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
        // Values from MAX_VALUE up form one group (see sort.ts).
        return first === last || !(first < Number.MAX_VALUE);
    }

    open(column: number): Uint32Array {
        return this.at(column);
    }

    close(): void {}

    at(column: number): Uint32Array {
        return this.#lists[column] as Uint32Array;
    }

    divide({ start, end }: NodeFacts, { column: by, index }: BestSplit, areLeaves: boolean): void {
        if (areLeaves) {
            return;
        }
        const { marks, scratch } = this.#workspace;
        const { rowShift } = this.#layout;
        markRows(marks, this.at(by), start, index, rowShift, true);
        for (let column = 0; column < this.#table.columns.length; column++) {
            if (column !== by) {
                partitionList(this.at(column), start, end, marks, rowShift, scratch);
            }
        }
        markRows(marks, this.at(by), start, index, rowShift, false);
    }
}

/** Memory that is reused for growing trees one after another. */
export interface Workspace {
    lists: Uint32Array[];
    scratch: Uint32Array;
    /** One bit for each row; all are 0 between uses. */
    marks: Uint32Array;
    /** The ranks that lists need if they are sorted lazily. */
    ranks: Ranks | undefined;
}

/** The rank of each row's value in its column (see lazy-lists.ts). */
export interface Ranks {
    orders: readonly Uint32Array[];
    /** All rows in ascending order, as an order without ties. */
    rows: Uint32Array;
    ofColumns: Uint32Array[];
    /** Number of distinct values in each column. */
    counts: number[];
}

/** An empty workspace, which grows as needed. */
export function makeWorkspace(): Workspace {
    return { lists: [], scratch: new Uint32Array(0), marks: new Uint32Array(0), ranks: undefined };
}

/** Ensures that there is memory for moving this many entries and marking this many rows. */
export function reserve(workspace: Workspace, entries: number, rows: number): void {
    if (workspace.scratch.length < entries) {
        workspace.scratch = new Uint32Array(entries);
    }
    const words = (rows + 31) >>> 5;
    if (workspace.marks.length < words) {
        workspace.marks = new Uint32Array(words);
    }
}

/** Ensures that there are `count` lists of at least `words` words. */
export function reserveLists(workspace: Workspace, count: number, words: number): void {
    for (let index = 0; index < count; index++) {
        if ((workspace.lists[index]?.length ?? 0) < words) {
            workspace.lists[index] = new Uint32Array(words);
        }
    }
}
