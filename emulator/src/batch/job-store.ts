import { notFound } from "../http/errors";
import type { Collection, DocumentStore } from "../store/documents";
import {
    isTerminal,
    type Job,
    type JobState,
    type JobStatus,
    NEW_TASK,
    partsOf,
    type StatusEvent,
    type Task,
    type TaskState,
} from "./job-types";
import { timestamp } from "./timestamps";

/** A job with its current status. */
export interface StoredJob {
    readonly job: Job;
    readonly status: JobStatus;
}

/** The jobs with their status and tasks. A task that has not started has no document. */
export class JobStore {
    readonly #jobs: Collection<Job>;
    readonly #statuses: Collection<JobStatus>;
    readonly #tasks: Collection<Task>;
    /** The number of tasks of each job in each state. */
    readonly #counts = new Map<string, Map<TaskState, number>>();
    /** The indexes of each job's PENDING tasks, in the order in which they start. */
    readonly #pending = new Map<string, Set<number>>();

    constructor(documents: DocumentStore) {
        this.#jobs = documents.collection("batch/jobs");
        this.#statuses = documents.collection("batch/statuses");
        this.#tasks = documents.collection("batch/tasks");
        for (const job of this.#jobs.values()) {
            this.#count(job);
        }
    }

    async add(job: Job): Promise<void> {
        const status: JobStatus = { state: "QUEUED", updateTime: job.createTime, events: [] };
        // The copy in memory changes before anything is awaited, so a second request for the same name finds the job.
        const saved = Promise.all([this.#jobs.put(job.name, job), this.#statuses.put(job.name, status)]);
        this.#count(job);
        await saved;
    }

    has(name: string): boolean {
        return this.#jobs.has(name);
    }

    /** @throws ApiError 404 with Batch's message */
    get(name: string): StoredJob {
        const found = this.find(name);
        if (found === undefined) {
            throw notFound(`Resource '${name}' was not found`);
        }
        return found;
    }

    find(name: string): StoredJob | undefined {
        const job = this.#jobs.get(name);
        const status = this.#statuses.get(name);
        return job === undefined || status === undefined ? undefined : { job, status };
    }

    all(): StoredJob[] {
        return this.#jobs.entries().flatMap(([name]) => this.find(name) ?? []);
    }

    /** Removes a job and its tasks. */
    async remove({ name, taskGroups }: Job): Promise<void> {
        this.#counts.delete(name);
        this.#pending.delete(name);
        const tasks = Array.from({ length: Number(taskGroups[0].taskCount) }, (_, index) => taskKey(name, index));
        await Promise.all([
            this.#jobs.delete(name),
            this.#statuses.delete(name),
            ...tasks.filter((key) => this.#tasks.has(key)).map((key) => this.#tasks.delete(key)),
        ]);
    }

    /** Adds events to a job and, if `state` is given, changes its state. A job that has been removed is not changed. */
    async update(name: string, events: readonly StatusEvent[], state?: JobState): Promise<void> {
        const before = this.#statuses.get(name);
        if (before === undefined) {
            return;
        }
        const updateTime = timestamp();
        const hasEnded = before.state === "RUNNING" && state !== undefined && state !== "RUNNING";
        await this.#statuses.put(name, {
            ...before,
            updateTime,
            state: state ?? before.state,
            events: [...before.events, ...events],
            ...(state === "RUNNING" ? { runningSince: updateTime } : {}),
            ...(hasEnded ? { runningUntil: updateTime } : {}),
        });
    }

    task(name: string, index: number): Task {
        return this.#tasks.get(taskKey(name, index)) ?? NEW_TASK;
    }

    /** Changes a task's state. A job that has been removed is not changed. */
    async putTask(name: string, index: number, task: Task): Promise<void> {
        const counts = this.#counts.get(name);
        if (counts === undefined) {
            return;
        }
        const before = this.task(name, index).state;
        counts.set(before, (counts.get(before) ?? 0) - 1);
        counts.set(task.state, (counts.get(task.state) ?? 0) + 1);
        if (task.state === "PENDING") {
            this.#pending.get(name)?.add(index);
        } else {
            this.#pending.get(name)?.delete(index);
        }
        await this.#tasks.put(taskKey(name, index), task);
    }

    /** The index of the task to start next, or undefined if no task is PENDING. */
    nextPending(name: string): number | undefined {
        return this.#pending.get(name)?.values().next().value;
    }

    /** The indexes of the tasks in any of these states, in order. */
    indexes(name: string, states: readonly TaskState[]): number[] {
        const count = Number(this.#jobs.get(name)?.taskGroups[0].taskCount ?? 0);
        return Array.from({ length: count }, (_, index) => index).filter((index) =>
            states.includes(this.task(name, index).state),
        );
    }

    /** The number of tasks in each state, omitting states without tasks. */
    counts(name: string): ReadonlyMap<TaskState, number> {
        return new Map([...(this.#counts.get(name) ?? [])].filter(([, count]) => count > 0));
    }

    /** The jobs that have not ended, in the order in which they were created. */
    unfinished(): StoredJob[] {
        return this.all()
            .filter(({ status }) => !isTerminal(status.state))
            .sort((one, other) => (one.job.createTime < other.job.createTime ? -1 : 1));
    }

    /** The jobs in a location, ordered by name. */
    inLocation(project: string, location: string): StoredJob[] {
        return this.all().filter(({ job }) => {
            const place = partsOf(job.name);
            return place.project === project && place.location === location;
        });
    }

    #count({ name, taskGroups }: Job): void {
        const counts = new Map<TaskState, number>();
        const pending = new Set<number>();
        for (let index = 0; index < Number(taskGroups[0].taskCount); index++) {
            const { state } = this.task(name, index);
            counts.set(state, (counts.get(state) ?? 0) + 1);
            if (state === "PENDING") {
                pending.add(index);
            }
        }
        this.#counts.set(name, counts);
        this.#pending.set(name, pending);
    }
}

function taskKey(name: string, index: number): string {
    return `${name}/${index}`;
}
