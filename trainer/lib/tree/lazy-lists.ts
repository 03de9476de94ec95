import type { NodeFacts } from "./criteria";
import { fillList, type Layout, markRows, partitionList, type Sample } from "./entries";
import { type NodeLists, type Ranks, reserveLists, type Workspace } from "./node-lists";
import { countsToStarts, distribute } from "./sort";
import type { BestSplit } from "./split-search";

/** Up to this many entries, an insertion sort is faster than a radix sort, which has to clear a table. */
const FEW_ENTRIES = 40;

const DIGIT_BITS = 8;
const BUCKETS = 1 << DIGIT_BITS;

/**
 * Keeps one list, and sorts a stretch of it by each column that is searched, using the rank of each row in the column.
 * This is less work than keeping all columns in order when a forest searches only a few of many columns. The resulting
 * lists are the same.
 */
export class LazyLists implements NodeLists {
    readonly #ranks: Ranks;
    /** Entries by row. */
    readonly #rows: Uint32Array;
    #current: Uint32Array;
    #best: Uint32Array;
    readonly #spare: Uint32Array;
    readonly #keys: [Uint32Array, Uint32Array];
    readonly #counts = new Uint32Array(BUCKETS);
    #openColumn = -1;

    readonly #workspace: Workspace;
    readonly #layout: Layout;

    constructor(orders: readonly Uint32Array[], workspace: Workspace, sample: Sample, layout: Layout) {
        this.#workspace = workspace;
        this.#layout = layout;

        if (workspace.ranks?.orders !== orders) {
            workspace.ranks = rankAll(orders);
        }
        this.#ranks = workspace.ranks;
        reserveLists(workspace, 6, sample.entries + 1);
        const [rows, current, best, spare, first, second] = workspace.lists as Six<Uint32Array>;
        this.#rows = rows;
        this.#current = current;
        this.#best = best;
        this.#spare = spare;
        this.#keys = [first, second];
        fillList(rows, workspace.ranks.rows, sample, layout);
    }

    rowsOf(): Uint32Array {
        return this.#rows;
    }

    isConstant(column: number, { start, end }: NodeFacts): boolean {
        const ranks = this.#ranks.ofColumns[column] as Uint32Array;
        const { rowShift } = this.#layout;
        const first = ranks[(this.#rows[start] as number) >>> rowShift];
        for (let index = start + 1; index < end; index++) {
            if (ranks[(this.#rows[index] as number) >>> rowShift] !== first) {
                return false;
            }
        }
        return true;
    }

    open(column: number, { start, end }: NodeFacts): Uint32Array {
        this.#openColumn = column;
        const ranks = this.#ranks.ofColumns[column] as Uint32Array;
        if (end - start <= FEW_ENTRIES) {
            this.#insert(ranks, start, end);
        } else {
            this.#distribute(ranks, this.#ranks.counts[column] as number, start, end);
        }
        return this.#current;
    }

    close(_column: number, isBest: boolean): void {
        this.#openColumn = -1;
        if (isBest) {
            [this.#current, this.#best] = [this.#best, this.#current];
        }
    }

    at(column: number): Uint32Array {
        return column === this.#openColumn ? this.#current : this.#best;
    }

    divide({ start, end }: NodeFacts, { index }: BestSplit): void {
        const { marks, scratch } = this.#workspace;
        const { rowShift } = this.#layout;
        markRows(marks, this.#best, start, index, rowShift, true);
        partitionList(this.#rows, start, end, marks, rowShift, scratch);
        markRows(marks, this.#best, start, index, rowShift, false);
    }

    #insert(ranks: Uint32Array, start: number, end: number): void {
        const current = this.#current;
        const rows = this.#rows;
        const [keys] = this.#keys;
        const { rowShift } = this.#layout;
        for (let index = start; index < end; index++) {
            const entry = rows[index] as number;
            const key = ranks[entry >>> rowShift] as number;
            let position = index;
            while (position > start && (keys[position - 1] as number) > key) {
                keys[position] = keys[position - 1] as number;
                current[position] = current[position - 1] as number;
                position--;
            }
            keys[position] = key;
            current[position] = entry;
        }
        markTies(current, keys, start, end);
    }

    #distribute(ranks: Uint32Array, different: number, start: number, end: number): void {
        const { rowShift } = this.#layout;
        const counts = this.#counts;
        const digits = Math.max(1, Math.ceil((32 - Math.clz32(different - 1)) / DIGIT_BITS));
        let [fromKeys, toKeys] = this.#keys;
        for (let index = start; index < end; index++) {
            fromKeys[index] = ranks[(this.#rows[index] as number) >>> rowShift] as number;
        }
        let from = this.#rows;
        // With an odd number of passes, the result ends up in `current` if the first pass writes there.
        let [to, next] = digits % 2 === 1 ? [this.#current, this.#spare] : [this.#spare, this.#current];
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
        markTies(this.#current, fromKeys, start, end);
    }
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
