import { type FlatTree, findLeaf } from "./flat-tree";
import { withLock } from "./shared";
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
        sums: new Float64Array(new SharedArrayBuffer(8 * rows.length * width)),
        votes: new Uint32Array(new SharedArrayBuffer(4 * rows.length)),
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
    const places = [...scores.votes.keys()].filter((place) => (scores.votes[place] as number) > 0);
    const width = widthOf(target);
    const predict = (place: number) =>
        target.task === "classification"
            ? largestOf(scores.sums, place * width, width)
            : (scores.sums[place] as number) / (scores.votes[place] as number);
    return {
        rows: Uint32Array.from(places, (place) => scores.rows[place] as number),
        predictions: Float64Array.from(places, predict),
    };
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
