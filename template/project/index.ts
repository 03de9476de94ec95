import { TrainingJob } from "gcp-trainer";
import { dockerProviders, loadConfig } from "gcp-trainer/config";

// Pulumi calls this function, and shows what it returns: npx pulumi stack output
export = async () => {
    const config = await loadConfig();
    const job = new TrainingJob("trainer", config, { providers: dockerProviders(config.image) });
    const { bucketUrl, leftToBill, logsUrl, metrics, modelUri, resultsDir, runId } = job;
    return { bucketUrl, leftToBill, logsUrl, metrics, modelUri, resultsDir, runId };
};
