// The exports of the package `gcp-trainer`.
export { TrainingJob } from "./training-job";
export type { Hyperparameter, Provisioning, TrainingJobArgs } from "./training-job-args";
