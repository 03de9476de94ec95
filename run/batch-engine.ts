import {
    type BatchAttempts,
    type BatchJob,
    type BatchJobDefinition,
    type BatchPlace,
    eventTexts,
    getJob,
    isOver,
    jobUrl,
    newestJob,
    numbered,
    reservedReason,
    startJob,
    waitingReason,
    withAttempts,
} from "./batch-jobs";
import type { RunPrice } from "./cost/run-cost";
import type { Engine, EngineState } from "./engine";
import { httpStatusOf } from "./errors";
import type { GoogleApis } from "./google-api";
import { attemptCost } from "./messages";
import { withPoints } from "./sweep-jobs";

/** A run's jobs, and the definition of the next one. */
export interface BatchOptions extends BatchPlace, Pick<BatchAttempts, "spotFallback"> {
    runId: string;
    definition: BatchJobDefinition;
    /** Finds the indexes of the points in a sweep that have no outcome yet; missing for any other run. */
    undecided?: (() => Promise<number[]>) | undefined;
    /** The number of attempts of a run that was not interrupted; only a sweep needs it. */
    maxAttempts?: number;
    /** Undefined if it is unknown. */
    price?: RunPrice | undefined;
}

/** Maximum number of lines about a job in an error. */
const shownLines = 40;

/**
 * The engine `batch`: a job of Google Batch, which starts VMs, retries interrupted attempts and removes the VMs,
 * without a waiter. When a job ends, another one follows if attempts are left.
 */
export function batchEngine(apis: GoogleApis, options: BatchOptions): Engine {
    const { runId, project, region, jobId } = options;
    let current: { job: BatchJob; number: number } | undefined;
    let createdMs = Number.NEGATIVE_INFINITY;
    const shownId = () => numbered(jobId, current?.number ?? 1);
    const name = () => `the Batch job ${shownId()}`;
    const refresh = async () => {
        if (current === undefined) {
            current = await newestJob(apis, options);
            return current?.job;
        }
        const { number } = current;
        const job = await getJob(apis, options, number);
        if (job !== undefined) {
            current = { job, number };
        }
        return job;
    };
    const state = async (): Promise<EngineState> => {
        const job = await refresh();
        // For a moment after creating a job, Batch may report that the job does not exist.
        const isYoung = apis.clock.now() - createdMs < 60_000;
        return job === undefined && isYoung ? { phase: "starting", detail: "is new" } : toState(job);
    };
    return {
        traits: {
            retries: true,
            recreates: true,
            // Nothing writes the status of a sweep while its points train.
            silentMinutes: options.undecided === undefined ? 30 : Number.POSITIVE_INFINITY,
            unclaimedMinutes: 30,
        },
        messages: {
            starting: `creating a Batch job for run ${runId}`,
            endedUnclaimed: "its Batch job ended before a VM claimed the run",
            logName: "the Batch job's events",
            logCommand: `gcloud batch jobs describe ${jobId} --project ${project} --location ${region}`,
            stallDetails: [
                "A quota, an organization policy, or a missing role of the job's service account " +
                    "(roles/batch.agentReporter on the project) may be preventing the job from running.",
            ],
            stallNext: {
                down: "`pulumi up` creates another job.",
                up: "Batch still ends the job at its time limit. `pulumi up` reattaches to the run; `pulumi destroy` ends it.",
            },
            role: "roles/batch.jobsEditor on the project",
            nextCost: attemptCost(options.price),
            interrupted: () => "",
            gone: { summary: `Run ${runId} has no Batch job.`, hints: { next: "`pulumi up --refresh` creates one." } },
            debugLines: () => [],
        },
        name,
        state,
        start: async (attemptsLeft) => {
            const { undecided, maxAttempts = attemptsLeft } = options;
            if (undecided === undefined) {
                const definition = withAttempts(options.definition, attemptsLeft, options.spotFallback);
                current = await startJob(apis, options, definition);
            } else {
                // Each point counts its own interruptions. A job that follows an interrupted one uses the fallback.
                const left = options.spotFallback === "standard" && attemptsLeft < maxAttempts ? 1 : maxAttempts;
                const definition = withAttempts(options.definition, left, options.spotFallback);
                const points = await undecided();
                current = await startJob(apis, options, definition, (id) => withPoints(definition, points, id));
            }
            createdMs = apis.clock.now();
        },
        cancel: async () => {
            const deadline = apis.clock.now() + 20 * 60_000;
            const job = await refresh();
            if (job !== undefined && isCancellable(job)) {
                try {
                    await apis.call("POST", `${jobUrl(apis, options, current?.number)}:cancel`, {});
                } catch (error) {
                    // The job has ended, or somebody else has cancelled it in the meantime.
                    if (![400, 409].includes(httpStatusOf(error) ?? 0)) {
                        throw error;
                    }
                }
            }
            for (let next = job; next !== undefined && !isOver(next.status?.state); next = await refresh()) {
                if (apis.clock.now() > deadline) {
                    throw new Error(`${name().replace(/^t/, "T")} has not ended 20 minutes after it was cancelled`);
                }
                await apis.clock.sleep(2000);
            }
        },
        log: async () => {
            const job = await refresh();
            return job === undefined ? [] : eventTexts(job).slice(-shownLines);
        },
    };
}

function isCancellable({ status }: BatchJob): boolean {
    return ["QUEUED", "SCHEDULED", "RUNNING"].includes(status?.state ?? "");
}

/**
 * Converts a job to an engine's state. A job stays RUNNING while Batch retries a task, so the state of its tasks shows
 * whether a VM is training.
 */
export function toState(job: BatchJob | undefined): EngineState {
    if (job === undefined) {
        return { phase: "gone", detail: "no longer exists" };
    }
    const { state = "STATE_UNSPECIFIED", taskGroups = {} } = job.status ?? {};
    if (isOver(state)) {
        const reason = reservedReason(job);
        return { phase: "ended", detail: `is ${state}${reason === undefined ? "" : ` (${reason})`}` };
    }
    if (state === "CANCELLATION_IN_PROGRESS" || state === "DELETION_IN_PROGRESS") {
        return { phase: "stopping", detail: `is ${state}` };
    }
    const counts = Object.values(taskGroups).map((group) => Number(group.counts?.RUNNING ?? 0));
    const running = counts.reduce((sum, count) => sum + count, 0);
    if (state === "RUNNING" && running > 0) {
        return { phase: "running", detail: "is RUNNING", running };
    }
    const waitsFor = waitingReason(job);
    return { phase: "starting", detail: `is ${state}`, ...(waitsFor === undefined ? {} : { waitsFor }) };
}
