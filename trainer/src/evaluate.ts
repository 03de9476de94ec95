import type { Target } from "../lib/csv/target";
import { type ClassificationMetrics, type RegressionMetrics, scoreClasses, scoreNumbers } from "./metrics";

/** Measures on rows that a model was not trained on. */
export type Metrics =
    | ({ task: "classification" } & ClassificationMetrics)
    | ({ task: "regression" } & RegressionMetrics);

/**
 * Compares predictions with the target.
 * @param rows row numbers
 * @param predictions one for each of these rows: the class's place, or the number
 */
export function evaluate(target: Target, rows: Uint32Array, predictions: Float64Array): Metrics {
    const actual = actualOf(target, rows);
    return target.task === "classification"
        ? { task: "classification", ...scoreClasses(actual, predictions, target.classes) }
        : { task: "regression", ...scoreNumbers(actual, predictions) };
}

/** The target of these rows: the class's place, or the number. */
export function actualOf(target: Target, rows: Uint32Array): Float64Array {
    const actual = new Float64Array(rows.length);
    for (let place = 0; place < rows.length; place++) {
        actual[place] = target.y[rows[place] as number] as number;
    }
    return actual;
}
