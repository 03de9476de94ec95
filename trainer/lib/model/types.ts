/** A column that the model needs. */
export type Feature = NumberFeature | TextFeature;

/**
 * Numbers enter the trees unchanged. A missing one is NaN, which is never below a threshold, so it goes right at every
 * split.
 */
export interface NumberFeature {
    name: string;
    kind: "number";
    /** True if some training rows lacked a value, in which case rows without one can be predicted. */
    missing: boolean;
}

/** In the trees, text is represented by its index in the list of categories. */
export interface TextFeature {
    name: string;
    kind: "text";
    /** Sorted by code unit. They include "" if some training rows lacked a value. */
    categories: string[];
}

/** The kind of target: one of several classes, or a number. */
export type Task = "classification" | "regression";

/** One decision tree, or the mean of many trees grown on different rows and columns. */
export type Algorithm = "tree" | "forest";

/** ml-cart's node: a leaf has a `distribution`, every other node two children. */
export interface TreeNode {
    splitColumn?: number;
    /** Rows below this value go left. */
    splitValue?: number;
    /**
     * True if rows without a value go left, because no training row of this node lacked one and most of them went left.
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
     * For a classification, one row with the share of each class, up to the last class that occurs; for a regression,
     * the mean.
     */
    distribution?: number[][] | number;
}

/** The result of ml-cart's `toJSON` as JSON; its `load` accepts it. */
export interface CartModel {
    name: "DTClassifier" | "DTRegression";
    options: Record<string, unknown>;
    root: TreeNode;
}

interface ModelBase {
    format: "gcp-trainer-model";
    version: 1;
    algorithm: Algorithm;
    /** Predicted column. */
    target: string;
    features: Feature[];
    /** Number of rows to which the model was fitted. */
    rows: number;
    hyperparameters: Record<string, unknown>;
    library: { name: "ml-cart"; version: string };
    /** A single tree if `algorithm` is `tree`. A forest predicts the mean of the shares or numbers of its trees. */
    trees: CartModel[];
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

/** A class, with the share of each class in the leaf, or a number. */
export type Prediction =
    | { task: "classification"; label: string; probabilities: Record<string, number> }
    | { task: "regression"; value: number };

/** A model file, or a row to predict, that violates the model format. */
export class ModelError extends Error {
    override name = "ModelError";
}
