import { sharedDoubles, sharedWords } from "../columns/shared-memory";
import { type FlatTree, findLeaf } from "./flat-tree";
import type { FitTable, FitTarget } from "./types";

/**
 * Predictions of some rows, summed over trees that many threads grow. Shares and numbers of a forest's leaves are
 * rounded so that their sums are exact (see forest.ts): the order of the trees does not matter.
 */
export interface Scores {
    /** Row numbers of the table. */
    rows: Uint32Array;
    /** One for each row, for classes one for each row and class. */
    sums: Float64Array;
    /** Of each row, how many trees predicted it. */
    votes: Uint32Array;
    lock: Int32Array;
}

/** Rows that no tree has predicted yet, in shared memory. */
export function makeScores(rows: Uint32Array, target: FitTarget): Scores {
    const width = widthOf(target);
    return {
        rows,
        sums: sharedDoubles(rows.length * width),
        votes: sharedWords(rows.length),
        lock: new Int32Array(new SharedArrayBuffer(4)),
    };
}

function widthOf(target: FitTarget): number {
    return target.task === "classification" ? target.classCount : 1;
}

/** So many rows are found a leaf before the sums are locked. */
const BLOCK = 4096;

/**
 * Adds a tree's predictions.
 * @param weights predicts the rows whose weight is 0 only: those that the tree was not grown from
 */
export function addPredictions(scores: Scores, tree: FlatTree, table: FitTable, weights?: Uint8Array): void {
    const { rows, votes, lock } = scores;
    const places = new Uint32Array(Math.min(BLOCK, rows.length));
    const leaves = new Uint32Array(places.length);
    let length = 0;
    const addBlock = () => {
        for (let index = 0; index < length; index++) {
            const place = places[index] as number;
            votes[place] = (votes[place] as number) + 1;
            addLeaf(scores.sums, place, tree, leaves[index] as number, widthOf(table.target));
        }
    };
    for (let place = 0; place < rows.length; place++) {
        const row = rows[place] as number;
        if (weights === undefined || weights[row] === 0) {
            places[length] = place;
            leaves[length] = findLeaf(tree, table.columns, row);
            length++;
        }
        if (length === places.length || place === rows.length - 1) {
            withLock(lock, addBlock);
            length = 0;
        }
    }
}

function addLeaf(sums: Float64Array, place: number, tree: FlatTree, node: number, width: number): void {
    if (tree.task === "regression") {
        sums[place] = (sums[place] as number) + (tree.values[node] as number);
        return;
    }
    const leaf = tree.links[node] as number;
    const end = tree.leafStarts[leaf + 1] as number;
    for (let index = tree.leafStarts[leaf] as number; index < end; index++) {
        const cell = place * width + (tree.leafClasses[index] as number);
        sums[cell] = (sums[cell] as number) + (tree.leafShares[index] as number);
    }
}

/** Rows that at least one tree predicted, and the predictions: the first class with the largest sum, or the mean. */
export function finishScores(scores: Scores, target: FitTarget): { rows: Uint32Array; predictions: Float64Array } {
    const { sums, votes } = scores;
    const width = widthOf(target);
    const rows = new Uint32Array(votes.length);
    const predictions = new Float64Array(votes.length);
    let length = 0;
    for (let place = 0; place < votes.length; place++) {
        const count = votes[place] as number;
        if (count > 0) {
            rows[length] = scores.rows[place] as number;
            predictions[length] =
                target.task === "classification"
                    ? largestOf(sums, place * width, width)
                    : (sums[place] as number) / count;
            length++;
        }
    }
    return { rows: rows.slice(0, length), predictions: predictions.slice(0, length) };
}

/** What one tree predicts: the number of the leaf, or the first class with its largest share. */
export function predictWith(tree: FlatTree, table: FitTable, rows: Uint32Array, predictions: Float64Array): void {
    for (let place = 0; place < rows.length; place++) {
        const node = findLeaf(tree, table.columns, rows[place] as number);
        if (tree.task === "regression") {
            predictions[place] = tree.values[node] as number;
        } else {
            const leaf = tree.links[node] as number;
            const start = tree.leafStarts[leaf] as number;
            const best = largestOf(tree.leafShares, start, (tree.leafStarts[leaf + 1] as number) - start);
            predictions[place] = tree.leafClasses[start + best] as number;
        }
    }
}

function largestOf(sums: Float64Array, start: number, width: number): number {
    let best = 0;
    for (let label = 1; label < width; label++) {
        if ((sums[start + label] as number) > (sums[start + best] as number)) {
            best = label;
        }
    }
    return best;
}

const FREE = 0;
const TAKEN = 1;

/**
 * Does something that only one thread may do at a time.
 * @param lock one word of shared memory, 0 at first
 */
function withLock(lock: Int32Array, action: () => void): void {
    while (Atomics.compareExchange(lock, 0, FREE, TAKEN) !== FREE) {
        Atomics.wait(lock, 0, TAKEN);
    }
    try {
        action();
    } finally {
        Atomics.store(lock, 0, FREE);
        Atomics.notify(lock, 0, 1);
    }
}
