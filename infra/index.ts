// What the package `gcp-trainer` is to other Pulumi programs.
export type { Hyperparameter, Provisioning } from "./defaults";
export { TrainingJob } from "./training-job";
export type { TrainingJobArgs } from "./training-job-args";
