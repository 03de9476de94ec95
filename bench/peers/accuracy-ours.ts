// Scores this trainer on the datasets in datasets.py. Usage: `node accuracy-ours.cjs FOLDER ORDER`; see AccuracyOrder
// in bench/sections/accuracy.ts. The output has the same format as that of accuracy.py.
import { readFileSync } from "node:fs";
import path from "node:path";
import { isMainThread } from "node:worker_threads";
import { allRows } from "../../trainer/lib/columns/shared-memory";
import { type FitPool, openFitPool, serveFits } from "../../trainer/lib/tree";
import { meanOf } from "../results/numbers";
import type { AccuracyOrder, Contest, DataSet, Scores } from "../sections/accuracy";
import { classTarget, readTable } from "./table";

if (isMainThread) {
    void main();
} else {
    serveFits();
}

async function main(): Promise<void> {
    const [folder = "", order = ""] = process.argv.slice(2);
    const { contests, maxFeatures } = JSON.parse(order) as AccuracyOrder;
    const sets = JSON.parse(readFileSync(path.join(folder, "sets.json"), "utf8")) as DataSet[];
    const scores: Scores = {};
    for (const set of sets) {
        const { columns, y } = readTable(path.join(folder, `${set.name}.bin`), set.rows);
        const folds = readFileSync(path.join(folder, `${set.name}.folds`));
        const target = set.task === "classification" ? classTarget(y) : { task: "regression" as const, y };
        // Use a single thread, because the other contender runs at the same time and nothing is timed here.
        const pool = openFitPool({ columns, target }, { threads: 1, file: __filename });
        const ofSet: Record<string, number[]> = {};
        for (const contest of contests) {
            const means: number[] = [];
            for (let repeat = 0; repeat < Math.min(set.repeats, contest.repeats); repeat++) {
                const foldOf = folds.subarray(repeat * set.rows, (repeat + 1) * set.rows);
                const found: number[] = [];
                for (let fold = 0; fold < set.folds; fold++) {
                    const predictions = await predict(pool, contest, maxFeatures[set.name] ?? 1, repeat, {
                        rows: allRows(set.rows).filter((row) => foldOf[row] !== fold),
                        testRows: allRows(set.rows).filter((row) => foldOf[row] === fold),
                    });
                    found.push(predictions.score(y, set.task));
                }
                means.push(meanOf(found));
            }
            ofSet[contest.name] = means;
        }
        await pool.close();
        scores[set.name] = ofSet;
    }
    console.log(JSON.stringify(scores));
}

async function predict(
    pool: FitPool,
    contest: Contest,
    maxFeatures: number,
    seed: number,
    { rows, testRows }: { rows: Uint32Array; testRows: Uint32Array },
) {
    const { algorithm, maxDepth, minNumSamples, gainThreshold, trees } = contest;
    const result = await pool.fit({
        algorithm,
        growth: { maxDepth: maxDepth ?? 64, minNumSamples, gainThreshold },
        ...(algorithm === "forest" ? { forest: { trees, maxFeatures, seed } } : {}),
        rows,
        testRows,
        keepTrees: false,
    });
    const predictions = result.test?.predictions ?? new Float64Array();
    return {
        /** Returns the accuracy, or R² for regression. */
        score: (y: Float64Array, task: DataSet["task"]): number => {
            const actual = Array.from(testRows, (row) => y[row] ?? Number.NaN);
            if (task === "classification") {
                return meanOf(actual.map((value, index) => (value === predictions[index] ? 1 : 0)));
            }
            const mean = meanOf(actual);
            const left = meanOf(actual.map((value, index) => (value - (predictions[index] ?? Number.NaN)) ** 2));
            return 1 - left / meanOf(actual.map((value) => (value - mean) ** 2));
        },
    };
}
