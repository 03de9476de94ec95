import cart from "ml-cart/package.json";
import type { Checked } from "../lib/check/check";
import type { Dataset } from "../lib/csv/dataset";
import { groupByFeature, type Learned } from "../lib/features/learn";
import type { Finding } from "../lib/findings";
import type { Algorithm, Model, Task, Trees } from "../lib/model";
import type { Hyperparameters } from "../lib/settings/arguments";
import type { FitResult, Predicted } from "../lib/tree";
import type { ClassificationMetrics, RegressionMetrics } from "./evaluate";
import { accuracyOf, actualOf, type Metrics, scoreNumbers } from "./evaluate";
import type { CrossValidation, TrialScore } from "./search/cross-validate";
import type { Measure } from "./search/losses";
import type { Growth } from "./search/trials";
import type { Split } from "./split";

/**
 * The content of `metrics.json`: numbers at the top level, details below. `task` determines the metrics. They describe
 * a model that was not trained on the rows it was tested on.
 */
export type MetricsFile = {
    schema: 1;
    task: Task;
    algorithm: Algorithm;
    target: string;
    rows: number;
    trainRows: number;
    testRows: number;
    /** Rows left out because they have no target. */
    rowsWithoutTarget?: number;
    /** Number of tested rows with values that are new to the model: rare or new strings, or new gaps. */
    testRowsWithUnseenValues: number;
    /** Number of trees in a forest. */
    trees?: number;
    /** Depth of the final model in levels of decisions; for a forest, the depth of its deepest tree. */
    treeDepth: number;
    /** Leaves in the final model; for a forest, in all trees together. */
    treeLeaves: number;
    /** Importances in the final model, largest first. They sum to 1, or are all 0 if the model has no splits. */
    featureImportances: { feature: string; importance: number }[];
    /**
     * Loss of accuracy, or added root mean squared error, on the rows held back if the values of a feature are shuffled,
     * largest first.
     */
    permutationImportances?: { feature: string; importance: number }[];
    outOfBag?: OutOfBag;
    cv?: { folds: number; rows: number; measure: Measure; mean: number; std: number; accuracy?: number };
    trials?: Trial[];
    /** The reason for choosing the best trial. */
    choice?: string;
    /** Facts about the dataset that the user may want to change. */
    findings: Finding[];
    hyperparameters: Record<string, unknown>;
} & (ClassificationMetrics | RegressionMetrics);

/** Metrics for the final forest on all rows, each predicted by the trees that were not trained on it. */
export type OutOfBag = { rows: number } & ({ accuracy: number } | RegressionMetrics);

/** A combination of hyperparameters that was tried in the cross-validation. */
export interface Trial {
    /** The hyperparameters that differ between the trials. */
    hyperparameters: Record<string, unknown>;
    mean: number;
    std: number;
    /** One score for each fold. */
    scores: number[];
    /** Mean accuracy, if the scores measure something else. */
    accuracy?: number;
    best: boolean;
}

/** Results from a training run, besides the model. */
export interface Findings {
    /** Metrics on the rows held back. */
    metrics: Metrics;
    split: Split;
    /** Number of held-back rows with a value that is new to the model. */
    unseenRows: number;
    /** Predictions for the rows held back. */
    held: Predicted;
    permutation: MetricsFile["permutationImportances"];
    /** The fit on all rows. */
    final: FitResult;
    crossValidation: CrossValidation | undefined;
    reason: string | undefined;
}

/** The hyperparameters in a model file, with every default filled in. */
export function describeOrigin(
    hyperparameters: Hyperparameters,
    growth: Growth,
    dataset: Dataset,
    { dropped }: Learned,
) {
    const { grid: _, dropColumns: __, gainFunction: ___, ...rest } = hyperparameters;
    const { task } = dataset.target;
    return {
        ...rest,
        task,
        dropColumns: [...dataset.dropped, ...dropped].map(({ name }) => name),
        gainFunction: task === "classification" ? "gini" : "regression",
        ...growth,
    };
}

/** Combines trees with everything else that a prediction needs. */
export function makeModel(
    dataset: Dataset,
    { features }: Learned,
    hyperparameters: Record<string, unknown>,
    algorithm: Algorithm,
    trees: Trees,
): Model {
    const { target, reading, rowCount } = dataset;
    const head = { format: "gcp-trainer-model", version: 2, algorithm } as const;
    const body = {
        target: target.name,
        features,
        reading,
        rows: rowCount,
        hyperparameters,
        library: { name: "ml-cart" as const, version: cart.version },
        trees,
    };
    return target.task === "classification"
        ? { ...head, task: target.task, classes: target.classes, ...body }
        : { ...head, task: target.task, ...body };
}

/** The content of `metrics.json`. */
export function makeMetricsFile(model: Model, checked: Checked, findings: Findings): MetricsFile {
    const { dataset, learned } = checked;
    const { metrics, split, unseenRows, permutation, final, crossValidation, reason } = findings;
    const { task, ...measures } = metrics;
    const flat = Object.entries(measures).filter(([, value]) => !Array.isArray(value));
    const nested = Object.entries(measures).filter(([, value]) => Array.isArray(value));
    return {
        schema: 1,
        task,
        algorithm: model.algorithm,
        target: model.target,
        ...Object.fromEntries(flat),
        rows: model.rows,
        trainRows: split.train.length,
        testRows: split.test.length,
        testRowsWithUnseenValues: unseenRows,
        ...(dataset.rowsWithoutTarget > 0 ? { rowsWithoutTarget: dataset.rowsWithoutTarget } : {}),
        ...(model.algorithm === "forest" ? { trees: model.trees.length } : {}),
        treeDepth: final.depth,
        treeLeaves: final.leaves,
        ...Object.fromEntries(nested),
        featureImportances: rankFeatures(learned, final.importances),
        ...(permutation === undefined ? {} : { permutationImportances: permutation }),
        ...(final.outOfBag === undefined ? {} : { outOfBag: scoreOutOfBag(dataset, final.outOfBag) }),
        ...(crossValidation === undefined ? {} : describeTrials(crossValidation)),
        ...(reason === undefined ? {} : { choice: reason }),
        findings: checked.findings,
        hyperparameters: model.hyperparameters,
    } as MetricsFile;
}

function rankFeatures(learned: Learned, ofColumns: Float64Array): MetricsFile["featureImportances"] {
    const importances = groupByFeature(learned, ofColumns);
    return learned.features
        .map(({ name }, index) => ({ feature: name, importance: importances[index] ?? 0 }))
        .sort((a, b) => b.importance - a.importance);
}

function scoreOutOfBag({ target }: Dataset, { rows, predictions }: Predicted): OutOfBag {
    const actual = actualOf(target, rows);
    return {
        rows: rows.length,
        ...(target.task === "classification"
            ? { accuracy: accuracyOf(actual, predictions) }
            : scoreNumbers(actual, predictions)),
    };
}

function describeTrials({ folds, rows, measure, trials, best }: CrossValidation): Pick<MetricsFile, "cv" | "trials"> {
    const names = new Set(trials.flatMap(({ growth }) => Object.keys(growth)));
    const differing = [...names].filter(
        (name) => new Set(trials.map(({ growth }) => growth[name as keyof Growth])).size > 1,
    );
    const accuracyOf = ({ accuracy }: TrialScore) => (accuracy === undefined ? {} : { accuracy });
    return {
        cv: { folds, rows, measure, mean: best.mean, std: best.std, ...accuracyOf(best) },
        trials: trials.map((trial) => ({
            hyperparameters: Object.fromEntries(
                differing.flatMap((name) => {
                    const value = trial.growth[name as keyof Growth];
                    return value === undefined ? [] : [[name, value]];
                }),
            ),
            mean: trial.mean,
            std: trial.std,
            scores: trial.scores,
            ...accuracyOf(trial),
            best: trial === best,
        })),
    };
}
