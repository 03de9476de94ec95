/** A column the model needs. */
export type Feature = NumberFeature | TextFeature;

/** Numbers enter the trees as they are. A missing one is NaN, which is below nothing: it goes right at every split. */
export interface NumberFeature {
    name: string;
    kind: "number";
    /** Rows without a value were trained on, so they can be predicted. */
    missing: boolean;
}

/** Text becomes its place in the list of categories. */
export interface TextFeature {
    name: string;
    kind: "text";
    /** Sorted by code unit; "" is one of them when rows without a value were trained on. */
    categories: string[];
}

/** What is learned: one of several classes, or a number. */
export type Task = "classification" | "regression";

/** One decision tree, or the mean of many that saw different rows and columns. */
export type Algorithm = "tree" | "forest";

/** ml-cart's node: a leaf has a `distribution`, every other node two children. */
export interface TreeNode {
    splitColumn?: number;
    /** Rows below this value go left. */
    splitValue?: number;
    /** Of a split, as ml-cart defines it. Classification: Gini impurity gained. Regression: squared error left. */
    gain?: number;
    /** Training rows that came to this node. */
    numberSamples?: number;
    left?: TreeNode;
    right?: TreeNode;
    /** Classification: one row, the share of each class, cut after the last class that occurs. Regression: the mean. */
    distribution?: number[][] | number;
}

/** What ml-cart's `toJSON` returns, after a journey through JSON; its `load` takes it. */
export interface CartModel {
    name: "DTClassifier" | "DTRegression";
    options: Record<string, unknown>;
    root: TreeNode;
}

interface ModelBase {
    format: "gcp-trainer-model";
    version: 1;
    algorithm: Algorithm;
    /** Column that is predicted. */
    target: string;
    features: Feature[];
    /** Rows that the model was fitted on. */
    rows: number;
    hyperparameters: Record<string, unknown>;
    library: { name: "ml-cart"; version: string };
    /** One for `tree`. A forest predicts the mean of its trees' shares or numbers. */
    trees: CartModel[];
}

/** A model for classes. */
export interface ClassificationModel extends ModelBase {
    task: "classification";
    /** ml-cart's label 0 is the first. */
    classes: string[];
}

/** A model for numbers. */
export interface RegressionModel extends ModelBase {
    task: "regression";
}

/** The content of `model.json`. */
export type Model = ClassificationModel | RegressionModel;

/** A class with the share of each class in its leaf, or a number. */
export type Prediction =
    | { task: "classification"; label: string; probabilities: Record<string, number> }
    | { task: "regression"; value: number };

/** A model file, or a row for it, that is not what the model format says. */
export class ModelError extends Error {
    override name = "ModelError";
}
