import { fatalError, httpStatusOf, messageOf } from "./errors";
import { apiErrorOf, type Body, type GoogleApis } from "./google-api";
import { ownerLabel } from "./marks";

/** The part of a Batch job's definition that this program reads or changes. */
export interface BatchJobDefinition {
    taskGroups: {
        taskSpec: {
            runnables: object[];
            computeResource: object;
            /** Each attempt's time limit, e.g. `3600s`. */
            maxRunDuration: string;
            maxRetryCount?: number;
            lifecyclePolicies?: object[];
        };
        taskCount: string;
        parallelism: string;
        taskCountPerNode: string;
    }[];
    allocationPolicy: {
        location: { allowedLocations: string[] };
        instances: { policy: { provisioningModel: string; [key: string]: unknown }; [key: string]: unknown }[];
        [key: string]: unknown;
    };
    labels: Record<string, string>;
    [key: string]: unknown;
}

/** A job, as the Batch API returns it. */
export interface BatchJob {
    name: string;
    uid?: string;
    labels?: Record<string, string>;
    status?: {
        state?: string;
        statusEvents?: { description?: string; eventTime?: string; type?: string }[];
        taskGroups?: Record<string, { counts?: Record<string, string> }>;
    };
}

/** The location of a run's jobs. The first job has the id `jobId`; the next ones append `-a2`, `-a3` and so on. */
export interface BatchPlace {
    project: string;
    region: string;
    jobId: string;
}

/** The number of attempts in a job, and the provisioning model of the last one. */
export interface BatchAttempts {
    maxAttempts: number;
    spotFallback: string;
}

/** Exit codes after which Batch retries a task: lost and preempted VMs, and the script's own code for "try again". */
const retriedCodes = [50001, 50002, 50003, 50004, 50006, 75];

/**
 * Batch's reserved exit codes, with their meanings.
 * https://docs.cloud.google.com/batch/docs/troubleshooting#reserved-exit-codes
 */
const reservedCodes: Record<string, string> = {
    50001: "Compute Engine preempted the spot VM",
    50002: "the VM stopped reporting; it crashed, its host failed, or it ran out of memory",
    50003: "the VM rebooted unexpectedly",
    50004: "the task did not respond and could not be cancelled",
    50005: "the task exceeded its time limit",
    50006: "the VM was recreated while the task was running",
};

/** States in which a job has no VM and can no longer change. */
export function isOver(state: string | undefined): boolean {
    return state === "SUCCEEDED" || state === "FAILED" || state === "CANCELLED";
}

/** URL for a job. */
export function jobUrl({ endpoints }: GoogleApis, { project, region, jobId }: BatchPlace, number = 1): string {
    return `${endpoints.batch}projects/${project}/locations/${region}/jobs/${numbered(jobId, number)}`;
}

/** The id of one of the jobs for a run. */
export function numbered(jobId: string, number: number): string {
    return number === 1 ? jobId : `${jobId}-a${number}`;
}

/** The newest job for a run, with its number; undefined if there is none. Batch deletes its records after 60 days. */
export async function newestJob(
    apis: GoogleApis,
    place: BatchPlace,
    from = 1,
): Promise<{ job: BatchJob; number: number } | undefined> {
    let newest: { job: BatchJob; number: number } | undefined;
    for (let number = from; ; number += 1) {
        const job = await getJob(apis, place, number);
        if (job !== undefined) {
            newest = { job, number };
        } else if (number > 1) {
            return newest;
        }
    }
}

export async function getJob(apis: GoogleApis, place: BatchPlace, number: number): Promise<BatchJob | undefined> {
    return (await apis.call("GET", jobUrl(apis, place, number))) as BatchJob | undefined;
}

/**
 * Returns the definition for a job with a given number of attempts. Batch retries interrupted attempts by itself. With
 * a fallback, the last attempt is left to another job that uses a standard VM.
 */
export function withAttempts(
    definition: BatchJobDefinition,
    attemptsLeft: number,
    spotFallback: string,
): BatchJobDefinition {
    const isFallback = spotFallback === "standard" && attemptsLeft <= 1;
    const tries = spotFallback === "standard" && !isFallback ? attemptsLeft - 1 : attemptsLeft;
    return {
        ...definition,
        taskGroups: definition.taskGroups.map((group) => ({
            ...group,
            taskSpec: {
                ...group.taskSpec,
                maxRetryCount: Math.min(10, Math.max(0, tries - 1)),
                lifecyclePolicies: [{ action: "RETRY_TASK", actionCondition: { exitCodes: retriedCodes } }],
            },
        })),
        allocationPolicy: {
            ...definition.allocationPolicy,
            instances: definition.allocationPolicy.instances.map((instance) => ({
                ...instance,
                policy: {
                    ...instance.policy,
                    ...(isFallback ? { provisioningModel: "STANDARD" } : {}),
                },
            })),
        },
    };
}

/**
 * Creates a run's first job, or the next one if the newest has ended. Job ids are chosen here, so that a request whose
 * response was lost cannot create two jobs.
 * @param forJob returns the definition for a job with this id.
 * @returns the job that runs the next attempt, and its number
 * @throws a fatal error if Batch rejects the definition or if a job with this id belongs to something else
 */
export async function startJob(
    apis: GoogleApis,
    place: BatchPlace,
    definition: BatchJobDefinition,
    forJob: (jobId: string) => BatchJobDefinition = () => definition,
): Promise<{ job: BatchJob; number: number }> {
    const { project, region, jobId } = place;
    for (let number = 1; ; ) {
        const newest = await newestJob(apis, place, number);
        if (newest?.job.status?.state === "DELETION_IN_PROGRESS") {
            await untilDeleted(apis, place, newest.number);
            continue;
        }
        if (newest !== undefined && !isOver(newest.job.status?.state)) {
            return attach(newest, place, definition);
        }
        number = newest === undefined ? number : newest.number + 1;
        const parent = `${apis.endpoints.batch}projects/${project}/locations/${region}/jobs`;
        const id = numbered(jobId, number);
        try {
            const job = await apis.call("POST", `${parent}?jobId=${id}`, forJob(id));
            if (job === undefined) {
                throw new Error(`Batch is unavailable in ${region} for the project ${project}`);
            }
            return { job: job as unknown as BatchJob, number };
        } catch (error) {
            if (httpStatusOf(error) !== 409) {
                throw refusal(error, place, number);
            }
            // The response to an earlier request was lost, or another command got there first. The next iteration finds
            // the job, which may take a moment.
            await apis.clock.sleep(1000);
        }
    }
}

function attach(
    found: { job: BatchJob; number: number },
    { jobId }: BatchPlace,
    { labels }: BatchJobDefinition,
): { job: BatchJob; number: number } {
    const own = found.job.labels ?? {};
    if (own.run !== labels.run || own[ownerLabel] !== labels[ownerLabel]) {
        throw fatalError({
            summary: `The Batch job ${numbered(jobId, found.number)} exists, but it does not belong to this stack's run.`,
            hints: { next: "Delete it if nothing uses it (gcloud batch jobs delete), or choose another stack name." },
        });
    }
    return found;
}

/** A fatal error for a request that Batch would reject again; otherwise, the error itself. */
function refusal(error: unknown, { jobId, region }: BatchPlace, number: number): unknown {
    const status = httpStatusOf(error);
    if (status !== 400 && status !== 403) {
        return error;
    }
    const message = (apiErrorOf(error).message ?? messageOf(error)).replace(/\.$/, "");
    const next =
        status === 403
            ? "The account that runs pulumi needs roles/batch.jobsEditor on the project and roles/iam.serviceAccountUser " +
              "on the job's service account; `pulumi up` tries again."
            : "Change the config, and `pulumi up` tries again.";
    const summary = `Batch refused the job ${numbered(jobId, number)} in ${region}: ${message}.`;
    return fatalError({ summary, hints: { next } }, error);
}

/** Deletes all jobs of a run, and waits until their VMs are gone. */
export async function deleteJobs(apis: GoogleApis, place: BatchPlace): Promise<void> {
    for (let number = 1; ; number += 1) {
        const job = await getJob(apis, place, number);
        if (job !== undefined) {
            await deleteJob(apis, jobUrl(apis, place, number));
        } else if (number > 1) {
            return;
        }
    }
}

/**
 * Deletes one job, ending it if it is running, and waits until its VMs are gone.
 * @throws an error if the job still exists after 20 minutes
 */
export async function deleteJob(apis: GoogleApis, url: string): Promise<void> {
    const { call, clock, endpoints } = apis;
    const deadline = clock.now() + 20 * 60_000;
    let operation: Body | undefined;
    try {
        operation = await call("DELETE", url);
    } catch (error) {
        // A deletion that is already in progress cannot be requested again.
        if (![400, 409].includes(httpStatusOf(error) ?? 0)) {
            throw error;
        }
    }
    while (operation?.name !== undefined && operation.done !== true && clock.now() < deadline) {
        await clock.sleep(2000);
        operation = await call("GET", `${endpoints.batch}${String(operation.name)}`);
    }
    while ((await call("GET", url)) !== undefined) {
        if (clock.now() > deadline) {
            throw new Error(
                `The Batch job ${url.split("/").at(-1)} still exists 20 minutes after its deletion was requested`,
            );
        }
        await clock.sleep(2000);
    }
}

async function untilDeleted(apis: GoogleApis, place: BatchPlace, number: number): Promise<void> {
    const deadline = apis.clock.now() + 20 * 60_000;
    while ((await getJob(apis, place, number)) !== undefined) {
        if (apis.clock.now() > deadline) {
            throw new Error(`The Batch job ${numbered(place.jobId, number)} is still being deleted after 20 minutes`);
        }
        await apis.clock.sleep(2000);
    }
}

/** The descriptions of a job's events, oldest first. Batch returns them in any order. */
export function eventTexts({ status }: BatchJob): string[] {
    return [...(status?.statusEvents ?? [])]
        .sort((a, b) => Date.parse(a.eventTime ?? "") - Date.parse(b.eventTime ?? ""))
        .map(({ description }) => description ?? "")
        .filter((text) => text !== "");
}

/** The meaning of the newest reserved exit code in a job's events, if there is one. */
export function reservedReason(job: BatchJob): string | undefined {
    const codes = eventTexts(job).flatMap((text) => /exit code (500\d\d)\b/.exec(text)?.[1] ?? []);
    const code = codes.at(-1);
    return code === undefined ? undefined : reservedCodes[code];
}

/** The reason why a job has not started: its newest event other than a mere change of state. */
export function waitingReason(job: BatchJob): string | undefined {
    return eventTexts(job)
        .filter((text) => !/^(Job state is set from|Task state is updated from)/.test(text))
        .at(-1);
}
