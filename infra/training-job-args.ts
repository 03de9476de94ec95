import type * as pulumi from "@pulumi/pulumi";
import type { Hyperparameter, Provisioning } from "./defaults";

/** What to train, on what machine, within which limits. Plain values decide names and which resources there are. */
export interface TrainingJobArgs {
    /** Google Cloud project id. */
    project: string;
    region: string;
    /** A zone of the region. */
    zone: string;
    /** Path of a file, relative to the project folder, or the `gs://` URI of an object. */
    dataset: string;
    /** Folder with the trainer's Dockerfile: the build context. */
    trainer: string;
    /** Column to predict; the trainer's argument `--target`. @default "" (no such argument) */
    target?: pulumi.Input<string>;
    /** Columns to leave out; the trainer's argument `--dropColumns`. @default [] (no such argument) */
    dropColumns?: pulumi.Input<readonly string[]>;
    /** Build args of the Dockerfile. @default {} */
    trainerBuildArgs?: pulumi.Input<Record<string, string>>;
    /** The trainer's arguments, `--name=value`; lists and objects become JSON. @default {} */
    hyperparameters?: pulumi.Input<Record<string, Hyperparameter>>;
    /** Environment variables of the container. They can be read in the VM's metadata: no secrets. @default {} */
    env?: pulumi.Input<Record<string, string>>;
    /** @default "e2-standard-2" */
    machineType?: pulumi.Input<string>;
    /** Image or image family of the boot disk. @default "" (the newest LTS of Container-Optimized OS) */
    bootImage?: pulumi.Input<string>;
    /** @default 20 */
    bootDiskSizeGb?: pulumi.Input<number>;
    /** @default "" (pd-balanced, or hyperdisk-balanced where the machine type takes nothing else) */
    bootDiskType?: pulumi.Input<string>;
    /** @default "standard" */
    provisioning?: pulumi.Input<Provisioning>;
    /** @default "" (none) */
    gpuType?: pulumi.Input<string>;
    /** @default 0 */
    gpuCount?: pulumi.Input<number>;
    /** Longest time the training may run, in minutes. @default 60 */
    maxRunMinutes?: pulumi.Input<number>;
    /** Attempts, the first included, that interruptions may use up. @default 3 */
    maxAttempts?: pulumi.Input<number>;
    /** Minutes the VM stays up after a failure, to be looked at by SSH. @default 0 */
    debugMinutes?: number;
    /** Name or path of an existing network; needs `subnetwork`. @default "" (the job makes its own) */
    network?: pulumi.Input<string>;
    /** Name or path of an existing subnetwork, with Private Google Access on. @default "" */
    subnetwork?: pulumi.Input<string>;
    /** Gives the VM an external address and so the internet. @default false */
    externalIp?: pulumi.Input<boolean>;
    /** Email of an existing service account, whose grants are then left alone. @default "" (the job makes its own) */
    serviceAccount?: pulumi.Input<string>;
    /** Scopes beside those every VM gets, as URLs. @default [] */
    scopes?: pulumi.Input<readonly string[]>;
    /** Runs the container privileged. @default false */
    privileged?: pulumi.Input<boolean>;
    /** False ends the update as soon as the VM has begun; a later one collects. @default true */
    wait?: pulumi.Input<boolean>;
    /** Folder for results, relative to the project folder. @default "models" */
    resultsDir?: pulumi.Input<string>;
    /** Labels of everything that takes labels. @default {} */
    labels?: pulumi.Input<Record<string, string>>;
    /** Whether the job switches on the Google APIs it needs. @default true */
    enableApis?: boolean;
}
