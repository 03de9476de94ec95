import { checkCloud, dockerProviders, loadConfig } from "./infra/config";
import { TrainingJob } from "./infra/training-job";

/**
 * Pulumi calls this function and exports what it returns as the stack's outputs, which `TrainingJob` describes. It is a
 * function because it waits for checks before any resource is declared.
 */
export = async () => {
    /** The stack config and the dataset, checked as a whole. */
    const config = await loadConfig();
    /** The price of a run. This also checks the machine type, the zone and the quotas. */
    const { cost, price } = await checkCloud(config);

    /**
     * Everything on Google Cloud, in order of creation: the Google APIs, the bucket with the dataset, the trainer's
     * image in its repository, the VM's identity and grants, a network that blocks incoming traffic, the VM, and the
     * run.
     */
    const job = new TrainingJob("trainer", { ...config, price }, { providers: dockerProviders(config.image) });

    const { bucketUrl, modelUri, runId, metrics, imageDigest, instanceName, logsUrl, resultsDir, leftToBill } = job;
    const outputs = { bucketUrl, modelUri, runId, metrics, imageDigest, instanceName, logsUrl, resultsDir, leftToBill };
    const runCost = job.runCost.apply((cost) => cost ?? null);
    return { ...outputs, ...(config.points.length > 0 ? { sweep: job.sweep } : {}), cost, runCost };
};
