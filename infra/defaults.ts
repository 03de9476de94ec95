/**
 * Every default of the project, written once. `Pulumi.yaml` repeats those of the config keys for the engine, and a
 * test holds the two together.
 */

/** Newest long-term-support image families of Container-Optimized OS, by architecture. The family is resolved by
 * Compute Engine when the VM is made: no look-up at preview, and a new image never touches an existing VM.
 * https://cloud.google.com/container-optimized-os/docs/concepts/versioning */
export const BOOT_IMAGES = {
    "linux/amd64": "projects/cos-cloud/global/images/family/cos-129-lts",
    "linux/arm64": "projects/cos-cloud/global/images/family/cos-arm64-129-lts",
} as const;

/** Scopes every VM gets; an Artifact Registry pull needs no more than these. `scopes` adds others. */
export const BASE_SCOPES = [
    "https://www.googleapis.com/auth/devstorage.read_write",
    "https://www.googleapis.com/auth/logging.write",
    "https://www.googleapis.com/auth/monitoring.write",
] as const;

/** Longest time of the image's pull, in seconds. */
export const PULL_SECONDS = 1800;

/** Longest time of the last uploads (log, listing, status), in seconds. */
export const UPLOAD_SECONDS = 900;

/** Defaults of the config keys, in the order of `Pulumi.yaml`. Empty text, list or object means "none". */
export const DEFAULTS: Readonly<ConfigValues> = {
    dataset: "data/iris.csv",
    target: "Species",
    dropColumns: [],
    trainer: "trainer",
    trainerBuildArgs: {},
    hyperparameters: {},
    env: {},
    machineType: "e2-standard-2",
    bootImage: "",
    bootDiskSizeGb: 20,
    bootDiskType: "",
    provisioning: "standard",
    gpuType: "",
    gpuCount: 0,
    maxRunMinutes: 60,
    maxAttempts: 3,
    debugMinutes: 0,
    network: "",
    subnetwork: "",
    externalIp: false,
    serviceAccount: "",
    scopes: [],
    privileged: false,
    wait: true,
    resultsDir: "models",
    labels: {},
    enableApis: true,
};

/** A hyperparameter as it travels: scalars as text, lists and objects as JSON. */
export type Hyperparameter = string | number | boolean | readonly unknown[] | { readonly [name: string]: unknown };

/** How the VM is billed and whether Google may take it back. */
export type Provisioning = "standard" | "spot";

/** The values of the config keys. What each means, its unit and its limits: `Pulumi.yaml`. */
export interface ConfigValues {
    dataset: string;
    target: string;
    dropColumns: readonly string[];
    trainer: string;
    trainerBuildArgs: Readonly<Record<string, string>>;
    hyperparameters: Readonly<Record<string, Hyperparameter>>;
    env: Readonly<Record<string, string>>;
    machineType: string;
    bootImage: string;
    bootDiskSizeGb: number;
    bootDiskType: string;
    provisioning: Provisioning;
    gpuType: string;
    gpuCount: number;
    maxRunMinutes: number;
    maxAttempts: number;
    debugMinutes: number;
    network: string;
    subnetwork: string;
    externalIp: boolean;
    serviceAccount: string;
    scopes: readonly string[];
    privileged: boolean;
    wait: boolean;
    resultsDir: string;
    labels: Readonly<Record<string, string>>;
    enableApis: boolean;
}
