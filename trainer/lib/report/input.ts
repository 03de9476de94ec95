import type { Model } from "../model";

/** The content for a report, all of which is available when training ends. */
export interface ReportInput {
    /** `gs://` URI of the dataset. */
    source: string;
    dataset: ReportDataset;
    /** The model fitted on all rows; its first tree is drawn. */
    model: Model;
    /** The content of `metrics.json`. */
    metrics: ReportMetrics;
    /** Actual and predicted values for the rows held back; at most 2000 are used for a regression. */
    test: { actual: ArrayLike<number>; predicted: ArrayLike<number> };
    trainer: { name: string; version: string };
}

/** The dataset without its columns. */
export interface ReportDataset {
    rowCount: number;
    dropped: readonly { name: string; why: string }[];
    warnings: readonly string[];
    /** Rows left out because their target is missing. */
    rowsWithoutTarget: number;
    target: { why: string };
}

/**
 * The properties that every `metrics.json` has, and those that are optional. Shares are fractions of 1; errors are in
 * the target's unit.
 */
export interface ReportMetrics {
    trainRows: number;
    testRows: number;
    treeDepth: number;
    treeLeaves: number;
    accuracy?: number;
    baselineAccuracy?: number;
    macroPrecision?: number;
    macroRecall?: number;
    macroF1?: number;
    classes?: readonly ClassMeasures[];
    /** `[actual][predicted]` */
    confusionMatrix?: readonly (readonly number[])[];
    mae?: number;
    rmse?: number;
    r2?: number | null;
    featureImportances?: readonly { feature: string; importance: number }[];
    outOfBag?: { rows: number; accuracy?: number; mae?: number; rmse?: number; r2?: number | null };
    cv?: { folds: number; measure: string; mean: number; std: number };
    trials?: readonly Trial[];
}

export interface ClassMeasures {
    label: string;
    precision: number;
    recall: number;
    f1: number;
    /** Number of rows in this class. */
    support: number;
}

/** One combination of hyperparameters. */
export interface Trial {
    /** Only the hyperparameters that were searched. */
    hyperparameters: Readonly<Record<string, unknown>>;
    mean: number;
    std: number;
    scores: readonly number[];
    best: boolean;
}
