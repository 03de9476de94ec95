import { isBatchMachine } from "../machine-types";
import { KEYS, type KeyName } from "./keys";
import { type CheckedValues, conflict, type Rule } from "./rule";

/**
 * Batch ends a job after 14 days, which include the time to start the VM, pull the image and upload the results.
 * https://docs.cloud.google.com/batch/quotas
 */
const MAX_RUN_MINUTES = 20_000;
/** Batch retries a task at most 10 times. */
const MAX_ATTEMPTS = 11;

/** Keys that only the stack's own VM supports, each with the reason. */
const VM_ONLY: readonly (readonly [key: KeyName, why: string])[] = [
    ["bootImage", "because Batch has its own image for its VMs"],
    ["debugMinutes", "because Batch deletes its VMs at once"],
    ["scopes", "because Batch VMs always have the scope cloud-platform and are limited only by roles"],
    ["secureBoot", "because Batch has no setting for Secure Boot"],
    ["kmsKey", "because Batch cannot encrypt the disks of its VMs with it"],
];

/** Keys that only Batch supports, each with the reason. */
const BATCH_ONLY: readonly (readonly [key: KeyName, why: string])[] = [
    ["sweep", "because only Batch runs many tasks"],
    ["sweepFile", "because only Batch runs many tasks"],
    ["sweepMetric", "because only Batch runs many tasks"],
    ["sweepGoal", "because only Batch runs many tasks"],
    ["tasks", "because only Batch runs many tasks"],
    ["parallelism", "because only Batch runs many tasks"],
    ["maxFailedTasks", "because only Batch runs many tasks"],
];

/** A rule for a key that must keep its default with one of the engines. */
function only(engine: "vm" | "batch", key: KeyName, why: string): Rule {
    const isDefault = (config: CheckedValues) => JSON.stringify(config[key]) === JSON.stringify(KEYS[key].default);
    return {
        keys: ["engine", key],
        find: (config) =>
            config.engine === engine || isDefault(config)
                ? undefined
                : { key, must: `must not be set with engine ${config.engine}, ${why}`, fix: { remove: [key] } },
    };
}

/** Batch's limits, which are checked so that a job is not refused after everything else has been created. */
export const batchRules: readonly Rule[] = [
    ...VM_ONLY.map(([key, why]) => only("vm", key, why)),
    ...BATCH_ONLY.map(([key, why]) => only("batch", key, why)),
    {
        keys: ["engine", "machineType"],
        find: ({ engine, machineType }) =>
            engine === "batch" && !isBatchMachine(machineType)
                ? conflict(
                      "machineType",
                      "must belong to a machine series that engine batch supports, such as E2, N2, N4, C3, C4, G2 or A2",
                  )
                : undefined,
    },
    {
        keys: ["engine", "maxAttempts"],
        find: ({ engine, maxAttempts }) =>
            engine === "batch" && maxAttempts > MAX_ATTEMPTS
                ? conflict("maxAttempts", `must be at most ${MAX_ATTEMPTS} with engine batch`, String(MAX_ATTEMPTS))
                : undefined,
    },
    {
        keys: ["engine", "maxRunMinutes"],
        find: ({ engine, maxRunMinutes }) =>
            engine === "batch" && maxRunMinutes > MAX_RUN_MINUTES
                ? conflict(
                      "maxRunMinutes",
                      `must be at most ${MAX_RUN_MINUTES} with engine batch, which ends a job after 14 days`,
                      String(MAX_RUN_MINUTES),
                  )
                : undefined,
    },
];
