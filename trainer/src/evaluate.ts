import type { Target } from "../lib/csv/target";
import type { ClassMeasures, MetricsFile } from "../lib/report";
import type { Predicted } from "../lib/tree";

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
    return new Float64Array(rows.length).map((_, index) => target.y[rows[index] as number] as number);
}

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
    const mean = share(sum(Array.from(actual)), count);
    let [absoluteError, squaredError, variation] = [0, 0, 0];
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

export interface ProbabilityMetrics {
    /** Mean of -ln p, where p is the probability of the actual class, but at least 1e-15. */
    logLoss: number;
    /** Mean squared error of the probabilities: of the second of two classes, or summed over more than two. */
    brierScore: number;
    /** Area under the ROC curve; for more than two classes, the unweighted mean over classes, each versus the rest. */
    rocAuc: number | null;
    /** Average precision, as an unweighted mean over the classes. */
    averagePrecision: number | null;
    /**
     * The last two metrics for each class versus the others; null if all of these rows, or none, belong to the class.
     */
    ofClasses: readonly ClassRanking[];
}

/** How well the probability of a class separates its rows from the others. */
export interface ClassRanking {
    rocAuc: number | null;
    averagePrecision: number | null;
}

const SMALLEST_PROBABILITY = 1e-15;

/**
 * Compares predicted probabilities with actual classes, using scikit-learn's definitions.
 * @param actual indices of classes
 * @param probabilities row by row, one for each class
 */
export function scoreProbabilities(
    actual: ArrayLike<number>,
    probabilities: Float64Array,
    classes: number,
): ProbabilityMetrics {
    const rows = actual.length;
    let logLoss = 0;
    let squares = 0;
    for (let row = 0; row < rows; row++) {
        const label = actual[row] as number;
        for (let index = 0; index < classes; index++) {
            const share = probabilities[row * classes + index] as number;
            squares += (share - (index === label ? 1 : 0)) ** 2;
        }
        const share = probabilities[row * classes + label] as number;
        logLoss -= Math.log(Math.min(Math.max(share, SMALLEST_PROBABILITY), 1));
    }
    const ofClasses = Array.from({ length: classes }, (_, index) => rankClass(actual, probabilities, classes, index));
    return {
        logLoss: logLoss / rows,
        brierScore: squares / rows / (classes === 2 ? 2 : 1),
        rocAuc: meanOf(ofClasses.map(({ rocAuc }) => rocAuc)),
        averagePrecision: meanOf(ofClasses.map(({ averagePrecision }) => averagePrecision)),
        ofClasses,
    };
}

function rankClass(actual: ArrayLike<number>, probabilities: Float64Array, classes: number, index: number) {
    const [ofOwn, ofOthers] = [new Float64Array(actual.length), new Float64Array(actual.length)];
    let [own, others] = [0, 0];
    for (let row = 0; row < actual.length; row++) {
        const share = probabilities[row * classes + index] as number;
        if (actual[row] === index) {
            ofOwn[own++] = share;
        } else {
            ofOthers[others++] = share;
        }
    }
    return own === 0 || others === 0
        ? { rocAuc: null, averagePrecision: null }
        : rankSorted(ofOwn.subarray(0, own).sort(), ofOthers.subarray(0, others).sort());
}

/** Goes through the distinct probabilities in descending order; ties count half for the ROC curve. */
function rankSorted(ofOwn: Float64Array, ofOthers: Float64Array): ClassRanking {
    let [own, others] = [ofOwn.length, ofOthers.length];
    let area = 0;
    let precision = 0;
    while (own > 0) {
        const threshold = Math.max(ofOwn[own - 1] as number, ofOthers[others - 1] ?? -1);
        const [ownBefore, othersBefore] = [own, others];
        // With any other comparison, the loop would never end if a probability were NaN.
        while (own > 0 && !((ofOwn[own - 1] as number) < threshold)) {
            own--;
        }
        while (others > 0 && !((ofOthers[others - 1] as number) < threshold)) {
            others--;
        }
        const found = ownBefore - own;
        area += found * ((others + othersBefore) / 2);
        const above = ofOwn.length - own;
        precision += (found * above) / (above + ofOthers.length - others);
    }
    return { rocAuc: area / (ofOwn.length * ofOthers.length), averagePrecision: precision / ofOwn.length };
}

function meanOf(values: readonly (number | null)[]): number | null {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
