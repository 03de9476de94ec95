import cart from "ml-cart/package.json";
import type { Checked } from "../lib/check/check";
import type { Dataset } from "../lib/csv/dataset";
import { type Learned, rankFeatures } from "../lib/features/learn";
import type { Algorithm, Model, Trees } from "../lib/model";
import type { Importance, MetricsFile } from "../lib/report";
import type { Hyperparameters } from "../lib/settings/arguments";
import type { FitResult, Predicted } from "../lib/tree";
import { accuracyOf, actualOf, type Metrics, scoreNumbers } from "./evaluate";
import type { CrossValidation, TrialScore } from "./search/cross-validate";
import type { Growth } from "./search/trials";
import type { Split } from "./split";

/** Results from a training run, besides the model. */
export interface Findings {
    /** Metrics on the rows held back. */
    metrics: Metrics;
    split: Split;
    /** Number of held-back rows with a value that is new to the model. */
    unseenRows: number;
    /** Predictions for the rows held back. */
    held: Predicted;
    permutation: Importance[] | undefined;
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

function scoreOutOfBag({ target }: Dataset, { rows, predictions }: Predicted): MetricsFile["outOfBag"] {
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
