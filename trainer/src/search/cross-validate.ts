import type { Target } from "../../lib/csv/target";
import type { FitPool } from "../../lib/tree";
import { formatNumber } from "../describe";
import { evaluate } from "../evaluate";
import { splitFolds } from "../split";
import { type Growth, toFitTask } from "./trials";

/** What trials are compared by: the share of rows predicted rightly, or the root of the mean squared error. */
export type Measure = "accuracy" | "rmse";

/** How one trial did in a cross-validation. */
export interface TrialScore {
    growth: Growth;
    /** One for each fold. */
    scores: number[];
    mean: number;
    /** Standard deviation of the folds' scores, dividing by their number. */
    std: number;
}

/** A cross-validation of one trial or more. */
export interface CrossValidation {
    folds: number;
    measure: Measure;
    trials: TrialScore[];
    /** The trial with the best mean; of equal ones the first. */
    best: TrialScore;
}

/**
 * Trains and tests each trial on each fold: k-fold cross-validation, the same folds for all trials. The pool decides how
 * many of these fits run at a time.
 * @param rows the rows to deal into folds; what is held back to test the chosen model on is not among them
 * @param print takes a line for each trial, as they end, in their order
 */
export async function crossValidate(
    pool: FitPool,
    target: Target,
    rows: Uint32Array,
    trials: readonly Growth[],
    { folds, seed, print }: { folds: number; seed: number; print: (line: string) => void },
): Promise<CrossValidation> {
    const measure = target.task === "classification" ? "accuracy" : "rmse";
    const splits = splitFolds(rows, target.task === "classification" ? target.y : undefined, folds, seed);
    const started = trials.map((growth) =>
        splits.map(async ({ train, test }) => {
            const { predictions } = await pool.fit({
                ...toFitTask(growth, seed, train),
                testRows: test,
                keepTrees: false,
            });
            const metrics = evaluate(target, test, predictions ?? new Float64Array());
            return metrics.task === "classification" ? metrics.accuracy : metrics.rmse;
        }),
    );
    const scored: TrialScore[] = [];
    for (const [place, fits] of started.entries()) {
        const scores = await Promise.all(fits);
        const mean = scores.reduce((sum, score) => sum + score, 0) / folds;
        const std = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / folds);
        const growth = trials[place] as Growth;
        scored.push({ growth, scores, mean, std });
        print(`  ${measure} ${formatNumber(mean)} ± ${formatNumber(std)}  ${describeGrowth(growth)}`);
    }
    const better = (a: number, b: number) => (measure === "accuracy" ? a > b : a < b);
    return { folds, measure, trials: scored, best: scored.reduce((top, it) => (better(it.mean, top.mean) ? it : top)) };
}

/** `tree, maxDepth 5, minNumSamples 3, gainThreshold 0.01` */
export function describeGrowth({ algorithm, ...limits }: Growth): string {
    return [algorithm, ...Object.entries(limits).map(([name, value]) => `${name} ${value}`)].join(", ");
}
