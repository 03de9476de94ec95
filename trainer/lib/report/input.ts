import type { Finding } from "../findings";
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
    test: TestedRows;
    /** The dataset's values; without them, the report shows neither histograms nor the worst rows. */
    table?: ReportTable;
    run?: RunFacts;
    trainer: { name: string; version: string };
}

/** The rows held back, with actual and predicted values: indices of classes, or numbers. */
export interface TestedRows {
    actual: ArrayLike<number>;
    predictions: ArrayLike<number>;
    /** Row numbers in the table. */
    rows?: ArrayLike<number>;
    /** For a classification, one share for each row and class. */
    values?: ArrayLike<number>;
}

/** The rows of the dataset. */
export interface ReportTable {
    rowCount: number;
    /** Indices of classes, or numbers. */
    target: ArrayLike<number>;
    columns: readonly TableColumn[];
    /** The row number in the file, where the header is row 1. */
    lineOf(row: number): number;
}

export interface TableColumn {
    name: string;
    isText: boolean;
    /** The string, the number or, for a date, its number of seconds. NaN and "" represent a missing value. */
    at(row: number): number | string;
}

export interface RunFacts {
    /** The run id, if the model's folder contains one. */
    id: string | undefined;
    finishedAt: Date;
    seconds: number;
    /** Processors and memory. */
    machine: string;
}

/** The dataset without its columns. */
export interface ReportDataset {
    rowCount: number;
    dropped: readonly { name: string; why: string }[];
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
    rocAuc?: number | null;
    averagePrecision?: number | null;
    brierScore?: number;
    /** `[actual][predicted]` */
    confusionMatrix?: readonly (readonly number[])[];
    mae?: number;
    rmse?: number;
    r2?: number | null;
    featureImportances?: readonly { feature: string; importance: number }[];
    permutationImportances?: readonly { feature: string; importance: number }[];
    outOfBag?: { rows: number; accuracy?: number; mae?: number; rmse?: number; r2?: number | null };
    cv?: { folds: number; rows?: number; measure: string; mean: number; std: number; accuracy?: number };
    /** The reason why a trial was chosen. */
    choice?: string;
    trials?: readonly Trial[];
    findings?: readonly Finding[];
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
    accuracy?: number;
    /** True for the chosen trial. */
    best: boolean;
}
