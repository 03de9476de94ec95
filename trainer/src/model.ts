import cart from "ml-cart/package.json";
import type { Checked } from "../lib/check/check";
import type { Dataset } from "../lib/csv/dataset";
import { type Learned, rankFeatures } from "../lib/features/learn";
import type { Algorithm, Model, Trees } from "../lib/model";
import type { Importance, MetricsFile } from "../lib/report";
import type { Hyperparameters } from "../lib/settings/arguments";
import type { FitResult, Predicted } from "../lib/tree";
import { accuracyOf, actualOf, type Metrics, scoreNumbers } from "./evaluate";
import type { CrossValidation } from "./search/cross-validate";
import type { Growth } from "./search/trials";
import type { Split } from "./split";

/** Results from a training run, besides the model. */
export interface Findings {
    metrics: Metrics;
    split: Split;
    /** Number of held-back rows with a value that is new to the model. */
    unseenRows: number;
    /** Predictions for the rows held back. */
    held: Predicted;
    permutation: Importance[] | undefined;
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
    return {
        format: "gcp-trainer-model",
        version: 2,
        algorithm,
        ...(target.task === "classification" ? { task: target.task, classes: target.classes } : { task: target.task }),
        target: target.name,
        features,
        reading,
        rows: rowCount,
        hyperparameters,
        library: { name: "ml-cart", version: cart.version },
        trees,
    };
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
    const names = [...new Set(trials.flatMap(({ growth }) => Object.keys(growth) as (keyof Growth)[]))];
    const differing = names.filter((name) => new Set(trials.map(({ growth }) => growth[name])).size > 1);
    const { growth: _, scores: __, ...score } = best;
    return {
        cv: { folds, rows, measure, ...score },
        trials: trials.map((trial) => {
            const { growth, ...scores } = trial;
            // Arguments that a trial lacks are undefined, so JSON omits them.
            const hyperparameters = Object.fromEntries(differing.map((name) => [name, growth[name]]));
            return { hyperparameters, ...scores, best: trial === best };
        }),
    };
}
