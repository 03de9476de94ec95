import type { FitPlan } from "../../lib/csv/memory-guard";
import type { Algorithm } from "../../lib/model";
import type { FitTask } from "../../lib/tree";
import type { GrowthArguments, Hyperparameters } from "../arguments";
import { searchedNames } from "../arguments";
import { HyperparameterError } from "../errors";

/** One way to grow a model, with every default filled in. A tree lacks the properties that only a forest uses. */
export interface Growth {
    algorithm: Algorithm;
    maxDepth: number;
    minNumSamples: number;
    gainThreshold: number;
    trees?: number;
    maxFeatures?: number;
}

/** More trials than this are assumed to be a mistake, because running them would take days. */
const MAX_TRIALS = 1000;

/** Default number of folds if there are several trials; the usual choice. */
const DEFAULT_FOLDS = 5;

/**
 * Every combination of the values in the grid, the last argument changing fastest, without duplicates: arguments that a
 * tree does not use add no trials.
 * @param classes number of classes; undefined for a regression
 * @param features number of features
 * @throws {HyperparameterError} for more than 1000 trials, or for `maxFeatures` above the number of features
 */
export function listTrials({ grid }: Hyperparameters, classes: number | undefined, features: number): Growth[] {
    const tooMany = grid.maxFeatures.find((value) => value !== undefined && value > features);
    if (tooMany !== undefined) {
        const allowed = `an integer from 1 to ${features}, the number of features`;
        throw new HyperparameterError([
            `\`maxFeatures\` must be ${allowed}; got "${tooMany}" (--maxFeatures=${features})`,
        ]);
    }
    const size = Object.values(grid).reduce((product, values) => product * values.length, 1);
    if (size > MAX_TRIALS) {
        const lists = searchedNames(grid).map((name) => `\`${name}\` ${grid[name].length}`);
        throw new HyperparameterError([
            `The lists must make at most ${MAX_TRIALS} trials; got ${size} (${lists.join(" x ")}): shorten one`,
        ]);
    }
    const combinations = Object.entries(grid).reduce<Record<string, unknown>[]>(
        (found, [name, values]) => found.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
        [{}],
    );
    const trials = combinations.map((it) => fillIn(it as unknown as GrowthArguments, classes, features));
    return [...new Map(trials.map((trial) => [JSON.stringify(trial), trial])).values()];
}

/**
 * Number of folds of the cross-validation; 0 for none.
 * @param rows number of rows to divide into folds
 * @throws {HyperparameterError} for more folds than rows, because some folds would have no rows to test on
 */
export function countFolds({ cv }: Hyperparameters, trials: number, rows: number): number {
    const folds = cv ?? (trials > 1 ? DEFAULT_FOLDS : 0);
    if (folds > rows) {
        throw new HyperparameterError([
            `\`cv\` must be at most ${rows}, the number of training rows; got ${folds} (--cv=${rows})`,
        ]);
    }
    return folds;
}

/**
 * Default threshold of a tree. A split between k classes of equal size gains at most 1/k, so a fixed limit would prevent
 * the first split of a tree with many classes.
 */
function usualThreshold(classes: number | undefined): number {
    return classes === undefined ? 0 : Math.min(0.01, 0.1 / classes);
}

/**
 * Fills in the defaults. A single tree stops early, as in ml-cart, so that it does not learn the noise. The trees of a
 * forest are fully grown, because their mean removes the noise (Breiman, Random Forests, 2001).
 */
function fillIn(growth: GrowthArguments, classes: number | undefined, features: number): Growth {
    const { algorithm, maxDepth } = growth;
    if (algorithm === "tree") {
        const minNumSamples = growth.minNumSamples ?? 3;
        const gainThreshold = growth.gainThreshold ?? usualThreshold(classes);
        return { algorithm, maxDepth, minNumSamples, gainThreshold };
    }
    const usual = classes === undefined ? Math.ceil(features / 3) : Math.round(Math.sqrt(features));
    return {
        algorithm,
        maxDepth,
        minNumSamples: growth.minNumSamples ?? 1,
        gainThreshold: growth.gainThreshold ?? 0,
        trees: growth.trees,
        maxFeatures: growth.maxFeatures ?? Math.max(usual, 1),
    };
}

/** The fit task for this growth on these rows. */
export function toFitTask(growth: Growth, seed: number, rows: Uint32Array): Omit<FitTask, "keepTrees"> {
    const { algorithm, maxDepth, minNumSamples, gainThreshold, trees, maxFeatures } = growth;
    const task = { algorithm, growth: { maxDepth, minNumSamples, gainThreshold }, rows };
    return trees === undefined || maxFeatures === undefined ? task : { ...task, forest: { trees, maxFeatures, seed } };
}

/** The fits that the hyperparameters require, to estimate their memory. */
export function planFits({ grid, cv }: Hyperparameters): FitPlan {
    const crossValidation = cv === undefined ? searchedNames(grid).length > 0 : cv > 0;
    return { forest: grid.algorithm.includes("forest"), crossValidation };
}
