/** Module of the dynamic resources, whose types are displayed as `gcp-trainer:TrainingRun`, for example. */
export const resourceModule = "gcp-trainer";

/** Type token of `TrainingRun` in Pulumi's state. */
export const trainingRunType = `pulumi-nodejs:dynamic/${resourceModule}:TrainingRun`;

/** Type token of `SavedResults` in Pulumi's state. */
export const savedResultsType = `pulumi-nodejs:dynamic/${resourceModule}:SavedResults`;

/** Type token of `Cleanup` in Pulumi's state. */
export const cleanupType = `pulumi-nodejs:dynamic/${resourceModule}:Cleanup`;

/** Type token of `ReadyApis` in Pulumi's state. */
export const readyApisType = `pulumi-nodejs:dynamic/${resourceModule}:ReadyApis`;
