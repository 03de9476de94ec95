import { TrainingJob } from "gcp-trainer";
import { dockerProviders, loadConfig } from "gcp-trainer/config";

// The dataset, the trainer's image, a VM that trains and powers itself off, and the run whose results are downloaded.
const job = new TrainingJob("trainer", loadConfig(), { providers: dockerProviders() });

// The stack's outputs: npx pulumi stack output
export const { bucketUrl, leftToBill, logsUrl, metrics, modelUri, resultsDir, runId } = job;
