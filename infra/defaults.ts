import type { TrainingJobArgs } from "./training-job-args";

/**
 * Newest long-term-support image families for Container-Optimized OS, by architecture. Compute Engine resolves the
 * family only when it creates a VM, so a preview does not resolve it, and a new image never affects an existing VM.
 * https://cloud.google.com/container-optimized-os/docs/concepts/versioning
 */
export const BOOT_IMAGES = {
    "linux/amd64": "projects/cos-cloud/global/images/family/cos-129-lts",
    "linux/arm64": "projects/cos-cloud/global/images/family/cos-arm64-129-lts",
} as const;

/** Scopes for every VM. They allow pulls from Artifact Registry; `scopes` adds others. */
export const BASE_SCOPES = [
    "https://www.googleapis.com/auth/devstorage.read_write",
    "https://www.googleapis.com/auth/logging.write",
] as const;

/** The only scope that Secret Manager accepts. Only a VM in a stack with secrets has it. */
export const SECRETS_SCOPE = "https://www.googleapis.com/auth/cloud-platform";

/** The narrowest scope for publishing. Only a VM in a stack with `notify` has it. */
export const PUBSUB_SCOPE = "https://www.googleapis.com/auth/pubsub";

/** Time limit for the image pull. */
export const PULL_SECONDS = 1800;

/** Time limit for the last uploads: log, listing, status. */
export const UPLOAD_SECONDS = 900;

/** Arguments for a `TrainingJob` that do not have a default. */
type RequiredArgs = "project" | "region" | "zone" | "dataset" | "trainer";

/** Defaults for a `TrainingJob`, which the config keys share. An empty string, list or object means "none". */
export const DEFAULTS = {
    image: "",
    target: "",
    dropColumns: [],
    trainerBuildArgs: {},
    hyperparameters: {},
    env: {},
    secretEnv: {},
    datasetObjects: [],
    secretValues: {},
    engine: "vm",
    zones: [],
    machineType: "e2-standard-2",
    bootImage: "",
    bootDiskSizeGb: 20,
    bootDiskType: "",
    provisioning: "standard",
    spotFallback: "none",
    points: [],
    tasks: 1,
    sweepMetric: "",
    sweepGoal: "maximize",
    parallelism: 10,
    maxFailedTasks: 0,
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
    secureBoot: false,
    kmsKey: "",
    softDeleteDays: 0,
    privileged: false,
    writableRoot: false,
    wait: true,
    resultsDir: "models",
    saveCheckpoints: false,
    runName: "",
    notify: "",
    labels: {},
    enableApis: true,
} as const satisfies Omit<Required<TrainingJobArgs>, RequiredArgs | "price">;
