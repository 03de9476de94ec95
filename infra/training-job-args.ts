import type * as pulumi from "@pulumi/pulumi";
import type { RunPrice } from "../run/cost/run-cost";
import type { DatasetObject } from "../run/dataset-objects";

/** A hyperparameter. The trainer receives scalars as text, and lists and objects as JSON. */
export type Hyperparameter = string | number | boolean | readonly unknown[] | { readonly [name: string]: unknown };

/** The VM's billing model. Google may stop a spot VM at any time. */
export type Provisioning = "standard" | "spot";

/** The engine that trains a run: the stack's own VM, or a Google Batch job. */
export type EngineName = "vm" | "batch";

/** The provisioning model of a run's last attempt, if it should differ from earlier attempts on spot VMs. */
export type SpotFallback = "none" | "standard";

/** Whether the best point of a sweep has the highest or the lowest value of the metric. */
export type SweepGoal = "maximize" | "minimize";

/** The dataset, trainer, machine and limits. Plain values determine which resources exist, and their names. */
export interface TrainingJobArgs {
    /** Google Cloud project id. */
    project: string;
    region: string;
    /** A zone in the region. */
    zone: string;
    /**
     * Path, relative to the project folder, of a file or of a folder of files with the same header; or the `gs://` URI
     * of an object, of a folder (ending in a slash) or of a pattern with `*`.
     */
    dataset: string;
    /** The objects in a folder or matching a pattern, from `loadConfig`. @default [] (the job lists them) */
    datasetObjects?: readonly DatasetObject[];
    /** Folder with the trainer's Dockerfile: the build context. */
    trainer: string;
    /** Existing image, by digest or by tag in Artifact Registry, instead of one built from `trainer`. @default "" */
    image?: string;
    /** Column to predict, passed as the trainer's argument `--target`. @default "" (no such argument) */
    target?: pulumi.Input<string>;
    /** Columns to leave out, passed as the trainer's argument `--dropColumns`. @default [] (no such argument) */
    dropColumns?: pulumi.Input<readonly string[]>;
    /** Build arguments for the Dockerfile. @default {} */
    trainerBuildArgs?: pulumi.Input<Record<string, string>>;
    /** Hyperparameters, passed as the trainer's arguments `--name=value`; lists and objects become JSON. @default {} */
    hyperparameters?: pulumi.Input<Record<string, Hyperparameter>>;
    /**
     * Environment variables for the container. They are readable in the VM's metadata, so they must not be secret.
     * @default {}
     */
    env?: pulumi.Input<Record<string, string>>;
    /** Existing Secret Manager versions by variable name, `projects/P/secrets/S/versions/N` or `S:N`. @default {} */
    secretEnv?: Readonly<Record<string, string>>;
    /** Secret environment variables for the container. The job stores the values in Secret Manager. @default {} */
    secretValues?: Readonly<Record<string, pulumi.Input<string>>>;
    /** @default "vm" */
    engine?: EngineName;
    /**
     * Zones in the region that the run may use, in order of preference, or `any`.
     * @default [] (`zone`, or any zone for a Batch job)
     */
    zones?: pulumi.Input<readonly string[]>;
    /** @default "e2-standard-2" */
    machineType?: pulumi.Input<string>;
    /** Image or image family for the boot disk. @default "" (the newest LTS version of Container-Optimized OS) */
    bootImage?: pulumi.Input<string>;
    /** @default 20 */
    bootDiskSizeGb?: pulumi.Input<number>;
    /** @default "" (pd-balanced, or hyperdisk-balanced if that is the only type that the machine supports) */
    bootDiskType?: pulumi.Input<string>;
    /** @default "standard" */
    provisioning?: pulumi.Input<Provisioning>;
    /** `standard` runs the last of `maxAttempts` attempts on a standard VM. @default "none" */
    spotFallback?: pulumi.Input<SpotFallback>;
    /**
     * The points of a sweep: for each of them, the hyperparameters that its Batch task passes in addition to
     * `hyperparameters`. @default [] (no sweep)
     */
    points?: readonly Readonly<Record<string, Hyperparameter>>[];
    /** Number of identical tasks in a Batch job, which use their index to divide the work. @default 1 */
    tasks?: number;
    /** The number at the top level of each point's `metrics.json` by which the best point is chosen. @default "" */
    sweepMetric?: string;
    /** @default "maximize" */
    sweepGoal?: SweepGoal;
    /** Maximum number of tasks that a Batch job runs at once. @default 10 */
    parallelism?: number;
    /** Number of points that may fail without failing the sweep. @default 0 */
    maxFailedTasks?: number;
    /** @default "" (none) */
    gpuType?: pulumi.Input<string>;
    /** @default 0 */
    gpuCount?: pulumi.Input<number>;
    /** Time limit for the training. @default 60 */
    maxRunMinutes?: pulumi.Input<number>;
    /** Number of attempts, including the first, after which an interrupted run fails. @default 3 */
    maxAttempts?: pulumi.Input<number>;
    /** Minutes that the VM stays up after a failure, for debugging over SSH. @default 0 */
    debugMinutes?: number;
    /** Name or path of an existing network; requires `subnetwork`. @default "" (the job creates one) */
    network?: pulumi.Input<string>;
    /** Name or path of an existing subnetwork with Private Google Access. @default "" */
    subnetwork?: pulumi.Input<string>;
    /** Gives the VM an external address and therefore internet access. @default false */
    externalIp?: pulumi.Input<boolean>;
    /** Email of an existing service account; the job then grants it no roles. @default "" (the job creates one) */
    serviceAccount?: pulumi.Input<string>;
    /** URLs of OAuth scopes beyond those that every VM has. @default [] */
    scopes?: pulumi.Input<readonly string[]>;
    /** Turns on Secure Boot even for an Arm VM; all other VMs always have it. @default false */
    secureBoot?: pulumi.Input<boolean>;
    /** Regional Cloud KMS key for the bucket, repository, disk, secrets and topic. @default "" (Google's own keys) */
    kmsKey?: string;
    /** Number of days for which Cloud Storage keeps deleted objects and bills for them: 0, or 7 to 90. @default 0 */
    softDeleteDays?: number;
    /** Runs the container in privileged mode, without restrictions. @default false */
    privileged?: pulumi.Input<boolean>;
    /**
     * Lets the container change every file in its image, not only those in `/tmp`, `/home`, `/root` and its working
     * folder. @default false
     */
    writableRoot?: pulumi.Input<boolean>;
    /** If false, the update ends once the VM has claimed the run; a later one collects the results. @default true */
    wait?: pulumi.Input<boolean>;
    /** Results folder, relative to the project folder. @default "models" */
    resultsDir?: pulumi.Input<string>;
    /** Saves the trainer's checkpoints with the results. @default false */
    saveCheckpoints?: pulumi.Input<boolean>;
    /** Name for the run in tables and pages; not part of its id. @default "" */
    runName?: pulumi.Input<string>;
    /** HTTPS URL (kept secret) or Pub/Sub topic that receives a message about each finished run. @default "" */
    notify?: string;
    /** Labels for every resource that supports them. @default {} */
    labels?: pulumi.Input<Record<string, string>>;
    /** True if the job enables the Google APIs that it needs. @default true */
    enableApis?: boolean;
    /** The price of the VM, for the manifest. By default it is unknown. */
    price?: RunPrice | undefined;
}

/** The arguments with all defaults filled in. */
export type Job = Required<Omit<TrainingJobArgs, "price">> & Pick<TrainingJobArgs, "price">;
