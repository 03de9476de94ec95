/**
 * Module of the two dynamic resources, whose types are displayed as `gcp-trainer:TrainingRun` and
 * `gcp-trainer:SavedResults`.
 */
export const resourceModule = "gcp-trainer";

/** Type token of `TrainingRun` in Pulumi's state. */
export const trainingRunType = `pulumi-nodejs:dynamic/${resourceModule}:TrainingRun`;

/** Type token of `SavedResults` in Pulumi's state. */
export const savedResultsType = `pulumi-nodejs:dynamic/${resourceModule}:SavedResults`;
