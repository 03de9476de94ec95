import type { JobState, StatusEvent, TaskState } from "./job-types";
import { timestamp } from "./timestamps";

/** The reasons for Batch's reserved exit codes: https://cloud.google.com/batch/docs/troubleshooting#reserved-exit-codes */
const REASONS: Readonly<Record<number, string>> = {
    50001: "Spot VM preemption",
    50002: "Batch no longer receives VM updates",
    50003: "VM is rebooted during task execution",
    50004: "tasks cannot be canceled",
    50005: "task runs over the maximum runtime",
    50006: "VM is recreated during task execution",
};

/** Identifies the instance on which a task runs, in the form used in events. */
export interface EventInstance {
    readonly zone: string;
    readonly id: string;
}

/** Creates the event for a change in a job's state. @param numbered the job's name, with the project number */
export function jobEvent(numbered: string, from: JobState, to: JobState, reason = ""): StatusEvent {
    return {
        type: "STATUS_CHANGED",
        description: `Job state is set from ${from} to ${to} for job ${numbered}.${reason}`,
        eventTime: timestamp(),
    };
}

/** Creates an event that explains why a job makes no progress. */
export function message(description: string): StatusEvent {
    return { type: "OPERATIONAL_INFO", description, eventTime: timestamp() };
}

/** Creates the event for a change in a task's state. @param exitCode given only for FAILED */
export function taskEvent(
    from: TaskState,
    to: TaskState,
    instance: EventInstance | undefined,
    exitCode?: number,
): StatusEvent {
    const where = instance === undefined ? "" : ` on zones/${instance.zone}/instances/${instance.id}`;
    const reason = exitCode === undefined ? undefined : REASONS[exitCode];
    const why = `${reason === undefined ? "" : ` due to ${reason}`}${exitCode === undefined ? "" : ` with exit code ${exitCode}`}`;
    return {
        type: "STATUS_CHANGED",
        description: `Task state is updated from ${from} to ${to}${where}${why}.`,
        eventTime: timestamp(),
        taskState: to,
        ...(exitCode === undefined ? {} : { taskExecution: { exitCode } }),
    };
}

/**
 * Describes a job's failure and names the task that caused it. The text comes from Cromwell's tests:
 * https://github.com/broadinstitute/cromwell
 */
export function failedTask(index: number, event: StatusEvent | undefined): string {
    return `Job failed due to task failure. Specifically, task with index ${index} failed due to the following task event: "${event?.description ?? ""}"`;
}

/** https://cloud.google.com/batch/docs/troubleshooting#insufficient-quota */
export function quotaDelay(uid: string, quota: string, limit: number, usage: number, wanted: number): string {
    return `Quota checking process decides to delay scheduling for the job ${uid} due to inadequate quotas [Quota: ${quota}, limit: ${limit}, usage: ${usage}, wanted: ${wanted}.].`;
}

/**
 * Describes a VM that could not be created but may be created later: https://github.com/DataBiosphere/dsub/issues/303
 */
export function groupError(code: string, count: number, instance: string, reason: string): string {
    return `VM in Managed Instance Group meets error: Batch Error: code - ${code}, description - error count is ${count}, latest message example: Instance '${instance}' creation failed: ${reason}`;
}

/** Describes an error that ends the job: https://github.com/nextflow-io/nextflow/issues/5550 */
export function fatalError(code: string, reason: string): string {
    return `Job gets non-retryable information Batch Error: code - ${code}, description - ${reason}`;
}

/** https://cloud.google.com/batch/docs/troubleshooting#no-agent-reporting. The 1080 seconds are Google's limit. */
export function noAgent(instance: string): string {
    return `No VM has agent reporting correctly within time window 1080 seconds, VM state for instance ${instance} is ${timestamp()},agent,start`;
}
