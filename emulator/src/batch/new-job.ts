import { randomBytes } from "node:crypto";
import { checkLabels } from "../compute/instance-checks";
import { REGIONS, zonesOf } from "../compute/regions";
import { invalid, unimplemented } from "../http/errors";
import type { Project } from "../projects/projects";
import type { JobBody, TaskGroupBody } from "./job-schema";
import type { Job } from "./job-types";
import { machineOf } from "./machine";
import { timestamp } from "./timestamps";

const JOB_ID = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** https://cloud.google.com/batch/quotas */
const MAX_BYTES = 1024 * 1024;
const MAX_TASKS = 100_000;
const MAX_PARALLELISM = 5000;
const MAX_TASK_ENVIRONMENTS = 200;
const MAX_RETRIES = 10;
const MAX_RUN_SECONDS = 14 * 24 * 3600;
const DEFAULT_RESOURCE = "2000";

/** The location of a new job. */
export interface JobPlace {
    readonly project: Project;
    readonly location: string;
    /** The id that the caller chose, or an empty string if Batch chooses one. */
    readonly jobId: string;
}

/**
 * Checks a request to create a job, and adds the fields that Batch sets.
 * @throws ApiError 400 for a job that Batch rejects, 501 for a feature that is not emulated
 */
export function newJob(body: JobBody, { project, location, jobId }: JobPlace): Job {
    if (!REGIONS.includes(location)) {
        throw invalid(`Location ${location} is not found or access is unauthorized.`);
    }
    const id = jobId === "" ? `j-${randomBytes(8).toString("hex")}` : jobId;
    if (!JOB_ID.test(id)) {
        throw invalid(`job_id field is invalid. job_id "${id}" does not match the pattern ${JOB_ID.source}.`);
    }
    if (Buffer.byteLength(JSON.stringify(body)) > MAX_BYTES) {
        throw invalid(`The job definition is larger than ${MAX_BYTES} bytes.`);
    }
    const [group] = body.taskGroups;
    if (group === undefined) {
        throw invalid("task_groups field is invalid. A job must have one task group.");
    }
    checkAllLabels(body);
    checkImage(body);
    checkNetwork(body);
    const { name: _name, uid: _uid, createTime: _created, updateTime: _updated, status: _status, ...rest } = body;
    const { allocationPolicy = {} } = body;
    return {
        ...rest,
        name: `projects/${project.projectId}/locations/${location}/jobs/${id}`,
        uid: newUid(id),
        createTime: timestamp(),
        taskGroups: [
            {
                ...completeGroup(group, machineOf(allocationPolicy).machineType),
                name: `projects/${project.projectNumber}/locations/${location}/jobs/${id}/taskGroups/group0`,
            },
        ],
        allocationPolicy: {
            ...allocationPolicy,
            labels: { ...allocationPolicy.labels, "batch-job-id": id },
            location: { allowedLocations: [...locationsOf(allocationPolicy.location?.allowedLocations, location)] },
            serviceAccount: {
                ...allocationPolicy.serviceAccount,
                email:
                    allocationPolicy.serviceAccount?.email ||
                    `${project.projectNumber}-compute@developer.gserviceaccount.com`,
            },
        },
    };
}

/** Creates a unique id that starts with the first characters of the job's id. Logs identify a job only by this id. */
function newUid(id: string): string {
    const random = randomBytes(9).toString("hex");
    return `${id.slice(0, 18).replace(/-+$/, "")}-${random.slice(0, 8)}-${random.slice(8, 12)}-${random.slice(12, 17)}`;
}

function completeGroup(group: TaskGroupBody, machineType: string) {
    const { taskSpec, taskEnvironments } = group;
    const tasks = between("task_count", taskEnvironments?.length ?? group.taskCount ?? "1", 1, MAX_TASKS);
    const parallelism = between(
        "parallelism",
        group.parallelism ?? Math.min(tasks, MAX_PARALLELISM),
        1,
        MAX_PARALLELISM,
    );
    if (parallelism > tasks) {
        throw invalid(`parallelism field is invalid. parallelism ${parallelism} is larger than task_count ${tasks}.`);
    }
    if ((taskEnvironments?.length ?? 1) === 0 || (taskEnvironments?.length ?? 0) > MAX_TASK_ENVIRONMENTS) {
        throw invalid(
            `task_environments field is invalid. A job may have up to ${MAX_TASK_ENVIRONMENTS} task environments; it has ${taskEnvironments?.length}.`,
        );
    }
    between("max_retry_count", taskSpec.maxRetryCount ?? 0, 0, MAX_RETRIES);
    for (const [name, duration] of [
        ["max_run_duration", taskSpec.maxRunDuration],
        ["timeout", taskSpec.runnables[0]?.timeout],
    ] as const) {
        if (duration !== undefined) {
            between(name, Number.parseFloat(duration), 0, MAX_RUN_SECONDS);
        }
    }
    if ((taskSpec.lifecyclePolicies?.length ?? 0) > 1) {
        throw invalid("lifecycle_policies field is invalid. Only one lifecycle policy is supported.");
    }
    if (taskSpec.lifecyclePolicies?.some(({ action }) => action === undefined)) {
        throw invalid("lifecycle_policies field is invalid. A policy must have the action RETRY_TASK or FAIL_TASK.");
    }
    return {
        ...group,
        taskCount: String(tasks),
        parallelism: String(parallelism),
        taskSpec: { ...taskSpec, computeResource: completeResource(taskSpec.computeResource, machineType) },
    };
}

function completeResource(resource: TaskGroupBody["taskSpec"]["computeResource"], machineType: string) {
    const complete = { cpuMilli: DEFAULT_RESOURCE, memoryMib: DEFAULT_RESOURCE, ...resource };
    const cpus = Number(/-(\d+)(-lssd)?$/.exec(machineType)?.[1] ?? Number.POSITIVE_INFINITY);
    if (Number(complete.cpuMilli) > cpus * 1000) {
        throw invalid(
            `compute_resource field is invalid. A task needs ${complete.cpuMilli} milliCPU, but ${machineType} has ${cpus * 1000}.`,
        );
    }
    return complete;
}

function between(name: string, value: string | number, from: number, to: number): number {
    const number = Number(value);
    if (!(number >= from && number <= to)) {
        throw invalid(`${name} field is invalid. ${name} must be from ${from} to ${to}; got ${value}.`);
    }
    return number;
}

/** @throws ApiError 400 unless every location is the job's own region or a zone in it */
function locationsOf(requested: readonly string[] | undefined, region: string): readonly string[] {
    if (requested === undefined || requested.length === 0) {
        return [`regions/${region}`, ...zonesOf(region).map((zone) => `zones/${zone}`)];
    }
    const wrong = requested.find(
        (location) => location !== `regions/${region}` && !new RegExp(`^zones/${region}-[a-z]$`).test(location),
    );
    if (wrong !== undefined) {
        throw invalid(
            `allowed_locations field is invalid. ${wrong} must be regions/${region} or a zone of this region, such as zones/${region}-b.`,
        );
    }
    return requested;
}

function checkAllLabels({ labels = {}, allocationPolicy, taskGroups }: JobBody): void {
    const runnable = taskGroups[0]?.taskSpec.runnables[0]?.labels ?? {};
    for (const set of [labels, allocationPolicy?.labels ?? {}, runnable]) {
        const reserved = Object.keys(set).find((key) => /^(goog|google)-/.test(key));
        if (reserved !== undefined) {
            throw invalid(
                `labels field is invalid. The label ${reserved} begins with a reserved prefix, goog- or google-.`,
            );
        }
        checkLabels(set);
    }
}

/** Scripts run on batch-debian by default, but the emulated VM behaves like Container-Optimized OS. */
function checkImage({ allocationPolicy }: JobBody): void {
    const image = allocationPolicy?.instances?.[0]?.policy?.bootDisk?.image;
    if (image !== "batch-cos" && !/(^|\/)projects\/cos-cloud\/global\/images\//.test(image ?? "")) {
        throw unimplemented(
            `the boot image "${image ?? "batch-debian (the default for scripts)"}" of a Batch job (only batch-cos and images of cos-cloud are supported)`,
        );
    }
}

/** @throws ApiError 400 with Batch's message: https://github.com/DataBiosphere/dsub/issues/312 */
function checkNetwork({ allocationPolicy }: JobBody): void {
    const [nic] = allocationPolicy?.network?.networkInterfaces ?? [];
    const host = "(https://www.googleapis.com/compute/v1/)?(projects/[^/]+/)?";
    for (const [field, pattern] of [
        ["network", "global/networks/([^/]+)"],
        ["subnetwork", "regions/[^/]+/subnetworks/([^/]+)"],
    ] as const) {
        const value = nic?.[field];
        if (value !== undefined && !new RegExp(`^${host}${pattern}$`).test(value)) {
            throw invalid(
                `${field} field is invalid. ${field}: ${value} is not matching the expected format: ${pattern}`,
            );
        }
    }
}
