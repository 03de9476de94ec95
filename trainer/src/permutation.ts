import { type NumberList, valueAt } from "../lib/columns/number-list";
import { shared } from "../lib/columns/shared-memory";
import type { Target } from "../lib/csv/target";
import type { Learned } from "../lib/features/learn";
import { listParts } from "../lib/model";
import { mulberry32, shuffle } from "../lib/random";
import type { Importance } from "../lib/report";
import type { Predicted, Probe } from "../lib/tree";
import { accuracyOf, actualOf, scoreNumbers } from "./evaluate";

/** A small test set is shuffled repeatedly, until there are about this many shuffled rows. */
const MOST_ROWS = 1000;

/** Limits on the number of predictions, counted over all trees, and on the number of doubles that hold them. */
const MAX_PREDICTIONS = 2e7;
const MAX_DOUBLES = 2 ** 23;

/** With fewer rows, the importances would be noise. */
const LEAST_ROWS = 20;

/** A probe in which each feature in turn takes its values from other rows, and the tested rows in the probe. */
export interface Permutation {
    probe: Probe;
    /** Positions in the list of tested rows. */
    positions: Uint32Array;
    features: readonly string[];
}

/**
 * Prepares the permutation importances (Breiman, Random Forests, 2001): how much worse the predictions for tested rows
 * become if the values of a feature are shuffled among these rows.
 * @returns undefined if there are too few rows, or too many features and classes
 */
export function preparePermutation(
    { features, columns }: Learned,
    target: Target,
    tested: Uint32Array,
    trees: number,
    seed: number,
): Permutation | undefined {
    const width = target.task === "classification" ? target.classes.length : 1;
    const affordable = Math.min(MAX_PREDICTIONS / trees, MAX_DOUBLES / width) / features.length;
    const most = Math.floor(Math.min(MOST_ROWS, affordable));
    if (tested.length < 2 || most < LEAST_ROWS) {
        return undefined;
    }
    const drawn = Math.min(tested.length, most);
    const count = drawn * Math.floor(most / drawn);
    const positions = Uint32Array.from({ length: count }, (_, index) => {
        return Math.floor(((index % drawn) * tested.length) / drawn);
    });
    const random = mulberry32(seed);
    const copy = (list: NumberList, rows: Uint32Array) => {
        const values = shared(Float64Array, rows.length);
        for (const [index, position] of rows.entries()) {
            values[index] = valueAt(list, tested[position] as number);
        }
        return values;
    };
    const changes = features.map((): [column: number, values: NumberList][] => []);
    const lenders = features.map(() => {
        // Each repeat is shuffled separately, so that every row lends its value exactly once per repeat.
        const shuffled = positions.slice();
        for (let start = 0; start < count; start += drawn) {
            shuffle(shuffled.subarray(start, start + drawn), random);
        }
        return shuffled;
    });
    for (const [column, { feature }] of listParts(features).entries()) {
        changes[feature]?.push([column, copy(columns[column] as NumberList, lenders[feature] as Uint32Array)]);
    }
    return {
        probe: { rows: count, columns: columns.map((list) => copy(list, positions)), changes },
        positions,
        features: features.map(({ name }) => name),
    };
}

/**
 * The loss of accuracy, or the added root mean squared error, for each feature, largest first.
 * @param held predictions for the tested rows
 * @param shuffled predictions for the probe
 */
export function permutationImportances(
    { positions, features }: Permutation,
    target: Target,
    held: Predicted,
    shuffled: readonly Predicted[],
): Importance[] {
    const ofHeld = actualOf(target, held.rows);
    const actual = Float64Array.from(positions, (position) => ofHeld[position] as number);
    const score = (predictions: Float64Array) =>
        target.task === "classification" ? -accuracyOf(actual, predictions) : scoreNumbers(actual, predictions).rmse;
    const before = score(Float64Array.from(positions, (position) => held.predictions[position] as number));
    return features
        .map((feature, index) => ({ feature, importance: score((shuffled[index] as Predicted).predictions) - before }))
        .sort((a, b) => b.importance - a.importance);
}
