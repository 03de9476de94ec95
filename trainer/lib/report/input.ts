import type { Finding } from "../findings";
import type { Model } from "../model";

/** The content of a report, all of which is available when training ends. */
export interface ReportInput {
    /** `gs://` URI of the dataset. */
    source: string;
    dataset: {
        rowCount: number;
        dropped: readonly { name: string; why: string }[];
        /** Rows left out because their target is missing. */
        rowsWithoutTarget: number;
        target: { why: string };
    };
    /** The model fitted on all rows; its first tree is drawn. */
    model: Model;
    metrics: MetricsFile;
    test: TestedRows;
    table: ReportTable;
    run: RunFacts;
    trainer: { name: string; version: string };
}

/** The rows held back, with actual and predicted values: indices of classes, or numbers. */
export interface TestedRows {
    actual: ArrayLike<number>;
    predictions: ArrayLike<number>;
    /** Row numbers in the table. */
    rows: ArrayLike<number>;
    /** For a classification, one share for each row and class; otherwise unused. */
    values: ArrayLike<number>;
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

/**
 * The content of `metrics.json`, without the properties that describe the model: numbers at the top level, details
 * below. The metrics describe a model that was not trained on the rows it was tested on. Shares are fractions of 1;
 * errors are in the target's unit.
 */
export interface MetricsFile {
    trainRows: number;
    testRows: number;
    /** Depth of the final model in levels of decisions; for a forest, the depth of its deepest tree. */
    treeDepth: number;
    /** Leaves in the final model; for a forest, in all trees together. */
    treeLeaves: number;
    /** Share of the rows that were predicted correctly. */
    accuracy?: number;
    /** Accuracy of always predicting the most frequent class in these rows, which a model must beat. */
    baselineAccuracy?: number;
    /** Unweighted means over the classes. */
    macroPrecision?: number;
    macroRecall?: number;
    macroF1?: number;
    classes?: readonly ClassMeasures[];
    rocAuc?: number | null;
    averagePrecision?: number | null;
    brierScore?: number;
    /** `confusionMatrix[actual][predicted]`, in the order of `classes`. */
    confusionMatrix?: readonly (readonly number[])[];
    /** Mean absolute error. */
    mae?: number;
    /** Root mean squared error. */
    rmse?: number;
    /** Share of the variance explained; null when the actual values do not vary. */
    r2?: number | null;
    /** Importances in the final model, largest first. They sum to 1, or are all 0 if the model has no splits. */
    featureImportances?: readonly Importance[];
    /**
     * Loss of accuracy, or increase in root mean squared error, on the held-back rows when a feature's values are
     * shuffled, largest first.
     */
    permutationImportances?: readonly Importance[];
    /** Metrics for the final forest on all rows, each predicted by the trees that were not trained on it. */
    outOfBag?: { rows: number; accuracy?: number; mae?: number; rmse?: number; r2?: number | null };
    cv?: { folds: number; rows?: number; measure: string; mean: number; std: number; accuracy?: number };
    choice?: string;
    trials?: readonly Trial[];
    findings?: readonly Finding[];
}

export interface Importance {
    feature: string;
    importance: number;
}

/** Metrics for one class. A share with a denominator of 0 is 0. */
export interface ClassMeasures {
    label: string;
    /** Share of the rows predicted as this class that belong to it. */
    precision: number;
    /** Share of the rows in this class that were predicted as such. */
    recall: number;
    /** Harmonic mean of precision and recall. */
    f1: number;
    /** Number of rows in this class. */
    support: number;
}

/** A combination of hyperparameters that was tried in the cross-validation. */
export interface Trial {
    /** The hyperparameters that differ between the trials. */
    hyperparameters: Readonly<Record<string, unknown>>;
    mean: number;
    /** Population standard deviation of the scores. */
    std: number;
    /** One score for each fold. */
    scores: readonly number[];
    /** Mean accuracy, if the scores measure something else. */
    accuracy?: number;
    best: boolean;
}
