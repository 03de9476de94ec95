import type { NumberList } from "../../lib/columns/number-list";
import type { Target } from "../../lib/csv/target";
import type { Trial } from "../../lib/report/input";
import { type Hyperparameters, searchedNames } from "../../lib/settings/arguments";
import { estimateTreeMs, type FitPool, type FitTask, type Predicted } from "../../lib/tree";
import { count, formatNumber } from "../describe";
import { accuracyOf, actualOf } from "../evaluate";
import { type Split, splitFolds, splitRows } from "../split";
import { countFolds, describeLimits, type Growth, toFitTask } from "./trials";

/** Result for one trial in a cross-validation. */
export interface TrialScore extends Omit<Trial, "hyperparameters" | "best"> {
    /** The growth that was tried; for a tree, it includes the complexity that was chosen. */
    growth: Growth;
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
    /** Receives a line for each trial, in order, as the trials finish. */
    print(line: string): void;
    /** Returns the columns as learned from the rows that a fold trains on. @default the pool's columns */
    learn?: ((rows: Uint32Array) => readonly NumberList[]) | undefined;
}

/** Maximum number of trees per forest for comparing kinds of models. More trees would improve all forests alike. */
const COMPARED_TREES = 32;

/** The complexities to choose from, the largest first. Three steps amount to a factor of about 2.4. */
const COMPLEXITIES = [...Array.from({ length: 40 }, (_, index) => 0.3 * 0.75 ** index), 0];

/**
 * Trains and tests each trial on each fold: k-fold cross-validation with the same folds for all trials. The pool
 * decides how many of these fits run at the same time. If the complexity of a tree is not given, the tree is pruned
 * with the one that is best in the same folds.
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
        const mean = meanOf(scores);
        const std = Math.sqrt(meanOf(scores.map((score) => (score - mean) ** 2)));
        const isChosen = trials[index]?.complexity === "chosen";
        const final = isChosen ? { ...growth, complexity: scale(growth.complexity as number, growthOfRows) } : growth;
        const accuracy = measure === "brierScore" ? { accuracy: meanOf(accuracies) } : {};
        scored.push({ growth: final, mean, std, scores, ...accuracy });
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

/**
 * The measure by which trials are compared: the share of rows predicted correctly, the root mean squared error, or the
 * mean squared error of the probabilities.
 */
type Measure = "accuracy" | "rmse" | "brierScore";

/** Squared error for each row: of the number, or of the probabilities as in `brierScore`. */
export function lossesOf(target: Target, { rows, values }: Predicted): Float64Array {
    const actual = actualOf(target, rows);
    if (target.task === "regression") {
        return actual.map((number, index) => (number - (values[index] as number)) ** 2);
    }
    const classes = target.classes.length;
    return actual.map((label, index) => {
        let loss = 0;
        for (let other = 0; other < classes; other++) {
            loss += ((values[index * classes + other] as number) - (other === label ? 1 : 0)) ** 2;
        }
        return classes === 2 ? loss / 2 : loss;
    });
}

export function meanOf(values: ArrayLike<number>): number {
    let sum = 0;
    for (let index = 0; index < values.length; index++) {
        sum += values[index] as number;
    }
    return sum / values.length;
}

/**
 * The simpler of two models is preferred if its mean loss is larger by at most this many standard errors of the
 * difference. On real datasets, a whole standard error costs small tables too much accuracy.
 */
const TOLERANCE = 0.75;

/**
 * Returns the index of the first list of losses whose mean is within the tolerance of the lowest mean.
 * @param lists losses of the same rows or folds, those of the simplest model first
 */
export function chooseSimplest(lists: readonly ArrayLike<number>[]): number {
    const means = lists.map(meanOf);
    const best = lists[means.indexOf(Math.min(...means))] as ArrayLike<number>;
    return lists.findIndex((losses) => {
        const differences = Float64Array.from(losses, (loss, index) => loss - (best[index] as number));
        const mean = meanOf(differences);
        const variance = meanOf(differences.map((difference) => (difference - mean) ** 2));
        const standardError = Math.sqrt(variance / Math.max(1, losses.length - 1));
        return mean <= TOLERANCE * standardError;
    });
}

/** The parts of a training run that are needed to choose a model. */
interface Request {
    pool: FitPool;
    target: Target;
    hyperparameters: Hyperparameters;
    trials: readonly Growth[];
    /** Training rows, without those held back to test the chosen model. */
    rows: Uint32Array;
    /** Number of columns that the trees compare. */
    columns: number;
    /** See CrossValidationOptions. */
    learn?: CrossValidationOptions["learn"];
    print(...lines: string[]): void;
}

export interface Choice {
    growth: Growth;
    crossValidation: CrossValidation | undefined;
    /** The reason for the choice, as a sentence; undefined if there was nothing to choose. */
    reason: string | undefined;
}

/**
 * If no argument is a list, models are compared on a sample with about this many values, within these limits on rows. A
 * larger sample would take longer, and would rarely change the choice.
 */
const SAMPLE = { values: 600_000, leastRows: 2000, mostRows: 10_000 };

/** Chooses among trials by cross-validation if necessary, and logs the expected time, the scores and the reason. */
export async function chooseGrowth(request: Request): Promise<Choice> {
    const { pool, target, hyperparameters, trials, rows, columns, learn, print } = request;
    const { grid, seed } = hyperparameters;
    const folds = countFolds(hyperparameters, trials, rows.length);
    const hasLists = searchedNames(grid).length > 0;
    const most = Math.min(Math.max(Math.floor(SAMPLE.values / columns), SAMPLE.leastRows), SAMPLE.mostRows);
    const labels = target.task === "classification" ? target.y : undefined;
    const compared = hasLists || rows.length <= most ? rows : splitRows(rows, labels, most / rows.length, seed).test;
    const [first] = trials as [Growth];
    if (folds === 0) {
        return { growth: first, crossValidation: undefined, reason: undefined };
    }
    const part =
        compared.length < rows.length
            ? `${compared.length.toLocaleString("en-US")} of the ${rows.length.toLocaleString("en-US")}`
            : "the";
    print(
        `Time: about ${estimateTime(request, folds, compared)} on ${count(pool.threads, "thread")}`,
        `Cross-validating ${listKinds(trials)} on ${part} training rows, ${folds} folds:`,
    );
    const simplest = grid.algorithm.includes("auto");
    const growthOfRows = (rows.length / compared.length) * (folds / (folds - 1));
    const options = { folds, seed, simplest, growthOfRows, print, learn };
    const crossValidation = await crossValidate(pool, target, compared, trials, options);
    const { growth } = crossValidation.best;
    const reason = trials.length > 1 ? explain(crossValidation, simplest) : undefined;
    // Two lines, because one would be too long for a terminal.
    print(...(reason === undefined ? [] : reason.replace(/ (?=is within|and no simpler)/, "\n  ").split("\n")));
    return { growth, crossValidation, reason };
}

/** `a tree and 3 forests` */
function listKinds(trials: readonly Growth[]): string {
    const forests = trials.filter(({ algorithm }) => algorithm === "forest").length;
    const kinds = [count(trials.length - forests, "tree"), count(forests, "forest")];
    return kinds.filter((kind) => !kind.startsWith("0")).join(" and ");
}

function explain({ best, top, measure }: CrossValidation, simplest: boolean): string {
    // The log lists the limits of the trials before this line, and those of the model after it.
    const name = (growth: Growth) => (growth.algorithm === "tree" ? "the tree" : "the forest");
    const names = { accuracy: "accuracy", rmse: "root mean squared error", brierScore: "Brier score" };
    if (!simplest) {
        return `Chose ${name(best.growth)}: it has the best ${names[measure]}`;
    }
    const within = `within ${TOLERANCE} standard errors of`;
    return best === top
        ? `Chose ${name(best.growth)}: it has the best ${names[measure]}, and no simpler model is ${within} it`
        : `Chose ${name(best.growth)}: it is the simplest model whose ${names[measure]} ` +
              `is ${within} the best, ${formatNumber(top.mean)} for a ${top.growth.algorithm}`;
}

/** A rough estimate for the cross-validation, the test and the final fit. */
function estimateTime(
    { pool, target, hyperparameters, trials, rows, columns }: Request,
    folds: number,
    compared: Uint32Array,
): string {
    const tableRows = target.y.length;
    const costs = trials.map((growth) => {
        const task = toFitTask(growth, hyperparameters.seed, compared);
        const trees = growth.trees ?? 2;
        const ofTree = (fitted: Uint32Array) => estimateTreeMs({ ...task, rows: fitted }, columns, tableRows);
        return { choice: folds * trees * ofTree(compared), fits: 2 * (growth.trees ?? 1) * ofTree(rows) };
    });
    const total = costs.reduce((sum, { choice }) => sum + choice, 0) + Math.max(...costs.map(({ fits }) => fits));
    const seconds = Math.ceil(total / 1000 / pool.threads);
    return seconds < 100 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
