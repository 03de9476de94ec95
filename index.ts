import { loadConfig } from "./infra/config";
import { TrainingJob } from "./infra/training-job";

/** The stack config, checked as a whole before anything is declared. */
const config = loadConfig();

/**
 * Everything on Google Cloud, in the order in which it is made:
 * the Google APIs, the bucket with the dataset, the trainer's image in its repository, the VM's identity and its grants, a network
 * that lets nothing in, the VM, and the run that is waited for.
 */
const job = new TrainingJob("trainer", config);

/** `gs://` URI of the bucket with the dataset and all runs. */
export const bucketUrl = job.bucketUrl;
/** `gs://` URI of the model. */
export const modelUri = job.modelUri;
/** The same dataset, image, parameters and environment give the same run: then there is nothing to do. */
export const runId = job.runId;
/** How good the model is on rows it was not trained on. */
export const metrics = job.metrics;
/** Digest of the image that trained it. */
export const imageDigest = job.imageDigest;
/** The VM. */
export const instanceName = job.instanceName;
/** The VM's log in the Google Cloud console. */
export const logsUrl = job.logsUrl;
/** Where the model, its metrics, log and manifest are on this machine. */
export const resultsDir = job.resultsDir;
/** Resources that are billed until `pulumi destroy`. */
export const leftToBill = job.leftToBill;
