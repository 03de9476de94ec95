import { shared } from "../columns/shared-memory";
import { addLeaf, largestOf } from "../model";
import { type FlatTree, findLeaf } from "./flat-tree";
import type { FitTable, FitTarget } from "./types";

/**
 * Predictions for some rows, summed over trees that several threads grow. Shares and numbers of a forest's leaves are
 * rounded so that their sums are exact (see `forestRounding`), so the order of the trees does not matter.
 */
export interface Scores {
    /** Row numbers in the table. */
    rows: Uint32Array;
    /** One sum for each row or, for classes, for each row and class. */
    sums: Float64Array;
    /** Number of trees that predicted each row. */
    votes: Uint32Array;
    /** One word, FREE or TAKEN. */
    lock: Int32Array;
}

const FREE = 0;
const TAKEN = 1;

/** Creates scores that do not contain any predictions yet, in shared memory. */
export function makeScores(rows: Uint32Array, target: FitTarget): Scores {
    const width = widthOf(target);
    return {
        rows,
        sums: shared(Float64Array, rows.length * width),
        votes: shared(Uint32Array, rows.length),
        lock: shared(Int32Array, 1),
    };
}

/** Number of sums for each row. */
export function widthOf(target: FitTarget): number {
    return target.task === "classification" ? target.classes.length : 1;
}

/** Number of rows whose leaves are found before the sums are locked. */
const BLOCK = 4096;

/**
 * Adds a tree's predictions.
 * @param weights if given, only rows with weight 0 are predicted: those that the tree was not grown on
 */
export function addPredictions(scores: Scores, tree: FlatTree, table: FitTable, weights?: Uint8Array): void {
    const { rows, votes, lock } = scores;
    const positions = new Uint32Array(Math.min(BLOCK, rows.length));
    const leaves = new Uint32Array(positions.length);
    let length = 0;
    for (let position = 0; position < rows.length; position++) {
        const row = rows[position] as number;
        if (weights === undefined || weights[row] === 0) {
            positions[length] = position;
            leaves[length] = findLeaf(tree, table.columns, row);
            length++;
        }
        if (length === positions.length || position === rows.length - 1) {
            // Only one thread may add at a time.
            while (Atomics.compareExchange(lock, 0, FREE, TAKEN) !== FREE) {
                Atomics.wait(lock, 0, TAKEN);
            }
            for (let index = 0; index < length; index++) {
                const added = positions[index] as number;
                votes[added] = (votes[added] as number) + 1;
                addLeaf(scores.sums, added * widthOf(table.target), tree, leaves[index] as number);
            }
            Atomics.store(lock, 0, FREE);
            Atomics.notify(lock, 0, 1);
            length = 0;
        }
    }
}

/** Rows that at least one tree predicted, with their predictions. */
export interface Predicted {
    rows: Uint32Array;
    /** One prediction for each row: the first class with the largest share, or the number. */
    predictions: Float64Array;
    /** One mean over the trees for each row or, for classes, for each row and class. */
    values: Float64Array;
}

/** Turns sums into means, in place. */
export function finishScores(scores: Scores, target: FitTarget): Predicted {
    const { sums, votes } = scores;
    const width = widthOf(target);
    const rows = new Uint32Array(votes.length);
    const predictions = new Float64Array(votes.length);
    let length = 0;
    for (let position = 0; position < votes.length; position++) {
        const count = votes[position] as number;
        if (count > 0) {
            const [from, to] = [position * width, length * width];
            const best = largestOf(sums, from, width);
            for (let index = 0; index < width; index++) {
                sums[to + index] = (sums[from + index] as number) / count;
            }
            rows[length] = scores.rows[position] as number;
            predictions[length] = target.task === "classification" ? best : (sums[to] as number);
            length++;
        }
    }
    return {
        rows: rows.subarray(0, length),
        predictions: predictions.subarray(0, length),
        values: sums.subarray(0, length * width),
    };
}
