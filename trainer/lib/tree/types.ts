import type { NumberList } from "../columns/number-list";
import type { Algorithm } from "../model";

/** When a node is split and when it is a leaf. */
export interface GrowthOptions {
    /** Levels of decisions. */
    maxDepth: number;
    /** A node with so many rows or fewer is a leaf. */
    minNumSamples: number;
    /**
     * Classes: a split must gain more Gini impurity than this. Numbers: a node is a leaf when its best split leaves this
     * squared error or less. 0, for both: nodes are split until all their rows have the same class or number.
     */
    gainThreshold: number;
}

/** What makes many trees of one table differ. */
export interface ForestOptions {
    /** How many trees. */
    trees: number;
    /** Columns looked at for each split, drawn anew for each; columns with one value in the node do not count. */
    maxFeatures: number;
    seed: number;
}

/** What all fits on a table share. Arrays are in shared memory, so that threads need no copy. */
export interface FitTable {
    /** One for each feature. */
    columns: readonly NumberList[];
    target: FitTarget;
    /** Each column's order, see sort.ts; a fit that runs alone makes its lists of them, in place. */
    orders: readonly Uint32Array[];
}

/** What is predicted: places of classes, or numbers. */
export type FitTarget =
    | { task: "classification"; y: Uint16Array; classCount: number }
    | { task: "regression"; y: Float64Array };

/** One fit on some rows, scored on others. */
export interface FitTask {
    algorithm: Algorithm;
    growth: GrowthOptions;
    /** Needed for a forest. */
    forest?: ForestOptions;
    /** Rows to fit on, ascending. */
    rows: Uint32Array;
    /** Rows to predict. */
    testRows?: Uint32Array;
    /** Whether the result is to have the trees. */
    keepTrees: boolean;
}
