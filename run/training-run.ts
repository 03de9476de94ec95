import type * as pulumi from "@pulumi/pulumi";
import { CachedResource } from "./cached-resource";
import type { RunCost, RunPrice } from "./cost/run-cost";
import type { DatasetObject } from "./dataset-objects";
import { type BatchRun, trainingRunProvider } from "./training-run-provider";

/** A run's provenance. `TrainingRun` copies it to the manifest but does not use it otherwise. */
export interface ProvenanceArgs {
    /** `gs://` URI of the dataset. */
    datasetUri: pulumi.Input<string>;
    /** The dataset's MD5 in base64, if its object has one. */
    datasetMd5?: pulumi.Input<string>;
    /** The dataset's CRC32C in base64. */
    datasetCrc32c?: pulumi.Input<string>;
    datasetGeneration: pulumi.Input<string>;
    /** The objects of a dataset that is a folder or a pattern in a bucket. */
    datasetObjects?: pulumi.Input<DatasetObject[]>;
    /** `sha256:...` of the trainer's image. */
    imageDigest: pulumi.Input<string>;
    hyperparameters: pulumi.Input<Record<string, unknown>>;
    target: pulumi.Input<string>;
    dropColumns: pulumi.Input<pulumi.Input<string>[]>;
    /** Names of the extra environment variables; the manifest does not contain their values. */
    env: pulumi.Input<pulumi.Input<string>[]>;
    machineType: pulumi.Input<string>;
    /** `standard` or `spot`. */
    provisioning: pulumi.Input<string>;
    /** A name for the run, or `""`. */
    runName?: pulumi.Input<string>;
}

export interface TrainingRunArgs {
    /** Name of the bucket that holds `runs/<runId>/`. */
    bucket: pulumi.Input<string>;
    runId: pulumi.Input<string>;
    /** Name of the stack: results go to `<resultsDir>/<stack>/<runId>/`. */
    stack: pulumi.Input<string>;
    /** Results folder, relative to the project folder. */
    resultsDir: pulumi.Input<string>;
    /** True to save the trainer's checkpoints as well. */
    saveCheckpoints?: pulumi.Input<boolean>;
    project: pulumi.Input<string>;
    zone: pulumi.Input<string>;
    /** The name of the run's VM. */
    instance: pulumi.Input<string>;
    /** If false, the update ends once the VM has claimed the run, and a later one collects the results. */
    wait: pulumi.Input<boolean>;
    /** Number of attempts after which an interrupted run counts as failed. */
    maxAttempts: pulumi.Input<number>;
    /** Number of minutes that the VM stays up after a failure; 0 if it does not. */
    debugMinutes: pulumi.Input<number>;
    externalIp: pulumi.Input<boolean>;
    /**
     * True for a subnetwork that does not belong to the stack, in which case its owner has to enable Private Google
     * Access.
     */
    privateSubnetwork: pulumi.Input<boolean>;
    provenance: pulumi.Input<ProvenanceArgs>;
    /** `standard` if a run on spot VMs uses a standard VM for its last attempt. */
    spotFallback?: pulumi.Input<string | undefined>;
    /** The machine's price, for the manifest; undefined if it is unknown. */
    price?: pulumi.Input<RunPrice> | undefined;
    /** The run's Batch jobs; missing for a run on a VM. */
    batch?: pulumi.Input<BatchRun>;
}

/**
 * One training run, from booting a VM to verified results on this machine. Creating this resource waits for the run and
 * prints the trainer's log. If the run fails, the creation fails with the trainer's exit code and last lines; otherwise
 * it downloads and verifies the results.
 */
export class TrainingRun extends CachedResource {
    /**
     * The first 20 numbers, short strings and booleans in the run's `metrics.json`; if it has more, `allMetrics` is the
     * path of that file. Empty if the trainer wrote none or the run has not ended.
     */
    declare readonly metrics: pulumi.Output<Record<string, unknown>>;
    /** `gs://<bucket>/runs/<runId>/model/`. */
    declare readonly modelUri: pulumi.Output<string>;
    /** The folder for this run's results, relative to the project folder; empty until they are saved. */
    declare readonly runResultsDir: pulumi.Output<string>;
    /** The run's state at the last update, e.g. `SUCCEEDED`. */
    declare readonly state: pulumi.Output<string>;
    declare readonly attempt: pulumi.Output<number>;
    /** The sweep's best point and the numbers of its points; undefined for any other run or before the sweep ends. */
    declare readonly sweep: pulumi.Output<Record<string, unknown> | undefined>;
    /** The cost of the run; undefined if the price is unknown or the run has not ended. */
    declare readonly cost: pulumi.Output<RunCost | undefined>;

    constructor(name: string, args: TrainingRunArgs, opts?: pulumi.CustomResourceOptions) {
        const outputs = {
            metrics: undefined,
            modelUri: undefined,
            runResultsDir: undefined,
            state: undefined,
            attempt: undefined,
            sweep: undefined,
            cost: undefined,
        };
        super(trainingRunProvider, name, { ...args, ...outputs }, opts, "TrainingRun");
    }
}
