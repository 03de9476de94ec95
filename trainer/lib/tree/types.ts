import type { NumberList } from "../columns/number-list";
import type { Algorithm } from "../model";

/** Limits that make a node a leaf. */
export interface GrowthOptions {
    /** Levels of decisions. */
    maxDepth: number;
    /** A node with this many rows or fewer is a leaf. */
    minNumSamples: number;
    /**
     * For classes, a split must reduce Gini impurity by more than this; for numbers, a node is a leaf if its best split
     * leaves this squared error or less. With 0, nodes are split until all their rows have the same class or number.
     */
    gainThreshold: number;
    /**
     * Cost-complexity pruning of a single tree: each leaf must remove at least this share of the root's impurity.
     * @default 0, no pruning
     */
    complexity?: number;
}

/** Options for growing different trees on the same table. */
export interface ForestOptions {
    trees: number;
    /** Number of columns drawn for each split; columns with a single value in the node do not count. */
    maxFeatures: number;
    seed: number;
}

/** Data shared by all fits on a table. Arrays are in shared memory, so that threads do not need copies. */
export interface FitTable {
    /** One column for each feature. */
    columns: readonly NumberList[];
    target: FitTarget;
    /** Order of each column (see sort.ts). A fit that runs alone turns them into its lists, in place. */
    orders: readonly Uint32Array[];
}

/** The target: indices into `classes`, or numbers. */
export type FitTarget =
    | { task: "classification"; y: Uint16Array; classes: readonly string[] }
    | { task: "regression"; y: Float64Array };

/** Rows outside the table, in shared memory. Every variant replaces some of their columns. */
export interface Probe {
    rows: number;
    columns: readonly NumberList[];
    /** For each variant, the replaced columns. */
    changes: readonly (readonly (readonly [column: number, values: NumberList])[])[];
}

/** A fit on some rows, scored on others. */
export interface FitTask {
    algorithm: Algorithm;
    /** Columns for this fit, with a value for each row in the table. @default the table's columns */
    columns?: readonly NumberList[];
    growth: GrowthOptions;
    /** Options that a forest requires. */
    forest?: ForestOptions;
    /** Rows to fit on, in ascending order. */
    rows: Uint32Array;
    /** Rows to predict. */
    testRows?: Uint32Array;
    /** Other rows to predict, which are not in the table. */
    probe?: Probe;
    /** For a tree: complexities for which the result must include the loss on `testRows`. */
    complexities?: readonly number[];
    /** True if the result must include the trees. */
    keepTrees: boolean;
}
