import type { Target } from "../../lib/csv/target";
import type { Predicted } from "../../lib/tree";
import { actualOf } from "../evaluate";

/**
 * The measure by which trials are compared: the share of rows predicted correctly, the root mean squared error, or the
 * mean squared error of the probabilities.
 */
export type Measure = "accuracy" | "rmse" | "brierScore";

/** Squared error for each row: of the number, or of the probabilities as in `brierScore`. */
export function lossesOf(target: Target, { rows, values }: Predicted): Float64Array {
    const actual = actualOf(target, rows);
    if (target.task === "regression") {
        return actual.map((number, index) => (number - (values[index] as number)) ** 2);
    }
    const classes = target.classes.length;
    return actual.map((label, index) => {
        let loss = 0;
        for (let other = 0; other < classes; other++) {
            loss += ((values[index * classes + other] as number) - (other === label ? 1 : 0)) ** 2;
        }
        return classes === 2 ? loss / 2 : loss;
    });
}

export function meanOf(values: ArrayLike<number>): number {
    let sum = 0;
    for (let index = 0; index < values.length; index++) {
        sum += values[index] as number;
    }
    return sum / values.length;
}

/**
 * The simpler of two models is preferred if its mean loss is larger by at most this many standard errors of the
 * difference. On real datasets, a whole standard error costs small tables too much accuracy.
 */
export const TOLERANCE = 0.75;

/**
 * Returns the index of the first list of losses whose mean is within the tolerance of the lowest mean.
 * @param lists losses of the same rows or folds, those of the simplest model first
 */
export function chooseSimplest(lists: readonly ArrayLike<number>[]): number {
    const means = lists.map(meanOf);
    const best = lists[means.indexOf(Math.min(...means))] as ArrayLike<number>;
    return lists.findIndex((losses) => {
        const differences = Float64Array.from({ length: losses.length }, (_, index) => {
            return (losses[index] as number) - (best[index] as number);
        });
        const mean = meanOf(differences);
        const variance = meanOf(differences.map((difference) => (difference - mean) ** 2));
        const standardError = Math.sqrt(variance / Math.max(1, losses.length - 1));
        return mean <= TOLERANCE * standardError;
    });
}
