import type { NumberList } from "../../lib/columns/number-list";
import type { Target } from "../../lib/csv/target";
import type { FitPool, FitTask, Predicted } from "../../lib/tree";
import { formatNumber } from "../describe";
import { accuracyOf, actualOf } from "../evaluate";
import { type Split, splitFolds } from "../split";
import { chooseSimplest, lossesOf, type Measure, meanOf } from "./losses";
import { describeLimits, type Growth, toFitTask } from "./trials";

/** Result for one trial in a cross-validation. */
export interface TrialScore {
    /** The growth that was tried; for a tree, it includes the complexity that was chosen. */
    growth: Growth;
    /** One score for each fold. */
    scores: number[];
    mean: number;
    /** Population standard deviation of the scores. */
    std: number;
    /** Mean accuracy, if the scores measure something else. */
    accuracy?: number;
}

export interface CrossValidation {
    folds: number;
    /** Number of rows in all folds together. */
    rows: number;
    measure: Measure;
    trials: TrialScore[];
    /** The chosen trial. */
    best: TrialScore;
    /** The trial with the best mean, or the first of several with the same mean. */
    top: TrialScore;
}

export interface CrossValidationOptions {
    folds: number;
    seed: number;
    /**
     * True to compare squared errors, and to choose the first trial that is almost as good as the best; false to choose
     * the trial with the highest accuracy or the lowest error.
     */
    simplest: boolean;
    /** Number of rows that the final model is trained on, divided by the number that a fold trains on. */
    growthOfRows: number;
    /** Receives a line for each trial, in order, as the trials end. */
    print(line: string): void;
    /** Returns the columns as learned from the rows that a fold trains on. @default the pool's columns */
    learn?: ((rows: Uint32Array) => readonly NumberList[]) | undefined;
}

/** Maximum number of trees for comparing kinds of models. More trees improve all forests alike. */
const COMPARED_TREES = 32;

/** The complexities to choose from, the largest first. Three steps amount to a factor of about 2.4. */
const COMPLEXITIES = [...Array.from({ length: 40 }, (_, index) => 0.3 * 0.75 ** index), 0];

/**
 * Trains and tests each trial on each fold: k-fold cross-validation with the same folds for all trials. The pool
 * decides how many of these fits run at the same time. A tree whose complexity is not given is pruned with the one that
 * is best in the same folds.
 * @param rows rows to divide into folds, without those held back to test the chosen model
 */
export async function crossValidate(
    pool: FitPool,
    target: Target,
    rows: Uint32Array,
    trials: readonly Growth[],
    options: CrossValidationOptions,
): Promise<CrossValidation> {
    const { folds, seed, simplest, growthOfRows, print } = options;
    const measure = target.task === "regression" ? "rmse" : simplest ? "brierScore" : "accuracy";
    const splits = splitFolds(rows, target.task === "classification" ? target.y : undefined, folds, seed);
    const folded = splits.map((split) => ({ ...split, columns: options.learn?.(split.train) }));
    const fitFold = (
        growth: Growth,
        { train, test, columns }: (typeof folded)[number],
        more: Partial<FitTask> = {},
    ) => {
        const task = { ...toFitTask(growth, seed, train), testRows: test, keepTrees: false, ...more };
        return pool.fit(columns === undefined ? task : { ...task, columns });
    };
    const run = async (trial: Growth) => {
        const growth = trial.complexity === "chosen" ? { ...trial, complexity: await choose(trial) } : trial;
        const { trees } = growth;
        const isLarge = simplest && trees !== undefined && trees > COMPARED_TREES;
        const compared = isLarge ? { ...growth, trees: COMPARED_TREES } : growth;
        const fits = await Promise.all(folded.map((split) => fitFold(compared, split)));
        const tested = fits.map(({ test }) => test as Predicted);
        const losses = tested.map((predicted) => lossesOf(target, predicted));
        const accuracies = tested.map(({ rows, predictions }) => accuracyOf(actualOf(target, rows), predictions));
        const means = losses.map(meanOf);
        const scores = measure === "accuracy" ? accuracies : measure === "rmse" ? means.map(Math.sqrt) : means;
        return { growth, scores, losses: losses.flatMap((ofFold) => [...ofFold]), accuracies };
    };
    const choose = async (trial: Growth): Promise<number> => {
        const fits = await Promise.all(folded.map((split) => fitFold(trial, split, { complexities: COMPLEXITIES })));
        const ofComplexities = COMPLEXITIES.map((_, index) =>
            fits.map(({ losses }, fold) => (losses?.[index] as number) / (splits[fold] as Split).test.length),
        );
        return COMPLEXITIES[chooseSimplest(ofComplexities)] as number;
    };
    const started = trials.map(run);
    const scored: TrialScore[] = [];
    const losses: number[][] = [];
    for (const [index, trial] of started.entries()) {
        const { growth, scores, losses: ofTrial, accuracies } = await trial;
        const mean = scores.reduce((sum, score) => sum + score, 0) / folds;
        const std = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / folds);
        const isChosen = trials[index]?.complexity === "chosen";
        const final = isChosen ? { ...growth, complexity: scale(growth.complexity as number, growthOfRows) } : growth;
        const accuracy = measure === "brierScore" ? { accuracy: meanOf(accuracies) } : {};
        scored.push({ growth: final, scores, mean, std, ...accuracy });
        losses.push(ofTrial);
        const described = [final.algorithm, describeLimits(final, trials)].filter(Boolean).join(", ");
        print(`  ${measure} ${formatNumber(mean)} ± ${formatNumber(std)}  ${described}`);
    }
    const better = (a: number, b: number) => (measure === "accuracy" ? a > b : a < b);
    const top = scored.reduce((first, it) => (better(it.mean, first.mean) ? it : first));
    const best = simplest ? (scored[chooseSimplest(losses)] as TrialScore) : top;
    return { folds, rows: rows.length, measure, trials: scored, best, top };
}

/**
 * With more rows, noise looks like a gain less often: a useless split's gain is inversely proportional to the number of
 * rows.
 */
function scale(complexity: number, growthOfRows: number): number {
    return Number((complexity / growthOfRows).toPrecision(2));
}
