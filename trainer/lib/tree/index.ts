export { countLeaves, type FlatTree, toCartModel } from "./flat-tree";
export {
    estimateTreeMs,
    type FitDataset,
    type FitPool,
    type FitPoolOptions,
    type FitProgress,
    type FitResult,
    openFitPool,
} from "./pool";
export type { Predicted } from "./scores";
export { serveFits } from "./threads";
export type { FitTarget, FitTask, ForestOptions, GrowthOptions, Probe } from "./types";
