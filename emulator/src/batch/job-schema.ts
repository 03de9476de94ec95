import { z } from "zod";
import { nothing } from "../compute/schema";
import { NOT_EMULATED } from "../http/body";

/** Fields that Batch sets. They are ignored if a client sends them back. */
const ignored = z.unknown().optional();
/** A 64-bit integer, which is a string on the wire, although some clients send a number. */
const int64 = z
    .union([z.string().regex(/^-?\d+$/), z.int()])
    .transform(String)
    .optional();
const labels = z.record(z.string(), z.string()).optional();
/** https://protobuf.dev/reference/protobuf/google.protobuf/#duration */
const duration = z
    .string()
    .regex(/^\d{1,12}(\.\d{1,9})?s$/, "must be a number of seconds with an s, e.g. 3600s")
    .optional();
const text = z.string().optional();

/**
 * An enum value. Google's clients may send its number instead of its name.
 * @param values all values, ordered by their numbers, which start at 0
 */
function word<Name extends string>(values: readonly string[], supported: readonly [Name, ...Name[]]) {
    const named = (value: unknown) => (typeof value === "number" ? (values[value] ?? value) : value);
    return z.preprocess(named, z.enum(supported, NOT_EMULATED).optional());
}

const ACTIONS = ["ACTION_UNSPECIFIED", "RETRY_TASK", "FAIL_TASK"];
const PROVISIONING = ["PROVISIONING_MODEL_UNSPECIFIED", "STANDARD", "SPOT", "PREEMPTIBLE"];
const DESTINATIONS = ["DESTINATION_UNSPECIFIED", "CLOUD_LOGGING", "PATH"];
const SCHEDULING = ["SCHEDULING_POLICY_UNSPECIFIED", "AS_SOON_AS_POSSIBLE", "IN_ORDER"];

const environment = z.strictObject({ variables: z.record(z.string(), z.string()).optional() }).optional();

const runnable = z.strictObject({
    displayName: text,
    script: z.strictObject({ text: z.string() }),
    environment,
    timeout: duration,
    labels,
});

const lifecyclePolicy = z.strictObject({
    action: word(ACTIONS, ["RETRY_TASK", "FAIL_TASK"]),
    actionCondition: z.strictObject({ exitCodes: z.array(z.int()).min(1) }),
});

const taskSpec = z.strictObject({
    runnables: z
        .array(runnable)
        .min(1)
        .refine((list) => list.length === 1, NOT_EMULATED),
    computeResource: z.strictObject({ cpuMilli: int64, memoryMib: int64, bootDiskMib: int64 }).optional(),
    maxRunDuration: duration,
    maxRetryCount: z.int().optional(),
    lifecyclePolicies: z.array(lifecyclePolicy).optional(),
    environment,
    environments: nothing(),
});

const taskGroup = z.strictObject({
    name: ignored,
    taskSpec,
    taskCount: int64,
    parallelism: int64,
    taskCountPerNode: int64.refine((count) => count === undefined || count === "1", NOT_EMULATED),
    taskEnvironments: z.array(environment.unwrap()).optional(),
    schedulingPolicy: word(SCHEDULING, ["AS_SOON_AS_POSSIBLE"]),
    requireHostsFile: z.literal(false, NOT_EMULATED).optional(),
    permissiveSsh: z.boolean().optional(),
    runAsNonRoot: z.literal(false, NOT_EMULATED).optional(),
});

const instancePolicy = z.strictObject({
    machineType: text,
    provisioningModel: word(PROVISIONING, ["STANDARD", "SPOT"]),
    accelerators: z.array(z.strictObject({ type: z.string(), count: int64, driverVersion: text })).optional(),
    bootDisk: z.strictObject({ image: text, type: text, sizeGb: int64 }).optional(),
});

const networkInterface = z.strictObject({
    network: text,
    subnetwork: text,
    noExternalIpAddress: z.boolean().optional(),
});

const allocationPolicy = z.strictObject({
    location: z.strictObject({ allowedLocations: z.array(z.string()).optional() }).optional(),
    instances: z
        .array(
            z.strictObject({
                policy: instancePolicy.optional(),
                installGpuDrivers: z.boolean().optional(),
                blockProjectSshKeys: z.boolean().optional(),
            }),
        )
        .max(1)
        .optional(),
    serviceAccount: z.strictObject({ email: text, scopes: z.array(z.string()).optional() }).optional(),
    network: z
        .strictObject({ networkInterfaces: z.array(networkInterface).max(1, NOT_EMULATED).optional() })
        .optional(),
    labels,
});

/** https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs */
export const jobBody = z.strictObject({
    name: ignored,
    uid: ignored,
    createTime: ignored,
    updateTime: ignored,
    status: ignored,
    priority: int64,
    taskGroups: z.array(taskGroup).min(1).max(1, "only one task group is supported"),
    allocationPolicy: allocationPolicy.optional(),
    labels,
    logsPolicy: z
        .strictObject({ destination: word(DESTINATIONS, ["DESTINATION_UNSPECIFIED", "CLOUD_LOGGING"]) })
        .optional(),
});

/** https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs/cancel */
export const cancelBody = z.strictObject({ requestId: text });

export type JobBody = z.output<typeof jobBody>;
export type TaskGroupBody = JobBody["taskGroups"][number];
export type LifecyclePolicy = z.output<typeof lifecyclePolicy>;
