import type { Target } from "../lib/csv/target";
import type { ClassMeasures, MetricsFile } from "../lib/report";
import type { Predicted } from "../lib/tree";
import { type ClassRanking, type ProbabilityMetrics, scoreProbabilities } from "./probability-metrics";

/** Metrics on rows that a model was not trained on. */
export type Metrics =
    | ({ task: "classification" } & ClassificationMetrics)
    | ({ task: "regression" } & RegressionMetrics);

export function evaluate(target: Target, { rows, predictions, values }: Predicted): Metrics {
    const actual = actualOf(target, rows);
    if (target.task === "regression") {
        return { task: "regression", ...scoreNumbers(actual, predictions) };
    }
    const { classes, ...measures } = scoreClasses(actual, predictions, target.classes);
    const { ofClasses, ...probabilities } = scoreProbabilities(actual, values, target.classes.length);
    const ranked = classes.map((metrics, index) => ({ ...metrics, ...(ofClasses[index] as ClassRanking) }));
    return { task: "classification", ...measures, ...probabilities, classes: ranked };
}

/** The target for these rows: indices of classes, or numbers. */
export function actualOf(target: Target, rows: Uint32Array): Float64Array {
    const actual = new Float64Array(rows.length);
    for (let index = 0; index < rows.length; index++) {
        actual[index] = target.y[rows[index] as number] as number;
    }
    return actual;
}

/** Metrics for predicted classes and their probabilities. */
export type ClassificationMetrics = Omit<LabelMetrics, "classes"> &
    Omit<ProbabilityMetrics, "ofClasses"> & { classes: (ClassMeasures & ClassRanking)[] };

export type LabelMetrics = Required<
    Pick<
        MetricsFile,
        "accuracy" | "baselineAccuracy" | "macroPrecision" | "macroRecall" | "macroF1" | "confusionMatrix"
    >
> & { classes: ClassMeasures[] };

export type RegressionMetrics = Required<Pick<MetricsFile, "mae" | "rmse" | "r2">>;

/** Compares predicted classes with actual ones, given as indices into `labels`. */
export function scoreClasses(
    actual: ArrayLike<number>,
    predicted: ArrayLike<number>,
    labels: readonly string[],
): LabelMetrics {
    const matrix = labels.map(() => labels.map(() => 0));
    for (let row = 0; row < actual.length; row++) {
        const line = matrix[actual[row] as number] as number[];
        const column = predicted[row] as number;
        line[column] = (line[column] ?? 0) + 1;
    }
    const classes = labels.map((label, index): ClassMeasures => {
        const support = sum(matrix[index] ?? []);
        const right = matrix[index]?.[index] ?? 0;
        const precision = share(right, sum(matrix.map((line) => line[index] ?? 0)));
        const recall = share(right, support);
        return { label, precision, recall, f1: share(2 * precision * recall, precision + recall), support };
    });
    const mean = (pick: (metrics: ClassMeasures) => number) => share(sum(classes.map(pick)), classes.length);
    return {
        accuracy: share(sum(matrix.map((line, index) => line[index] ?? 0)), actual.length),
        baselineAccuracy: share(Math.max(...classes.map(({ support }) => support)), actual.length),
        macroPrecision: mean(({ precision }) => precision),
        macroRecall: mean(({ recall }) => recall),
        macroF1: mean(({ f1 }) => f1),
        classes,
        confusionMatrix: matrix,
    };
}

/** Share of the rows whose class was predicted correctly. */
export function accuracyOf(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
    let right = 0;
    for (let row = 0; row < actual.length; row++) {
        right += actual[row] === predicted[row] ? 1 : 0;
    }
    return share(right, actual.length);
}

export function scoreNumbers(actual: ArrayLike<number>, predicted: ArrayLike<number>): RegressionMetrics {
    const count = actual.length;
    let total = 0;
    for (let row = 0; row < count; row++) {
        total += actual[row] as number;
    }
    const mean = share(total, count);
    let absoluteError = 0;
    let squaredError = 0;
    let variation = 0;
    for (let row = 0; row < count; row++) {
        const value = actual[row] as number;
        const error = value - (predicted[row] as number);
        absoluteError += Math.abs(error);
        squaredError += error * error;
        variation += (value - mean) ** 2;
    }
    return {
        mae: share(absoluteError, count),
        rmse: Math.sqrt(share(squaredError, count)),
        r2: variation === 0 ? null : 1 - squaredError / variation,
    };
}

function sum(values: readonly number[]): number {
    return values.reduce((total, value) => total + value, 0);
}

function share(part: number, whole: number): number {
    return whole === 0 ? 0 : part / whole;
}
