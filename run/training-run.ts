import * as pulumi from "@pulumi/pulumi";
import { trainingRunProvider } from "./training-run-provider";

/** What a run was made of, for its manifest: `TrainingRun` copies it there and reads nothing from it. */
export interface RunFactsArgs {
    /** `gs://` URI of the dataset. */
    datasetUri: pulumi.Input<string>;
    /** Base64 MD5 of the dataset, if the bucket knows one. */
    datasetMd5?: pulumi.Input<string>;
    /** Base64 CRC32C of the dataset. */
    datasetCrc32c?: pulumi.Input<string>;
    datasetGeneration: pulumi.Input<string>;
    /** `sha256:...` of the trainer's image. */
    imageDigest: pulumi.Input<string>;
    hyperparameters: pulumi.Input<Record<string, unknown>>;
    target: pulumi.Input<string>;
    dropColumns: pulumi.Input<pulumi.Input<string>[]>;
    /** Names of the extra environment variables; their values stay out of the manifest. */
    env: pulumi.Input<pulumi.Input<string>[]>;
    machineType: pulumi.Input<string>;
    /** `standard` or `spot`. */
    provisioning: pulumi.Input<string>;
}

export interface TrainingRunArgs {
    /** Name of the bucket that holds `runs/<runId>/`. */
    bucket: pulumi.Input<string>;
    runId: pulumi.Input<string>;
    /** Name of the stack: results go to `<resultsDir>/<stack>/<runId>/`. */
    stack: pulumi.Input<string>;
    /** Folder for results, relative to the project folder. */
    resultsDir: pulumi.Input<string>;
    project: pulumi.Input<string>;
    zone: pulumi.Input<string>;
    /** Name of the run's VM. */
    instance: pulumi.Input<string>;
    /** False ends the update when the VM has claimed the run; a later update collects. */
    wait: pulumi.Input<boolean>;
    /** Attempts that interruptions may use up before the run counts as failed. */
    maxAttempts: pulumi.Input<number>;
    /** Minutes the VM stays up after a failure; 0 for none. */
    debugMinutes: pulumi.Input<number>;
    externalIp: pulumi.Input<boolean>;
    /** True on a subnetwork that the stack did not make: Private Google Access is then its owner's to switch on. */
    privateSubnetwork: pulumi.Input<boolean>;
    facts: pulumi.Input<RunFactsArgs>;
}

/**
 * One training run, from a VM that boots to verified results on this machine. Creating it waits for the run, prints the
 * trainer's log, fails with the trainer's exit code and last lines, and on success downloads and verifies what it wrote.
 */
export class TrainingRun extends pulumi.dynamic.Resource {
    /**
     * The run's `metrics.json` without long lists and objects (4000 characters of JSON); empty when the trainer wrote none or
     * the run has not ended.
     */
    declare readonly metrics: pulumi.Output<Record<string, unknown>>;
    /** `gs://<bucket>/runs/<runId>/model/`. */
    declare readonly modelUri: pulumi.Output<string>;
    /** Folder of the results relative to the project folder; empty until they are there. */
    declare readonly savedTo: pulumi.Output<string>;
    /** State of the run when this resource last looked, e.g. `SUCCEEDED`. */
    declare readonly state: pulumi.Output<string>;
    declare readonly attempt: pulumi.Output<number>;

    constructor(name: string, args: TrainingRunArgs, opts?: pulumi.CustomResourceOptions) {
        const outputs = {
            metrics: undefined,
            modelUri: undefined,
            savedTo: undefined,
            state: undefined,
            attempt: undefined,
        };
        super(trainingRunProvider, name, { ...args, ...outputs }, opts);
    }
}
