import type { DateOrder, DatePart } from "./dates";
import type { NumberFormat } from "./numbers";

/** A column the model needs. Each enters the trees as one or more numeric columns: see `partsOf`. */
export type Feature = NumberFeature | DateFeature | TextFeature;

/** Numbers enter the trees unchanged. A missing one is NaN. */
export interface NumberFeature {
    name: string;
    kind: "number";
    /** True if training rows lacked a value. */
    missing: boolean;
    /** @default plain numbers */
    format?: NumberFormat;
}

/** Dates enter the trees as numbers (see dates.ts). */
export interface DateFeature {
    name: string;
    kind: "date";
    /** True if training rows lacked a value. */
    missing: boolean;
    order: DateOrder;
    /** The numbers that enter the trees. */
    parts: DatePart[];
    /** True if a cell that is not a date is a missing value, as in training. */
    skipsBadCells?: true;
}

/**
 * Text enters the trees as codes: for each category, a whole number that grows with the share of a class, or with the
 * target, among its training rows. If there are more than two classes, there is a list of codes for each of several
 * classes.
 */
export interface TextFeature {
    name: string;
    kind: "text";
    /** The strings that occur often enough, sorted by code unit; "" is one of them if values are often missing. */
    categories: string[];
    /** Lists with a code for each category. */
    codes: number[][];
    /** For each list, the code for all other strings. */
    other: number[];
}

/** The columns through which a feature enters the trees. */
export function partsOf(feature: Feature): number {
    return feature.kind === "text" ? feature.codes.length : feature.kind === "date" ? feature.parts.length : 1;
}

/** For each column of the trees, the index of its feature, and its number among the feature's parts. */
export function listParts(features: readonly Feature[]): { feature: number; part: number }[] {
    return features.flatMap((feature, index) =>
        Array.from({ length: partsOf(feature) }, (_, part) => ({ feature: index, part })),
    );
}

/** How the cells of a file are read; predictions read cells in the same way. */
export interface Reading {
    /** Markers for missing values, in addition to the usual ones. */
    missing: string[];
    /** The treatment of a cell that does not fit its column: as an error, or as a missing value. */
    onBadCell: "stop" | "missing";
    /** Encoding for a file without a byte order mark, if it is not UTF-8. */
    encoding?: string;
}

/** The kind of target: one of several classes, or a number. */
export type Task = "classification" | "regression";

/** One decision tree, or the mean of many trees grown on different rows and columns. */
export type Algorithm = "tree" | "forest";

/** A node as in ml-cart: a leaf has a `distribution`, and every other node has two children. */
export interface TreeNode {
    splitColumn?: number;
    /** Rows below this value go left. */
    splitValue?: number;
    /**
     * True if rows without a value go left, because no training row in this node lacked one and most of them went left.
     */
    missingLeft?: true;
    /**
     * The gain of a split as ml-cart defines it: the decrease in Gini impurity or, in a regression, the remaining
     * squared error.
     */
    gain?: number;
    /** Training rows that reached this node. */
    numberSamples?: number;
    left?: TreeNode;
    right?: TreeNode;
    /**
     * For classification, one row with the share of each class, up to the last class that occurs; for regression, the
     * mean. With more than 20 classes, a map from class to share instead, which omits zeros.
     */
    distribution?: number[][] | Record<string, number> | number;
}

/** The result of ml-cart's `toJSON` as JSON; its `load` accepts it. */
export interface CartModel {
    name: "DTClassifier" | "DTRegression";
    options: Record<string, unknown>;
    root: TreeNode;
}

/** A list of trees, or trees that are created one at a time. */
export interface Trees extends Iterable<CartModel> {
    readonly length: number;
    at(index: number): CartModel | undefined;
}

interface ModelBase {
    format: "gcp-trainer-model";
    version: 2;
    algorithm: Algorithm;
    target: string;
    features: Feature[];
    reading: Reading;
    /** Number of rows to which the model was fitted. */
    rows: number;
    hyperparameters: Record<string, unknown>;
    library: { name: "ml-cart"; version: string };
    /** A single tree if `algorithm` is `tree`. A forest predicts the mean of the shares or numbers of its trees. */
    trees: Trees;
}

export interface ClassificationModel extends ModelBase {
    task: "classification";
    /** ml-cart's label 0 is the first class. */
    classes: string[];
}

export interface RegressionModel extends ModelBase {
    task: "regression";
}

/** The content of `model.json`. */
export type Model = ClassificationModel | RegressionModel;

/** A model file, or a row to predict, that violates the model format. */
export class ModelError extends Error {
    override name = "ModelError";
}
