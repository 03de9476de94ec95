import type { FitPlan } from "../../lib/csv/memory-guard";
import { HyperparameterError } from "../../lib/errors";
import type { Algorithm } from "../../lib/model";
import type { GrowthArguments, Hyperparameters } from "../../lib/settings/arguments";
import { searchedNames } from "../../lib/settings/arguments";
import type { FitTask, ForestOptions, GrowthOptions } from "../../lib/tree";

/** One way to grow a model, with every default filled in. A tree lacks the properties that only a forest uses. */
export interface Growth extends Omit<GrowthOptions, "complexity">, Partial<Omit<ForestOptions, "seed">> {
    algorithm: Algorithm;
    /** For a tree: see GrowthArguments; "chosen" until a cross-validation has chosen it. */
    complexity?: number | "chosen";
}

/** Default number of folds if there are several trials. Five is the usual choice. */
const DEFAULT_FOLDS = 5;

/**
 * Every combination of the values in the grid, the last argument changing fastest, without duplicates: arguments that a
 * tree does not use add no trials.
 * @param classes number of classes; undefined for a regression
 * @param features number of features
 * @throws {HyperparameterError} for `maxFeatures` above the number of features
 */
export function listTrials({ grid }: Hyperparameters, classes: number | undefined, features: number): Growth[] {
    const tooMany = grid.maxFeatures.find((value) => value !== undefined && value > features);
    if (tooMany !== undefined) {
        const text = `must be an integer from 1 to ${features}, the number of features; got "${tooMany}"`;
        throw new HyperparameterError([{ setting: "maxFeatures", text, fix: String(features) }]);
    }
    const combinations = Object.entries(grid).reduce<Record<string, unknown>[]>(
        (found, [name, values]) => found.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
        [{}],
    );
    const trials = combinations.flatMap((it) => listGrowths(it as unknown as GrowthArguments, classes, features));
    return [...new Map(trials.map((trial) => [JSON.stringify(trial), trial])).values()];
}

/**
 * Number of folds in the cross-validation; 0 for none.
 * @param rows number of rows to divide into folds
 * @throws {HyperparameterError} for more folds than rows, because some folds would have no rows to test on
 */
export function countFolds({ cv }: Hyperparameters, trials: readonly Growth[], rows: number): number {
    // Otherwise, only a cross-validation can tell which model to train.
    const isOnly = trials.length === 1 && trials[0]?.complexity !== "chosen";
    const folds = cv ?? (isOnly ? 0 : DEFAULT_FOLDS);
    if (folds > rows) {
        const text = `must be at most ${rows}, the number of training rows; got ${folds}`;
        throw new HyperparameterError([{ setting: "cv", text, fix: `${rows}` }]);
    }
    return folds;
}

/** In a regularised forest, a node with this many rows or fewer is a leaf. */
const FEW_ROWS = 8;

/** Share of the features that each split in a regularised forest chooses from. */
const MANY_FEATURES = 0.6;

/**
 * The growths for one combination of arguments, with every default filled in. For `auto`, these are a tree and forests
 * of three shapes, the simplest first; they differ in arguments that are not given. On real datasets, forests whose
 * splits choose from more columns and whose leaves have more rows are often better than the usual forest and never much
 * worse.
 */
function listGrowths(growth: GrowthArguments, classes: number | undefined, features: number): Growth[] {
    if (growth.algorithm === "tree") {
        return [treeOf(growth)];
    }
    const shape = (maxFeatures: number, minNumSamples: number): Growth => ({
        algorithm: "forest",
        maxDepth: growth.maxDepth,
        minNumSamples: growth.minNumSamples ?? minNumSamples,
        gainThreshold: growth.gainThreshold ?? 0,
        trees: growth.trees,
        maxFeatures: growth.maxFeatures ?? Math.max(maxFeatures, 1),
    });
    // The trees of the usual forest are fully grown, because averaging removes the noise (Breiman, Random Forests,
    // 2001).
    const usual = shape(classes === undefined ? Math.ceil(features / 3) : Math.round(Math.sqrt(features)), 1);
    return growth.algorithm === "forest"
        ? [usual]
        : [treeOf(growth), shape(Math.round(features * MANY_FEATURES), FEW_ROWS), shape(features, FEW_ROWS), usual];
}

/** If a gain threshold is given, it limits the tree instead of pruning, as in ml-cart. */
function treeOf({ maxDepth, minNumSamples = 3, gainThreshold, complexity }: GrowthArguments): Growth {
    const limits = { maxDepth, minNumSamples, gainThreshold: gainThreshold ?? 0 };
    return { algorithm: "tree", ...limits, complexity: complexity ?? (gainThreshold === undefined ? "chosen" : 0) };
}

export function toFitTask(growth: Growth, seed: number, rows: Uint32Array): Omit<FitTask, "keepTrees"> {
    const { algorithm, maxDepth, minNumSamples, gainThreshold, complexity, trees, maxFeatures } = growth;
    const limits = { maxDepth, minNumSamples, gainThreshold };
    return trees === undefined || maxFeatures === undefined
        ? { algorithm, growth: { ...limits, complexity: complexity === "chosen" ? 0 : (complexity ?? 0) }, rows }
        : { algorithm, growth: limits, rows, forest: { trees, maxFeatures, seed } };
}

/** `maxDepth 5, minNumSamples 3`; if there are others, only the limits that differ or that a cross-validation chose. */
export function describeLimits({ algorithm: _, ...limits }: Growth, others: readonly Growth[] = []): string {
    const shown = Object.entries(limits).filter(([name, value]) => {
        const values = others.map((other) => other[name as keyof Growth]).filter((it) => it !== undefined);
        const isNoLimit = name === "gainThreshold" && value === 0;
        return others.length === 0 ? !isNoLimit : new Set(values).size > 1 || values.includes("chosen");
    });
    return shown.map(([name, value]) => `${name} ${value}`).join(", ");
}

/** The fits that the hyperparameters require, to estimate their memory. */
export function planFits({ grid, cv }: Hyperparameters): FitPlan {
    // If no argument is a list, a cross-validation on many rows uses a sample.
    const crossValidation = cv === undefined ? searchedNames(grid).length > 0 : cv > 0;
    const folds = cv ?? (grid.algorithm.includes("forest") && !crossValidation ? 1 : DEFAULT_FOLDS);
    // The columns learned from all rows exist throughout, in addition to those of the folds or of the test.
    const learned = 1 + Math.max(folds, 1);
    return { forest: grid.algorithm.some((algorithm) => algorithm !== "tree"), crossValidation, learned };
}
