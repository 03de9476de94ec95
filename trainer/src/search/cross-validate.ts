import type { NumberList } from "../../lib/columns/number-list";
import type { Target } from "../../lib/csv/target";
import type { FitPool, Predicted } from "../../lib/tree";
import { formatNumber } from "../describe";
import { evaluate } from "../evaluate";
import { splitFolds } from "../split";
import { type Growth, toFitTask } from "./trials";

/** The measure by which trials are compared: the share of rows predicted correctly, or the root mean squared error. */
export type Measure = "accuracy" | "rmse";

/** Result of one trial in a cross-validation. */
export interface TrialScore {
    growth: Growth;
    /** One score for each fold. */
    scores: number[];
    mean: number;
    /** Population standard deviation of the scores. */
    std: number;
}

export interface CrossValidation {
    folds: number;
    measure: Measure;
    trials: TrialScore[];
    /** Returns the trial with the best mean, or the first of several with the same mean. */
    best: TrialScore;
}

export interface CrossValidationOptions {
    folds: number;
    seed: number;
    /** Receives a line for each trial, in order, as the trials end. */
    print: (line: string) => void;
    /** Returns the columns as learned from the rows that a fold trains on. @default those of the pool */
    learn?: (rows: Uint32Array) => readonly NumberList[];
}

/**
 * Trains and tests each trial on each fold: k-fold cross-validation with the same folds for all trials. The pool decides
 * how many of these fits run at the same time.
 * @param rows rows to divide into folds, without those held back to test the chosen model
 */
export async function crossValidate(
    pool: FitPool,
    target: Target,
    rows: Uint32Array,
    trials: readonly Growth[],
    { folds, seed, print, learn }: CrossValidationOptions,
): Promise<CrossValidation> {
    const measure = target.task === "classification" ? "accuracy" : "rmse";
    const splits = splitFolds(rows, target.task === "classification" ? target.y : undefined, folds, seed);
    const columns = splits.map(({ train }) => learn?.(train));
    const started = trials.map((growth) =>
        splits.map(async ({ train, test }, fold) => {
            const { test: predicted } = await pool.fit({
                ...toFitTask(growth, seed, train),
                ...(columns[fold] === undefined ? {} : { columns: columns[fold] }),
                testRows: test,
                keepTrees: false,
            });
            const metrics = evaluate(target, predicted as Predicted);
            return metrics.task === "classification" ? metrics.accuracy : metrics.rmse;
        }),
    );
    const scored: TrialScore[] = [];
    for (const [index, fits] of started.entries()) {
        const scores = await Promise.all(fits);
        const mean = scores.reduce((sum, score) => sum + score, 0) / folds;
        const std = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / folds);
        const growth = trials[index] as Growth;
        scored.push({ growth, scores, mean, std });
        print(
            `  ${measure} ${formatNumber(mean)} ± ${formatNumber(std)}  ${growth.algorithm}, ${describeLimits(growth)}`,
        );
    }
    const better = (a: number, b: number) => (measure === "accuracy" ? a > b : a < b);
    return { folds, measure, trials: scored, best: scored.reduce((top, it) => (better(it.mean, top.mean) ? it : top)) };
}

/** `maxDepth 5, minNumSamples 3, gainThreshold 0.01` */
export function describeLimits({ algorithm: _, ...limits }: Growth): string {
    return Object.entries(limits)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ");
}
