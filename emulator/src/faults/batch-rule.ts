import { parsePairs } from "./pairs";

/** Ways in which Google Batch can disrupt a job or one of its tasks. */
export const BATCH_FAULT_KINDS = {
    preempt: "the task's spot VM is preempted: its metadata says so, and later its power is cut (50001)",
    "lost-agent": "Batch no longer hears from the task's VM, which keeps running until Batch deletes it (50002)",
    reboot: "the task's VM reboots (50003)",
    unresponsive: "the task cannot be ended; Batch deletes its VM (50004)",
    recreate: "the task's VM is recreated (50006)",
    quota: "the job stays QUEUED for `ticks`, because a quota is used up",
    "stock-out": "the job stays SCHEDULED for `ticks`, because no zone has capacity",
    "no-agent": "no VM's agent reports, so the job fails",
    "slow-delete": "deleting or cancelling the job takes `ticks` longer",
    "early-404": "the job and its tasks return 404 for `ticks` after the job has been created",
} as const;

export type BatchFaultKind = keyof typeof BATCH_FAULT_KINDS;

/** Kinds that affect a task rather than a whole job. */
const TASK_KINDS = ["preempt", "lost-agent", "reboot", "unresponsive", "recreate"] as const;
export type TaskFaultKind = (typeof TASK_KINDS)[number];

/** One fault and the jobs, tasks and attempts that it hits. */
export interface BatchFault {
    readonly kind: BatchFaultKind;
    /** Text contained in the id of the job. Default: every job. */
    readonly job: string | undefined;
    /** Index of the task. Default: every task. */
    readonly task: number | undefined;
    /** Hits only tasks whose index is a multiple of this number. Default: 1. */
    readonly every: number;
    /** Number of attempts that are hit, starting with the first; `Infinity` for all. Default: 1. */
    readonly attempts: number;
    /** Seconds between the start of the task's script and the fault. Default: 0. */
    readonly after: number;
    /** Duration in ticks; with `Infinity`, the fault lasts until Batch gives up. Default: 3. */
    readonly ticks: number;
}

const KEYS = ["kind", "job", "task", "every", "attempts", "after", "ticks"];
const SYNTAX = "kind=preempt,task=3,after=1";

/**
 * Parses a rule of the form `kind=preempt,task=3,after=1`.
 *
 * @throws Error that names the key, the actual value and the allowed values
 */
export function parseBatchFault(text: string): BatchFault {
    const values = parsePairs(text, "a Batch fault", KEYS, SYNTAX);
    const kind = values.get("kind") ?? "";
    if (!Object.hasOwn(BATCH_FAULT_KINDS, kind)) {
        throw new Error(`kind must be one of ${Object.keys(BATCH_FAULT_KINDS).join(", ")}; got "${kind}" (${SYNTAX})`);
    }
    const task = values.get("task");
    return {
        kind: kind as BatchFaultKind,
        job: values.get("job"),
        task: task === undefined ? undefined : number(values, "task", 0),
        every: number(values, "every", 1, /^[1-9]\d{0,5}$/),
        attempts: number(values, "attempts", 1),
        after: number(values, "after", 0, /^\d{1,6}(\.\d{1,3})?$/),
        ticks: number(values, "ticks", 3),
    };
}

function number(values: ReadonlyMap<string, string>, key: string, otherwise: number, pattern = /^\d{1,6}$/): number {
    const text = values.get(key);
    if (text === undefined) {
        return otherwise;
    }
    if (text === "all" && (key === "attempts" || key === "ticks")) {
        return Number.POSITIVE_INFINITY;
    }
    if (!pattern.test(text)) {
        throw new Error(`${key} must be a number such as ${otherwise}; got "${text}" (${SYNTAX})`);
    }
    return Number(text);
}

/** A task that is about to run, or is running. */
export interface TaskRef {
    readonly jobId: string;
    readonly index: number;
    readonly attempt: number;
}

/** The active faults of Google Batch. More can be added while jobs run. */
export class BatchFaults {
    #faults: readonly BatchFault[];
    readonly #listeners = new Set<() => void>();

    constructor(faults: readonly BatchFault[] = []) {
        this.#faults = faults;
    }

    /** Adds a fault. It also hits tasks that are already running. */
    add(fault: BatchFault): void {
        this.#faults = [...this.#faults, fault];
        for (const listener of this.#listeners) {
            listener();
        }
    }

    clear(): void {
        this.#faults = [];
    }

    /** Returns the fault of this kind that hits a job. */
    ofJob(kind: BatchFaultKind, jobId: string): BatchFault | undefined {
        return this.#faults.find((fault) => fault.kind === kind && jobId.includes(fault.job ?? ""));
    }

    /** Returns the fault that hits an attempt of a task. */
    ofTask({ jobId, index, attempt }: TaskRef): (BatchFault & { readonly kind: TaskFaultKind }) | undefined {
        return this.#faults
            .filter(isOfTask)
            .find(
                (fault) =>
                    jobId.includes(fault.job ?? "") &&
                    (fault.task ?? index) === index &&
                    index % fault.every === 0 &&
                    attempt < fault.attempts,
            );
    }

    /** Calls a function whenever a fault is added, until the returned function is called. */
    onAdded(listener: () => void): () => void {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }
}

function isOfTask(fault: BatchFault): fault is BatchFault & { readonly kind: TaskFaultKind } {
    return (TASK_KINDS as readonly string[]).includes(fault.kind);
}
