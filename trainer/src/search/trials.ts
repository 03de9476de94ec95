import type { FitPlan } from "../../lib/csv/memory-guard";
import type { Algorithm } from "../../lib/model";
import type { FitTask } from "../../lib/tree";
import type { GrowthArguments, Hyperparameters } from "../arguments";
import { searchedNames } from "../arguments";
import { HyperparameterError } from "../errors";

/** One way to grow a model, with every default filled in. What only a forest has is not there for a tree. */
export interface Growth {
    algorithm: Algorithm;
    maxDepth: number;
    minNumSamples: number;
    gainThreshold: number;
    trees?: number;
    maxFeatures?: number;
}

/** More trials than this are a mistake: a search over them would take days. */
const MAX_TRIALS = 1000;

/** Folds when there is something to choose from and `cv` is not given: what the field uses. */
const DEFAULT_FOLDS = 5;

/**
 * Every combination of the values in the grid, the last argument changing fastest, each once: what a tree has no use for
 * makes no further trial.
 * @param classes number of classes; undefined for a regression
 * @param features number of columns to learn from
 * @throws {HyperparameterError} for more than 1000 trials, or columns that are not there
 */
export function listTrials({ grid }: Hyperparameters, classes: number | undefined, features: number): Growth[] {
    const tooMany = grid.maxFeatures.find((value) => value !== undefined && value > features);
    if (tooMany !== undefined) {
        const allowed = `an integer from 1 to ${features}, the number of columns to learn from`;
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
        (made, [name, values]) => made.flatMap((so) => values.map((value) => ({ ...so, [name]: value }))),
        [{}],
    );
    const trials = combinations.map((it) => fillIn(it as unknown as GrowthArguments, classes, features));
    return [...new Map(trials.map((trial) => [JSON.stringify(trial), trial])).values()];
}

/**
 * Folds of the cross-validation; 0: none.
 * @param rows number of rows to deal into folds
 * @throws {HyperparameterError} for more folds than rows: some would have nothing to be measured on
 */
export function countFolds({ cv }: Hyperparameters, trials: number, rows: number): number {
    const folds = cv ?? (trials > 1 ? DEFAULT_FOLDS : 0);
    if (folds > rows) {
        throw new HyperparameterError([
            `\`cv\` must be at most ${rows}, the number of rows to train; got ${folds} (--cv=${rows})`,
        ]);
    }
    return folds;
}

/**
 * A tree's default for classes. A split between k classes of equal size gains 1/k at most, so one limit for all would keep
 * a tree of many classes from its first decision.
 */
function usualThreshold(classes: number | undefined): number {
    return classes === undefined ? 0 : Math.min(0.01, 0.1 / classes);
}

/**
 * A lone tree stops early by default, as ml-cart does, so that it does not learn the noise; the trees of a forest are grown
 * to the end, for their mean takes the noise out (Breiman, Random Forests, 2001).
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

/** The task to grow a model so, from these rows. */
export function toFitTask(growth: Growth, seed: number, rows: Uint32Array): Omit<FitTask, "keepTrees"> {
    const { algorithm, maxDepth, minNumSamples, gainThreshold, trees, maxFeatures } = growth;
    const task = { algorithm, growth: { maxDepth, minNumSamples, gainThreshold }, rows };
    return trees === undefined || maxFeatures === undefined ? task : { ...task, forest: { trees, maxFeatures, seed } };
}

/** The fits that these hyperparameters ask for, as far as their memory goes. */
export function planFits({ grid, cv }: Hyperparameters): FitPlan {
    const crossValidation = cv === undefined ? searchedNames(grid).length > 0 : cv > 0;
    return { forest: grid.algorithm.includes("forest"), crossValidation };
}
