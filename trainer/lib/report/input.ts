import type { Model } from "../model";

/** What a report is made of: all of it is at hand when a training ends. */
export interface ReportInput {
    /** `gs://` URI of the data set. */
    source: string;
    dataset: ReportDataset;
    /** Fitted on all rows; its first tree is drawn. */
    model: Model;
    /** The content of `metrics.json`. */
    metrics: ReportMetrics;
    /** Rows held back, with what was predicted for them; of a regression at most 2000 are needed. */
    test: { actual: ArrayLike<number>; predicted: ArrayLike<number> };
    trainer: { name: string; version: string };
}

/** The data set, without its columns of numbers. */
export interface ReportDataset {
    rowCount: number;
    dropped: readonly { name: string; why: string }[];
    warnings: readonly string[];
    /** Rows that were left out because their target is missing. */
    rowsWithoutTarget: number;
    target: { why: string };
}

/** What every `metrics.json` has, and what some have. Shares are of 1, errors in the target's unit. */
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

/** How one class was predicted. */
export interface ClassMeasures {
    label: string;
    precision: number;
    recall: number;
    f1: number;
    /** Rows of this class. */
    support: number;
}

/** One point of a grid. */
export interface Trial {
    /** Only those that were searched. */
    hyperparameters: Readonly<Record<string, unknown>>;
    mean: number;
    std: number;
    scores: readonly number[];
    best: boolean;
}
