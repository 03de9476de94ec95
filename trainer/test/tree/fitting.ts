import { makeRandom } from "../../lib/random";
import { type FitDataset, type FitPoolOptions, type FitResult, type FitTask, openFitPool } from "../../lib/tree";
import { count } from "../tables";
import { shareLabels, shareNumbers, UNLIMITED } from "./tables";

/** A dataset with two informative columns and a noise column. */
export function makeDataset(rows: number, task: "classification" | "regression"): FitDataset {
    const random = makeRandom(7, 0);
    const columns = count(3).map(() => shareNumbers(count(rows).map(() => random.below(1000) / 10)));
    const [a, b] = columns as [Float64Array, Float64Array];
    const label = (row: number) => Number((a[row] as number) > 50) + Number((b[row] as number) > 70);
    return task === "classification"
        ? { columns, target: { task, y: shareLabels(count(rows).map(label)), classes: ["x", "y", "z"] } }
        : { columns, target: { task, y: shareNumbers(count(rows).map((row) => label(row) + (a[row] as number) / 7)) } };
}

/** All row numbers in a dataset. */
export function allRows(dataset: FitDataset): Uint32Array {
    return Uint32Array.from(dataset.target.y.keys());
}

/** The task for a 12-tree forest on all rows, with optional changes. */
export function forestTask(dataset: FitDataset, change: Partial<FitTask> = {}): FitTask {
    return {
        algorithm: "forest",
        growth: UNLIMITED,
        forest: { trees: 12, maxFeatures: 2, seed: 5 },
        rows: allRows(dataset),
        testRows: Uint32Array.of(3, 1, 4),
        keepTrees: true,
        ...change,
    };
}

/** Queues all tasks together and closes the pool when they are done. */
export async function fitAll(dataset: FitDataset, tasks: FitTask[], options: FitPoolOptions): Promise<FitResult[]> {
    const pool = openFitPool(dataset, options);
    try {
        return await Promise.all(tasks.map((task) => pool.fit(task)));
    } finally {
        await pool.close();
    }
}

/** Options for a pool that starts no threads. */
export const IN_THREAD = { file: "none", inThreadMs: Number.POSITIVE_INFINITY };

/** Fits a task in this thread. */
export async function fitOne(dataset: FitDataset, task: FitTask): Promise<FitResult> {
    const [result] = await fitAll(dataset, [task], IN_THREAD);
    return result as FitResult;
}
