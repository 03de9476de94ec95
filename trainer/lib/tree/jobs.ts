import type { NumberList } from "../columns/number-list";
import { makeRandom } from "../random";
import { countLeaves, type FlatTree } from "./flat-tree";
import { bootstrap, forestRounding } from "./forest";
import { growTree, growWithImpurities } from "./grow";
import { makeWorkspace, reserve, reserveLists, type Workspace } from "./node-lists";
import { pruneTree, scorePrunings } from "./prune";
import { addPredictions, type Scores } from "./scores";
import { sortColumn } from "./sort";
import type { FitTable, FitTask } from "./types";

export type Job = SortJob | GrowJob;

/** Finds the order for some columns. */
export interface SortJob {
    kind: "sort";
    columns: ViewColumn[];
}

/** A column in the table, or one that only some fits use, with its order. */
export type ViewColumn = number | { values: NumberList; order: Uint32Array };

/** The columns for a fit. The id is the same for all its jobs. */
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
    trees: FlatTree[];
    importances: Float64Array[];
    depth: number;
    leaves: number;
    /** Number of shares in all leaves of all trees. */
    shares: number;
    /** See FitResult. */
    losses?: Float64Array;
}

/** Runs jobs one by one, in memory that it reuses. */
export class JobRunner {
    readonly #workspace: Workspace = makeWorkspace();

    readonly #base: FitTable;
    /** The table for the current job: the pool's, or the view with this id. */
    #table: FitTable;
    #viewId: number | undefined;

    constructor(table: FitTable) {
        this.#base = table;
        this.#table = table;
    }

    run(job: Job): JobResult {
        const result: JobResult = { trees: [], importances: [], depth: 0, leaves: 0, shares: 0 };
        if (job.kind === "sort") {
            this.#sort(job.columns);
            return result;
        }
        this.#open(job.view);
        const trees = job.task.algorithm === "forest" ? this.#growForest(job) : [this.#growSingle(job, result)];
        for (const tree of trees) {
            this.#addProbe(job, tree);
            result.importances.push(tree.importances);
            result.depth = Math.max(result.depth, tree.depth);
            result.leaves += countLeaves(tree);
            result.shares += tree.leafShares.length;
            if (job.task.keepTrees) {
                result.trees.push(tree);
            }
        }
        return result;
    }

    /** Uses the same table for all jobs on a view, because it is also the key for cached ranks. */
    #open(view: View | undefined): void {
        if (view?.id === this.#viewId) {
            return;
        }
        this.#viewId = view?.id;
        const columns = view?.columns.map((column) => this.#resolve(column));
        this.#table =
            columns === undefined
                ? this.#base
                : {
                      ...this.#base,
                      columns: columns.map(({ values }) => values),
                      orders: columns.map(({ order }) => order),
                  };
    }

    #resolve(column: ViewColumn): Exclude<ViewColumn, number> {
        const { columns, orders } = this.#base;
        return typeof column === "number"
            ? { values: columns[column] as NumberList, order: orders[column] as Uint32Array }
            : column;
    }

    /** Sorts in the memory in which trees grow later. */
    #sort(columns: ViewColumn[]): void {
        const rowCount = this.#base.target.y.length;
        reserve(this.#workspace, rowCount, rowCount);
        reserveLists(this.#workspace, 2, rowCount + 1);
        const [keys, rows] = this.#workspace.lists as [Uint32Array, Uint32Array];
        const scratch = { keys: [keys, this.#workspace.scratch], rows } as const;
        for (const column of columns) {
            const { values, order } = this.#resolve(column);
            sortColumn(values, order, scratch);
        }
    }

    #addProbe({ task: { probe }, probed = [] }: GrowJob, tree: FlatTree): void {
        for (const [variant, scores] of probed.entries()) {
            const columns = [...(probe?.columns ?? [])];
            for (const [column, values] of probe?.changes[variant] ?? []) {
                columns[column] = values;
            }
            addPredictions(scores, tree, { ...this.#table, columns });
        }
    }

    #growSingle({ task, inPlace, test }: GrowJob, result: JobResult): FlatTree {
        const { growth, rows, testRows, complexities } = task;
        const { complexity = 0 } = growth;
        const weights = new Uint8Array(this.#table.target.y.length);
        for (const row of rows) {
            weights[row] = 1;
        }
        const withImpurities = complexity > 0 || complexities !== undefined;
        const request = { growth, weights, weighted: false, inPlace, withImpurities };
        const { tree: grown, impurities } = growWithImpurities(this.#table, request, this.#workspace);
        if (complexities !== undefined && testRows !== undefined) {
            result.losses = scorePrunings(grown, impurities, this.#table, testRows, complexities);
        }
        const tree = complexity > 0 ? pruneTree(grown, impurities, complexity) : grown;
        if (test !== undefined) {
            addPredictions(test, tree, this.#table);
        }
        return tree;
    }

    *#growForest({ task, first, end, test, outOfBag }: GrowJob): Iterable<FlatTree> {
        const { growth, forest, rows } = task;
        if (forest === undefined) {
            throw new RangeError("A forest needs the options `forest`; got none");
        }
        const round = forestRounding(this.#table.target, forest.trees);
        for (let number = first; number < end; number++) {
            const random = makeRandom(forest.seed, number);
            const weights = new Uint8Array(this.#table.target.y.length);
            bootstrap(rows, random, weights);
            const sampling = { maxFeatures: forest.maxFeatures, random };
            const request = { growth, weights, weighted: true, sampling, round };
            const tree = growTree(this.#table, request, this.#workspace);
            if (test !== undefined) {
                addPredictions(test, tree, this.#table);
            }
            if (outOfBag !== undefined) {
                addPredictions(outOfBag, tree, this.#table, weights);
            }
            yield tree;
        }
    }
}
