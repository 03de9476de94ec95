import { dockerProviders, loadConfig } from "./infra/config";
import { TrainingJob } from "./infra/training-job";

/** The stack config, checked as a whole before any resource is declared. */
const config = loadConfig();

/**
 * Everything on Google Cloud, in the order of its creation: the Google APIs, the bucket with the dataset, the trainer's
 * image in its repository, the VM's identity and grants, a network that blocks incoming traffic, the VM, and the run.
 */
const job = new TrainingJob("trainer", config, { providers: dockerProviders(config.image) });

/** `gs://` URI of the bucket with the dataset and all runs. */
export const bucketUrl = job.bucketUrl;
/** `gs://` URI of the model. */
export const modelUri = job.modelUri;
/**
 * Id of the run. The same dataset, image, parameters and environment produce the same id, so that no new run is needed.
 */
export const runId = job.runId;
/** The model's metrics on rows that it was not trained on. */
export const metrics = job.metrics;
/** Digest of the image that trained the model. */
export const imageDigest = job.imageDigest;
/** The VM's name. */
export const instanceName = job.instanceName;
/** The VM's log in the Google Cloud console. */
export const logsUrl = job.logsUrl;
/** Folder on this machine with the model, its metrics, log and manifest. */
export const resultsDir = job.resultsDir;
/** Resources that are billed until `pulumi destroy`. */
export const leftToBill = job.leftToBill;
