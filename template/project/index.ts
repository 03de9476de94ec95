import { TrainingJob } from "gcp-trainer";
import { checkCloud, dockerProviders, loadConfig } from "gcp-trainer/config";
// Pulumi calls this function; `npx pulumi stack output` shows what it returns.
export = async () => {
    const config = await loadConfig();
    const { cost, price } = await checkCloud(config);
    const job = new TrainingJob("trainer", { ...config, price }, { providers: dockerProviders(config.image) });
    const { bucketUrl, leftToBill, logsUrl, metrics, modelUri, resultsDir, runId } = job;
    return { bucketUrl, cost, leftToBill, logsUrl, metrics, modelUri, resultsDir, runId };
};
