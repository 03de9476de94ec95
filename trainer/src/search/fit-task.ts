import type { FitTask } from "../../lib/tree";
import type { Growth } from "./trials";

/** The task to grow a model so, from these rows. */
export function toFitTask(growth: Growth, seed: number, rows: Uint32Array): Omit<FitTask, "keepTrees"> {
    const { algorithm, maxDepth, minNumSamples, gainThreshold, trees, maxFeatures } = growth;
    const task = { algorithm, growth: { maxDepth, minNumSamples, gainThreshold }, rows };
    return trees === undefined || maxFeatures === undefined ? task : { ...task, forest: { trees, maxFeatures, seed } };
}
