import type { DatasetObject } from "../../run/dataset-objects";
import { DEFAULTS } from "../defaults";
import type { EngineName, Hyperparameter, Provisioning, SpotFallback, SweepGoal } from "../training-job-args";
import {
    checkBootImage,
    checkBuildArg,
    checkColumn,
    checkDataset,
    checkEnv,
    checkHyperparameter,
    checkImage,
    checkKmsKey,
    checkLabel,
    checkMachineType,
    checkMetricName,
    checkNetworkName,
    checkNotify,
    checkPath,
    checkResultsDir,
    checkRunName,
    checkScope,
    checkScript,
    checkSecretVersion,
    checkServiceAccount,
    checkTarget,
    checkTrainer,
    checkTypeName,
    checkZone,
} from "./checks";
import { choice, flag, integer, type Key, list, listOrWord, record, text, texts } from "./key-types";
import type { Location } from "./location";
import { checkSweepEntry, toValues } from "./sweep";

/**
 * Every key in the stack config, in the same order as in `Pulumi.yaml`: type, check, default, and an example where the
 * default is empty. The defaults that `TrainingJob` shares are in `DEFAULTS`. `Pulumi.yaml` describes the keys.
 *
 * The limits on numbers of minutes ensure that their sum, plus the rest of a boot, stays within the 120 days that
 * Compute Engine allows for a VM with a time limit. https://cloud.google.com/compute/docs/instances/limit-vm-runtime
 */
export const KEYS = {
    dataset: text(checkDataset, { default: "data/iris.csv" }),
    target: text(checkTarget, { default: "Species" }),
    dropColumns: list(checkColumn, { default: DEFAULTS.dropColumns, example: "Id" }),
    trainer: text(checkTrainer, { default: "trainer" }),
    image: text(checkImage, {
        default: DEFAULTS.image,
        example: "us-central1-docker.pkg.dev/my-project/images/trainer:1",
    }),
    script: text(checkScript, { default: "", example: "train.py" }),
    requirements: text(checkPath, { default: "", example: "requirements.txt" }),
    trainerBuildArgs: texts(checkBuildArg, { default: DEFAULTS.trainerBuildArgs, example: ["VERSION", "1"] }),
    hyperparameters: record(checkHyperparameter, (value) => value as Hyperparameter, {
        default: DEFAULTS.hyperparameters,
        example: ["maxDepth", "10"],
    }),
    env: texts(checkEnv, { default: DEFAULTS.env, example: ["LOG_LEVEL", "debug"] }),
    secretEnv: texts(checkSecretVersion, {
        default: DEFAULTS.secretEnv,
        example: ["API_KEY", "projects/my-project/secrets/api-key/versions/1"],
    }),
    engine: choice<EngineName>(["vm", "batch"], { default: DEFAULTS.engine }),
    zones: listOrWord("any", checkZone, { default: DEFAULTS.zones, example: "us-central1-b" }),
    machineType: text(checkMachineType, { default: DEFAULTS.machineType }),
    bootImage: text(checkBootImage, {
        default: DEFAULTS.bootImage,
        example: "projects/cos-cloud/global/images/family/cos-stable",
    }),
    bootDiskSizeGb: integer(10, 65_536, { default: DEFAULTS.bootDiskSizeGb }),
    bootDiskType: text(checkTypeName, { default: DEFAULTS.bootDiskType, example: "pd-balanced" }),
    provisioning: choice<Provisioning>(["standard", "spot"], { default: DEFAULTS.provisioning }),
    spotFallback: choice<SpotFallback>(["none", "standard"], { default: DEFAULTS.spotFallback }),
    sweep: record(checkSweepEntry, (value) => toValues(value) as readonly Hyperparameter[], {
        default: {},
        example: ["maxDepth", "[2,4,8]"],
    }),
    sweepFile: text(checkPath, { default: "", example: "points.csv" }),
    sweepMetric: text(checkMetricName, { default: DEFAULTS.sweepMetric, example: "accuracy" }),
    sweepGoal: choice<SweepGoal>(["maximize", "minimize"], { default: DEFAULTS.sweepGoal }),
    tasks: integer(1, 10_000, { default: DEFAULTS.tasks }),
    parallelism: integer(1, 5_000, { default: DEFAULTS.parallelism }),
    maxFailedTasks: integer(0, 100_000, { default: DEFAULTS.maxFailedTasks }),
    gpuType: text(checkTypeName, { default: DEFAULTS.gpuType, example: "nvidia-tesla-t4" }),
    gpuCount: integer(0, 16, { default: DEFAULTS.gpuCount }),
    maxRunMinutes: integer(1, 171_360, { default: DEFAULTS.maxRunMinutes }),
    maxAttempts: integer(1, 20, { default: DEFAULTS.maxAttempts }),
    maxCostUsd: integer(0, 1_000_000, { default: 0 }),
    debugMinutes: integer(0, 1_200, { default: DEFAULTS.debugMinutes }),
    network: text(checkNetworkName("networks"), { default: DEFAULTS.network, example: "default" }),
    subnetwork: text(checkNetworkName("subnetworks"), { default: DEFAULTS.subnetwork, example: "default" }),
    externalIp: flag({ default: DEFAULTS.externalIp }),
    serviceAccount: text(checkServiceAccount, {
        default: DEFAULTS.serviceAccount,
        example: "trainer@my-project.iam.gserviceaccount.com",
    }),
    scopes: list(checkScope, { default: DEFAULTS.scopes, example: "https://www.googleapis.com/auth/bigquery" }),
    secureBoot: flag({ default: DEFAULTS.secureBoot }),
    kmsKey: text(checkKmsKey, {
        default: DEFAULTS.kmsKey,
        example: "projects/my-keys/locations/us-central1/keyRings/training/cryptoKeys/data",
    }),
    softDeleteDays: integer(0, 90, { default: DEFAULTS.softDeleteDays }),
    privileged: flag({ default: DEFAULTS.privileged }),
    writableRoot: flag({ default: DEFAULTS.writableRoot }),
    wait: flag({ default: DEFAULTS.wait }),
    resultsDir: text(checkResultsDir, { default: DEFAULTS.resultsDir }),
    saveCheckpoints: flag({ default: DEFAULTS.saveCheckpoints }),
    runName: text(checkRunName, { default: DEFAULTS.runName, example: "deeper trees" }),
    notify: text(checkNotify, { default: DEFAULTS.notify, example: "projects/my-project/topics/training" }),
    labels: texts(checkLabel, { default: DEFAULTS.labels, example: ["team", "research"] }),
    enableApis: flag({ default: DEFAULTS.enableApis }),
} satisfies Record<string, Key<unknown>>;

export type KeyName = keyof typeof KEYS;

/** The values of all keys. */
export type ConfigValues = {
    readonly [Name in KeyName]: (typeof KEYS)[Name] extends Key<infer Value> ? Value : never;
};

/** The checked config of a stack: the project's own keys and the location on Google Cloud. */
export interface Config extends ConfigValues, Location {
    /** The entries in `env` if that key is secret; in that case, `env` is empty. */
    secretValues: Readonly<Record<string, string>>;
    /** The points of a sweep; empty for any other run. */
    points: readonly Readonly<Record<string, Hyperparameter>>[];
    /** The objects of a dataset that is a folder or a pattern in a bucket. */
    datasetObjects: readonly DatasetObject[];
}

/** The table's rows. */
export const ROWS = Object.entries(KEYS) as readonly [name: KeyName, key: Key<unknown>][];
