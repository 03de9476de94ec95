/** Module for the dynamic resources, whose types are displayed as `gcp-trainer:TrainingRun`, for example. */
export const resourceModule = "gcp-trainer";

/** Type token for `TrainingRun` in Pulumi's state. */
export const trainingRunType = `pulumi-nodejs:dynamic/${resourceModule}:TrainingRun`;

/** Type token for `SavedResults` in Pulumi's state. */
export const savedResultsType = `pulumi-nodejs:dynamic/${resourceModule}:SavedResults`;

/** Type token for `Cleanup` in Pulumi's state. */
export const cleanupType = `pulumi-nodejs:dynamic/${resourceModule}:Cleanup`;

/** Type token for `ReadyApis` in Pulumi's state. */
export const readyApisType = `pulumi-nodejs:dynamic/${resourceModule}:ReadyApis`;

/** Type token for `BatchRunJob` in Pulumi's state. */
export const batchJobType = `pulumi-nodejs:dynamic/${resourceModule}:BatchJob`;
