import { type NumberList, valueAt } from "../columns/number-list";
import type { NodeFacts } from "./criteria";
import { divideLists, fillList, type Layout, type Sample } from "./entries";
import { countsToStarts, distribute } from "./sort";
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
    /** Divides the node's stretch, after its search. If both sides are leaves, they do not need sorted lists. */
    divide(node: NodeFacts, best: BestSplit, areLeaves: boolean): void;
}

/**
 * Keeps the lists of all columns in order from the root down, so that dividing a stretch does not require sorting.
 * @param inPlace the lists overwrite the orders
 */
export function partitionedLists(
    { columns, orders }: FitTable,
    workspace: Workspace,
    sample: Sample,
    layout: Layout,
    inPlace: boolean,
): NodeLists {
    if (!inPlace) {
        // Allocate one more, because `fillList` also writes a last row that does not count.
        reserveLists(workspace, columns.length, sample.entries + 1);
    }
    const { rowShift } = layout;
    const lists = (inPlace ? orders : workspace.lists).slice(0, columns.length);
    const at = (column: number) => lists[column] as Uint32Array;
    for (const [column, order] of orders.entries()) {
        fillList(at(column), order, sample, layout);
    }
    return {
        rowsOf: ({ source }) => at(source),
        isConstant(column, { start, end }) {
            const list = at(column);
            const values = columns[column] as NumberList;
            const first = valueAt(values, (list[start] as number) >>> rowShift);
            const last = valueAt(values, (list[end - 1] as number) >>> rowShift);
            // Values from MAX_VALUE up form one group (see sort.ts).
            return first === last || !(first < Number.MAX_VALUE);
        },
        open: at,
        close() {},
        at,
        divide({ start, end }, { column: by, index }, areLeaves) {
            if (!areLeaves) {
                divideLists(lists, at(by), { start, end, index }, rowShift, workspace);
            }
        },
    };
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

/** The rank of each row's value in its column. */
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

/** Up to this many entries, an insertion sort is faster than a radix sort, which has to clear a table. */
const FEW_ENTRIES = 40;

const DIGIT_BITS = 8;
const BUCKETS = 1 << DIGIT_BITS;

/**
 * Keeps one list, and sorts a stretch of it by each column that is searched, using the rank of each row in the column.
 * This is less work than keeping all columns in order when a forest searches only a few of many columns. The resulting
 * lists are the same.
 */
export function lazyLists(
    orders: readonly Uint32Array[],
    workspace: Workspace,
    sample: Sample,
    layout: Layout,
): NodeLists {
    const { rowShift } = layout;
    if (workspace.ranks?.orders !== orders) {
        workspace.ranks = rankAll(orders);
    }
    const { rows: allRows, ofColumns, counts: sizes } = workspace.ranks;
    reserveLists(workspace, 6, sample.entries + 1);
    /** `rows` contains the entries in row order; the others are sorted by a column or serve as memory for sorting. */
    const [rows, , , spare, firstKeys, otherKeys] = workspace.lists as Six<Uint32Array>;
    let [, current, best] = workspace.lists as Six<Uint32Array>;
    const counts = new Uint32Array(BUCKETS);
    let openColumn = -1;
    fillList(rows, allRows, sample, layout);

    function insert(ranks: Uint32Array, start: number, end: number): void {
        const [from, to, keys] = [rows, current, firstKeys];
        for (let index = start; index < end; index++) {
            const entry = from[index] as number;
            const key = ranks[entry >>> rowShift] as number;
            let position = index;
            while (position > start && (keys[position - 1] as number) > key) {
                keys[position] = keys[position - 1] as number;
                to[position] = to[position - 1] as number;
                position--;
            }
            keys[position] = key;
            to[position] = entry;
        }
        markTies(to, keys, start, end);
    }

    function sort(ranks: Uint32Array, different: number, start: number, end: number): void {
        const digits = Math.max(1, Math.ceil((32 - Math.clz32(different - 1)) / DIGIT_BITS));
        let [fromKeys, toKeys] = [firstKeys, otherKeys];
        let from = rows;
        for (let index = start; index < end; index++) {
            fromKeys[index] = ranks[(from[index] as number) >>> rowShift] as number;
        }
        // With an odd number of passes, the result ends up in `current` if the first pass writes there.
        let [to, next] = digits % 2 === 1 ? [current, spare] : [spare, current];
        for (let digit = 0; digit < digits; digit++) {
            const shift = digit * DIGIT_BITS;
            counts.fill(0);
            for (let index = start; index < end; index++) {
                const bucket = ((fromKeys[index] as number) >>> shift) & (BUCKETS - 1);
                counts[bucket] = (counts[bucket] as number) + 1;
            }
            countsToStarts(counts, start);
            distribute(fromKeys, from, toKeys, to, start, end, shift, counts);
            from = to;
            [to, next] = [next, to];
            [fromKeys, toKeys] = [toKeys, fromKeys];
        }
        markTies(current, fromKeys, start, end);
    }

    return {
        rowsOf: () => rows,
        isConstant(column, { start, end }) {
            const ranks = ofColumns[column] as Uint32Array;
            const first = ranks[(rows[start] as number) >>> rowShift];
            for (let index = start + 1; index < end; index++) {
                if (ranks[(rows[index] as number) >>> rowShift] !== first) {
                    return false;
                }
            }
            return true;
        },
        open(column, { start, end }) {
            openColumn = column;
            const ranks = ofColumns[column] as Uint32Array;
            if (end - start <= FEW_ENTRIES) {
                insert(ranks, start, end);
            } else {
                sort(ranks, sizes[column] as number, start, end);
            }
            return current;
        },
        close(_column, isBest) {
            openColumn = -1;
            if (isBest) {
                [current, best] = [best, current];
            }
        },
        at: (column) => (column === openColumn ? current : best),
        divide({ start, end }, { index }) {
            divideLists([rows], best, { start, end, index }, rowShift, workspace);
        },
    };
}

type Six<T> = [T, T, T, T, T, T];

/** Sets the ties of entries, which are 0 in the list of rows. */
function markTies(list: Uint32Array, keys: Uint32Array, start: number, end: number): void {
    for (let index = start + 1; index < end; index++) {
        const tie = keys[index] === keys[index - 1] ? 1 : 0;
        list[index] = ((list[index] as number) & -2) | tie;
    }
    list[start] = (list[start] as number) & -2;
}

function rankAll(orders: readonly Uint32Array[]): Ranks {
    const rows = new Uint32Array(orders[0]?.length ?? 0).map((_, row) => row << 1);
    const ranks: Ranks = { orders, rows, ofColumns: [], counts: [] };
    for (const order of orders) {
        const ofColumn = new Uint32Array(order.length);
        let rank = -1;
        for (let index = 0; index < order.length; index++) {
            const word = order[index] as number;
            rank += 1 - (word & 1);
            ofColumn[word >>> 1] = rank;
        }
        ranks.ofColumns.push(ofColumn);
        ranks.counts.push(rank + 1);
    }
    return ranks;
}
