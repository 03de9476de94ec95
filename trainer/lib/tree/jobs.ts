import type { NumberList } from "../columns/number-list";
import { makeRandom, type Random } from "../random";
import type { Rounding } from "./criteria";
import { countLeaves, type FlatTree } from "./flat-tree";
import { growTree, growWithImpurities } from "./grow";
import { makeWorkspace, reserve, reserveLists, type Workspace } from "./node-lists";
import { pruneTree, scorePrunings } from "./prune";
import { addPredictions, type Scores } from "./scores";
import { sortColumn } from "./sort";
import type { FitTable, FitTarget, FitTask } from "./types";

export type Job = SortJob | GrowJob;

export interface SortJob {
    kind: "sort";
    columns: ViewColumn[];
}

/** A column in the table, or one that only some fits use, with its order. */
export type ViewColumn = number | { values: NumberList; order: Uint32Array };

/** The columns for a fit. The id is the same for all jobs of the fit. */
export interface View {
    id: number;
    columns: readonly ViewColumn[];
}

/** Grows some of a fit's trees and scores them. */
export interface GrowJob {
    kind: "grow";
    task: Omit<FitTask, "columns">;
    view: View | undefined;
    /** Number of the first tree, and one more than the number of the last. */
    first: number;
    end: number;
    /** See TreeRequest. */
    inPlace: boolean;
    /** Receives the predictions for the task's `testRows`. */
    test?: Scores;
    /** Receive the predictions for the variants of the task's probe. */
    probed?: Scores[];
    /** For a forest, receives the predictions for rows that a tree was not grown on. */
    outOfBag?: Scores;
}

/** Results by tree, in tree order; empty for a sort, whose result is in shared memory. */
export interface JobResult {
    /** The grown trees if `keepTrees` is set, otherwise an empty list. */
    trees: FlatTree[];
    importances: Float64Array[];
    /** Depth of the deepest tree, in levels of decisions. */
    depth: number;
    /** Number of leaves in all trees. */
    leaves: number;
    /** Number of shares in the leaves of all trees; 0 for a regression. */
    shares: number;
    /** For each of the task's `complexities`, the sum of the squared errors (see `scorePrunings`). */
    losses?: Float64Array;
}

/** Returns a function that runs jobs on a table one by one, in memory that it reuses. */
export function makeRunner(base: FitTable): (job: Job) => JobResult {
    const workspace = makeWorkspace();
    /** The table for the current view. All jobs of the view share it, because it is also the key for cached ranks. */
    let opened: { id: number | undefined; table: FitTable } = { id: undefined, table: base };
    return (job) => {
        const result: JobResult = { trees: [], importances: [], depth: 0, leaves: 0, shares: 0 };
        if (job.kind === "sort") {
            sort(job.columns, base, workspace);
            return result;
        }
        if (job.view?.id !== opened.id) {
            opened = { id: job.view?.id, table: openView(job.view, base) };
        }
        const { table } = opened;
        const isForest = job.task.algorithm === "forest";
        for (const tree of isForest ? growForest(job, table, workspace) : [growSingle(job, table, workspace, result)]) {
            addProbe(job, tree, table);
            result.importances.push(tree.importances);
            result.depth = Math.max(result.depth, tree.depth);
            result.leaves += countLeaves(tree);
            result.shares += tree.leafShares.length;
            if (job.task.keepTrees) {
                result.trees.push(tree);
            }
        }
        return result;
    };
}

function openView(view: View | undefined, base: FitTable): FitTable {
    const columns = view?.columns.map((column) => resolve(column, base));
    return columns === undefined
        ? base
        : { ...base, columns: columns.map(({ values }) => values), orders: columns.map(({ order }) => order) };
}

function resolve(column: ViewColumn, { columns, orders }: FitTable): Exclude<ViewColumn, number> {
    return typeof column === "number"
        ? { values: columns[column] as NumberList, order: orders[column] as Uint32Array }
        : column;
}

/** Sorts in the memory in which trees grow later. */
function sort(columns: ViewColumn[], base: FitTable, workspace: Workspace): void {
    const rowCount = base.target.y.length;
    reserve(workspace, rowCount, rowCount);
    reserveLists(workspace, 2, rowCount + 1);
    const [keys, rows] = workspace.lists as [Uint32Array, Uint32Array];
    const scratch = { keys: [keys, workspace.scratch], rows } as const;
    for (const column of columns) {
        const { values, order } = resolve(column, base);
        sortColumn(values, order, scratch);
    }
}

function addProbe({ task: { probe }, probed = [] }: GrowJob, tree: FlatTree, table: FitTable): void {
    for (const [variant, scores] of probed.entries()) {
        const columns = [...(probe?.columns ?? [])];
        for (const [column, values] of probe?.changes[variant] ?? []) {
            columns[column] = values;
        }
        addPredictions(scores, tree, { ...table, columns });
    }
}

function growSingle(job: GrowJob, table: FitTable, workspace: Workspace, result: JobResult): FlatTree {
    const { inPlace, test } = job;
    const { growth, rows, testRows, complexities } = job.task;
    const { complexity = 0 } = growth;
    const weights = new Uint8Array(table.target.y.length);
    for (const row of rows) {
        weights[row] = 1;
    }
    const withImpurities = complexity > 0 || complexities !== undefined;
    const request = { growth, weights, weighted: false, inPlace, withImpurities };
    const { tree: grown, impurities } = growWithImpurities(table, request, workspace);
    if (complexities !== undefined && testRows !== undefined) {
        result.losses = scorePrunings(grown, impurities, table, testRows, complexities);
    }
    const tree = complexity > 0 ? pruneTree(grown, impurities, complexity) : grown;
    if (test !== undefined) {
        addPredictions(test, tree, table);
    }
    return tree;
}

function* growForest(job: GrowJob, table: FitTable, workspace: Workspace): Iterable<FlatTree> {
    const { task, first, end, test, outOfBag } = job;
    const { growth, forest, rows } = task;
    if (forest === undefined) {
        throw new RangeError("A forest needs the options `forest`; got none");
    }
    const round = forestRounding(table.target, forest.trees);
    for (let number = first; number < end; number++) {
        const random = makeRandom(forest.seed, number);
        const weights = new Uint8Array(table.target.y.length);
        bootstrap(rows, random, weights);
        const sampling = { maxFeatures: forest.maxFeatures, random };
        const request = { growth, weights, weighted: true, sampling, round };
        const tree = growTree(table, request, workspace);
        if (test !== undefined) {
            addPredictions(test, tree, table);
        }
        if (outOfBag !== undefined) {
            addPredictions(outOfBag, tree, table, weights);
        }
        yield tree;
    }
}

/** The largest possible weight, because each weight is stored in a byte. */
const MAX_WEIGHT = 255;

/**
 * Draws rows with replacement, as many as there are in `rows`.
 * @param rows row numbers
 * @param weights by row number of the table, all 0 at first; receives the number of times that each was drawn
 */
export function bootstrap(rows: Uint32Array, random: Random, weights: Uint8Array): void {
    for (let drawn = 0; drawn < rows.length; ) {
        const row = rows[random.below(rows.length)] as number;
        const weight = weights[row] as number;
        // In practice, no row is drawn more often than this, because the probability is at most 1 / 255!.
        if (weight < MAX_WEIGHT) {
            weights[row] = weight + 1;
            drawn++;
        }
    }
}

/**
 * Bits after the binary point in a share. Distinct shares of 2^31 rows differ by more than one unit of this precision,
 * and sums of 2^20 shares are exact.
 */
const SHARE_BITS = 32;

/** Number of bits available for an exact sum of a forest's numbers. */
const SUM_BITS = 52;

/**
 * Rounding for a forest's leaves that makes the sum over its trees exact, so it is the same in any order, with any
 * number of threads and in any program that sums doubles. Numbers lose their last few bits: with 100 trees they are
 * correct to 1 part in 2^45 of the largest.
 */
export function forestRounding(target: FitTarget, trees: number): Rounding {
    if (target.task === "classification") {
        return roundTo(2 ** -SHARE_BITS);
    }
    let largest = 0;
    for (const value of target.y) {
        largest = Math.max(largest, Math.abs(value));
    }
    return roundTo(2 ** (Math.ceil(Math.log2(largest)) + Math.ceil(Math.log2(trees)) - SUM_BITS));
}

/** Rounds to a multiple of a power of 2. */
function roundTo(unit: number): Rounding {
    // The unit underflowed to 0; sums of numbers this small are exact anyway.
    return unit === 0 ? (value) => value : (value) => Math.round(value / unit) * unit;
}
