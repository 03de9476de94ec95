import { availableParallelism } from "node:os";
import type { NumberList } from "../columns/number-list";
import { allRows, shared } from "../columns/shared-memory";
import { normalize } from "./flat-tree";
import type { GrowJob, JobResult, View, ViewColumn } from "./jobs";
import { finishScores, makeScores, type Predicted, widthOf } from "./scores";
import { openThreads } from "./threads";
import type { FitTable, FitTarget, FitTask } from "./types";

export interface FitResult extends Omit<JobResult, "importances"> {
    /**
     * Impurity that the splits on each feature removed, weighted by rows and averaged over the trees. The values sum to
     * 1, or are all 0 if there is no split.
     */
    importances: Float64Array;
    /** Predictions for the task's `testRows`. */
    test?: Predicted;
    /** Predictions for each variant of the task's probe. */
    probed?: Predicted[];
    /** For a forest with `keepTrees`: each row that at least one tree was not grown on, predicted by all such trees. */
    outOfBag?: Predicted;
}

/** Progress on the fits that have started. */
export interface FitProgress {
    /** Time since the first fit started. */
    seconds: number;
    treesDone: number;
    trees: number;
}

export interface FitPoolOptions {
    /** Maximum number of threads. @default the number of processors available to this program */
    threads?: number;
    /** The program's file, which calls `serveFits` when it runs in a worker thread. */
    file: string;
    /** Called every 30 s while fits run. */
    onProgress?: (progress: FitProgress) => void;
    /** Work estimated to take at most this long runs in this thread, which avoids starting others. @default 150 */
    inThreadMs?: number;
}

/** The part of a dataset that fits need. */
export type FitDataset = Omit<FitTable, "orders">;

export interface FitPool {
    readonly threads: number;
    /**
     * Queues a fit. Fits queued at the same time share the threads.
     * @throws {RangeError} for a task without rows, or a forest without its options
     */
    fit(task: FitTask): Promise<FitResult>;
    /** Ends the threads. Unfinished fits fail. */
    close(): Promise<void>;
}

/** Target duration of a job: long enough to be worth a message, short enough to balance the load. */
const JOB_MS = 40;

const PROGRESS_MS = 30_000;

/**
 * Opens a pool for a dataset:
 *
 *     const pool = openFitPool(dataset, { file: __filename });
 *     const { trees, importances } = await pool.fit({ algorithm: "tree", growth, rows, keepTrees: true });
 *     await pool.close();
 *
 * and in the main file of the program: `if (isMainThread) { ... } else { serveFits(); }`. A result depends only on the
 * table and the task, not on the threads. For small tables all work happens in this thread, which handles other events
 * between two fits; otherwise it happens in worker threads, and this one stays free.
 */
export function openFitPool({ columns, target }: FitDataset, options: FitPoolOptions): FitPool {
    const { threads: threadCount = availableParallelism(), file, inThreadMs = 150, onProgress } = options;
    const tableRows = target.y.length;
    const table: FitTable = { columns, target, orders: columns.map(() => shared(Uint32Array, tableRows)) };
    const threads = openThreads(table, file, threadCount, inThreadMs);
    /** Settles when the orders have been computed; undefined if there are none. */
    let sorted: Promise<unknown> | undefined;
    /** Views for the fits that have their own columns. The keys are these columns, which several fits may share. */
    const views = new WeakMap<readonly NumberList[], View>();
    /** Settle when the orders of a view's own columns have been computed. */
    const sortedViews = new WeakMap<View, Promise<unknown>>();
    let nextView = 0;
    /** A fit that is the only one to use the orders. */
    let lone: Promise<unknown> | undefined;
    const progress = { startedAt: 0, treesDone: 0, trees: 0, fits: 0 };
    let timer: NodeJS.Timeout | undefined;

    function begin(trees: number): void {
        if (progress.fits === 0) {
            Object.assign(progress, { startedAt: Date.now(), treesDone: 0, trees: 0 });
            timer = setInterval(() => {
                const seconds = Math.round((Date.now() - progress.startedAt) / 1000);
                onProgress?.({ seconds, treesDone: progress.treesDone, trees: progress.trees });
            }, PROGRESS_MS);
        }
        progress.fits++;
        progress.trees += trees;
    }

    function end(): void {
        progress.fits--;
        if (progress.fits === 0) {
            clearInterval(timer);
        }
    }

    async function fit(task: FitTask): Promise<FitResult> {
        const trees = countTrees(task);
        const treeMs = estimateTreeMs(task, (task.columns ?? columns).length, tableRows);
        const sortMs = sorted === undefined ? (columns.length * tableRows * SORT_NS) / 1e6 : 0;
        begin(trees);
        const done = threads.expect(trees * treeMs + sortMs);
        try {
            // Fits requested in the same turn of the event loop run at the same time.
            await new Promise((resolve) => setImmediate(resolve));
            await lone;
            const view = viewOf(task);
            if (task.algorithm === "tree" && progress.fits === 1) {
                const result = growInPlace(task, view, treeMs);
                lone = result.catch(() => undefined);
                return await result;
            }
            sorted ??= sort(columns.keys());
            await sorted;
            if (view !== undefined) {
                const own = sortedViews.get(view) ?? sort(ownColumns(view));
                sortedViews.set(view, own);
                await own;
            }
            return await grow(task, view, trees, treeMs, false);
        } finally {
            done();
            end();
        }
    }

    function sort(some: Iterable<ViewColumn>): Promise<unknown> {
        return Promise.all(Array.from(some, (column) => threads.run({ kind: "sort", columns: [column] })));
    }

    /**
     * Grows the tree in the memory of the orders, which no other fit needs, so there is no second list of each column.
     * One thread does all the work. For a million rows this takes 0.2 s longer, but a second thread would need another
     * 10 MB, plus 12 bytes per row for sorting.
     */
    async function growInPlace(task: FitTask, view: View | undefined, treeMs: number): Promise<FitResult> {
        await (sorted ?? threads.run({ kind: "sort", columns: [...columns.keys()] }));
        sorted = undefined;
        if (view !== undefined) {
            await (sortedViews.get(view) ?? sort(ownColumns(view)));
            sortedViews.delete(view);
        }
        return grow(task, view, 1, treeMs, true);
    }

    /** The view with a fit's own columns; undefined if the fit uses the table's columns. */
    function viewOf({ columns: own }: FitTask): View | undefined {
        if (own === undefined) {
            return undefined;
        }
        const view = views.get(own) ?? {
            id: nextView++,
            columns: own.map((values): ViewColumn => {
                const index = columns.indexOf(values);
                return index >= 0 ? index : { values, order: shared(Uint32Array, tableRows) };
            }),
        };
        views.set(own, view);
        return view;
    }

    async function grow(
        { columns: _, ...task }: FitTask,
        view: View | undefined,
        trees: number,
        treeMs: number,
        inPlace: boolean,
    ): Promise<FitResult> {
        const scored = makeScored(task, target);
        const perJob = Math.min(Math.ceil(JOB_MS / treeMs), Math.ceil(trees / (4 * threadCount)));
        const running: Promise<JobResult>[] = [];
        for (let first = 0; first < trees; first += perJob) {
            const end = Math.min(first + perJob, trees);
            const job = threads.run({ kind: "grow", task, view, first, end, inPlace, ...scored });
            job.then(
                () => (progress.treesDone += end - first),
                () => undefined,
            );
            running.push(job);
        }
        const results = await Promise.all(running);
        const { test, probed, outOfBag } = scored;
        const losses = results[0]?.losses;
        const sum = (count: (result: JobResult) => number) => results.reduce((total, it) => total + count(it), 0);
        return {
            trees: results.flatMap((result) => result.trees),
            importances: meanImportances(results, (view?.columns ?? columns).length),
            depth: Math.max(...results.map(({ depth }) => depth)),
            leaves: sum(({ leaves }) => leaves),
            shares: sum(({ shares }) => shares),
            ...(test === undefined ? {} : { test: finishScores(test, target) }),
            ...(probed === undefined ? {} : { probed: probed.map((scores) => finishScores(scores, target)) }),
            ...(losses === undefined ? {} : { losses }),
            ...(outOfBag === undefined ? {} : { outOfBag: finishScores(outOfBag, target) }),
        };
    }

    return { threads: threadCount, fit, close: threads.close };
}

/** The columns that are not in the table. */
function ownColumns({ columns }: View): ViewColumn[] {
    return columns.filter((column) => typeof column !== "number");
}

type Scored = Pick<GrowJob, "test" | "probed" | "outOfBag">;

/** Allocates the memory for the threads' predictions. */
function makeScored({ algorithm, rows, testRows, probe, keepTrees }: FitTask, target: FitTarget): Scored {
    const scoresOfProbe = () => makeScores(allRows(probe?.rows ?? 0), target);
    return {
        ...(testRows === undefined ? {} : { test: makeScores(testRows, target) }),
        ...(probe === undefined ? {} : { probed: probe.changes.map(scoresOfProbe) }),
        ...(algorithm === "forest" && keepTrees ? { outOfBag: makeScores(someRows(rows, target), target) } : {}),
    };
}

function countTrees({ algorithm, forest, rows }: FitTask): number {
    if (rows.length === 0) {
        throw new RangeError("A fit needs at least one row; got none");
    }
    if (algorithm === "tree") {
        return 1;
    }
    if (forest === undefined || !(forest.trees >= 1) || !(forest.maxFeatures >= 1)) {
        throw new RangeError(`A forest needs at least 1 tree and 1 feature per split; got ${JSON.stringify(forest)}`);
    }
    return forest.trees;
}

/** Maximum number of sums of out-of-bag predictions; this many take 128 MB. */
const MAX_SUMS = 2 ** 24;

/** The rows to predict out of bag: all, or evenly spaced ones if there are many rows and classes. */
function someRows(rows: Uint32Array, target: FitTarget): Uint32Array {
    const count = Math.floor(MAX_SUMS / widthOf(target));
    if (rows.length <= count) {
        return rows;
    }
    const some = shared(Uint32Array, count);
    for (let index = 0; index < count; index++) {
        some[index] = rows[Math.floor((index * rows.length) / count)] as number;
    }
    return some;
}

/** The mean over the trees that have a split. It is summed in tree order, because the last bits depend on the order. */
function meanImportances(results: readonly JobResult[], columns: number): Float64Array {
    const means = new Float64Array(columns);
    for (const importances of results.flatMap((result) => result.importances)) {
        for (let column = 0; column < columns; column++) {
            means[column] = (means[column] as number) + (importances[column] as number);
        }
    }
    return normalize(means);
}

/** Measured time in nanoseconds for sorting one value in a column, and for one pass over it while a tree grows. */
const SORT_NS = 50;
const PASS_NS = 12;

/** Time for sorting a value in a node again, relative to the time for a pass over it. */
const SORTING = 5;

/** A rough estimate of the milliseconds for growing one tree: each level passes once over all rows in all columns. */
export function estimateTreeMs(
    { rows, growth, forest }: Pick<FitTask, "growth" | "forest"> & { rows: ArrayLike<number> },
    columns: number,
    tableRows: number,
): number {
    const levels = Math.min(growth.maxDepth, Math.log2(rows.length) + 2);
    const passes = Math.min(columns, SORTING * (forest?.maxFeatures ?? columns));
    return ((passes * rows.length * levels + tableRows) * PASS_NS) / 1e6;
}
