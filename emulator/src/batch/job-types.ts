import type { JobBody, TaskGroupBody } from "./job-schema";

/** https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs#State */
export type JobState =
    | "QUEUED"
    | "SCHEDULED"
    | "RUNNING"
    | "SUCCEEDED"
    | "FAILED"
    | "DELETION_IN_PROGRESS"
    | "CANCELLATION_IN_PROGRESS"
    | "CANCELLED";

/** https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs.taskGroups.tasks#State */
export type TaskState = "PENDING" | "ASSIGNED" | "RUNNING" | "FAILED" | "SUCCEEDED" | "UNEXECUTED";

/** https://cloud.google.com/batch/docs/reference/rest/v1/StatusEvent */
export interface StatusEvent {
    readonly type: string;
    readonly description: string;
    readonly eventTime: string;
    readonly taskState?: TaskState;
    /** Set only for failures. */
    readonly taskExecution?: { readonly exitCode: number };
}

/** The only task group of a job, with Batch's defaults. */
export type TaskGroup = TaskGroupBody & {
    readonly name: string;
    readonly taskCount: string;
    readonly parallelism: string;
};

/** The definition of a job, as stored and returned. It never changes. */
export interface Job extends Omit<JobBody, "name" | "uid" | "createTime" | "updateTime" | "status" | "taskGroups"> {
    /** `projects/P/locations/L/jobs/J`, where P is the project's id. */
    readonly name: string;
    readonly uid: string;
    readonly createTime: string;
    readonly taskGroups: readonly [TaskGroup];
    readonly allocationPolicy: NonNullable<JobBody["allocationPolicy"]> & {
        readonly location: { readonly allowedLocations: readonly string[] };
        readonly serviceAccount: { readonly email: string; readonly scopes?: readonly string[] | undefined };
    };
}

/** The part of a job that changes. */
export interface JobStatus {
    readonly state: JobState;
    readonly updateTime: string;
    readonly events: readonly StatusEvent[];
    /** The time at which the job first ran; undefined if none of its VMs has started yet. */
    readonly runningSince?: string;
    /** The time at which the job stopped running. */
    readonly runningUntil?: string;
}

/** A task that is no longer in its initial state, PENDING. */
export interface Task {
    readonly state: TaskState;
    /** Number of retries so far. */
    readonly attempt: number;
    readonly events: readonly StatusEvent[];
}

/** A task that has not started. */
export const NEW_TASK: Task = { state: "PENDING", attempt: 0, events: [] };

const TERMINAL: readonly JobState[] = ["SUCCEEDED", "FAILED", "CANCELLED"];

/** Tests whether a job has ended, after which it can only be deleted. */
export function isTerminal(state: JobState): boolean {
    return TERMINAL.includes(state);
}

/** Returns a job's name with the project's number in place of its id. */
export function numberedName({ taskGroups }: Job): string {
    return taskGroups[0].name.replace(/\/taskGroups\/group0$/, "");
}

/** Returns the parts of a job's name. */
export function partsOf(name: string): { readonly project: string; readonly location: string; readonly id: string } {
    const [, project = "", , location = "", , id = ""] = name.split("/");
    return { project, location, id };
}
