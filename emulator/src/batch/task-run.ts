import type { InstanceService } from "../compute/instances";
import { pause } from "../compute/operations";
import type { BatchFaults, TaskFaultKind } from "../faults/batch-rule";
import { ApiError } from "../http/errors";
import { deferred } from "../vm/guest/waiting";
import { type Job, partsOf } from "./job-types";
import type { JobVm } from "./job-vms";
import type { TaskLogs } from "./task-logs";
import { type BatchTiming, LOST_AGENT_TICKS } from "./timing";

/** The parts of the emulator that a task needs while it runs. */
export interface TaskHost {
    readonly instances: InstanceService;
    readonly faults: BatchFaults;
    readonly logs: TaskLogs;
    readonly timing: BatchTiming;
}

/** An attempt of a task. */
export interface Attempt {
    readonly index: number;
    /** Number of retries so far. */
    readonly attempt: number;
}

/** The outcome of an attempt. */
export interface TaskResult {
    /** The script's exit code, or one of Batch's reserved codes. */
    readonly exitCode: number;
    readonly vmLost: boolean;
}

/** Runs a task's script on a VM, applies the faults that hit the task, and returns how the script ended. */
export async function runTask(host: TaskHost, job: Job, vm: JobVm, attempt: Attempt): Promise<TaskResult> {
    const log = host.logs.open(job, vm.name, attempt);
    const { taskSpec } = job.taskGroups[0];
    const text = taskSpec.runnables[0]?.script.text ?? "";
    const environment = environmentOf(job, attempt);
    const run = await vm.state.vm.runScript({ text, environment, onLine: log.add }).catch(() => undefined);
    if (run === undefined) {
        return { exitCode: lostCode(host.instances, vm), vmLost: true };
    }
    const fault = new TaskFault(host, vm, { ...attempt, jobId: partsOf(job.name).id }, run.kill);
    const limit = deferred<number>();
    const timer = startTimer(limitOf(job), () => {
        run.kill();
        limit.resolve(50005);
    });
    const ended = run.exit.then((code) => code ?? fault.code ?? lostCode(host.instances, vm));
    const exitCode = await Promise.race([ended, limit.promise, fault.ended]);
    clearTimeout(timer);
    await fault.stop();
    await log.close();
    return { exitCode, vmLost: isLost(host.instances, vm) };
}

/** The variables in https://cloud.google.com/batch/docs/create-run-job#variables, and others that real VMs have. */
function environmentOf({ name, uid, taskGroups: [group] }: Job, { index, attempt }: Attempt): Record<string, string> {
    return {
        ...group.taskSpec.environment?.variables,
        ...group.taskEnvironments?.[index]?.variables,
        ...group.taskSpec.runnables[0]?.environment?.variables,
        BATCH_TASK_INDEX: String(index),
        BATCH_TASK_COUNT: group.taskCount,
        BATCH_TASK_RETRY_ATTEMPT: String(attempt),
        BATCH_JOB_ID: partsOf(name).id,
        BATCH_JOB_UID: uid,
    };
}

/** The shorter of the time limits of the task and its script, in seconds. */
function limitOf({ taskGroups: [{ taskSpec }] }: Job): number {
    const limits = [taskSpec.maxRunDuration, taskSpec.runnables[0]?.timeout].map((text) =>
        text === undefined ? Number.POSITIVE_INFINITY : Number.parseFloat(text),
    );
    return Math.min(...limits);
}

function startTimer(seconds: number, act: () => void): NodeJS.Timeout | undefined {
    return Number.isFinite(seconds) ? setTimeout(act, seconds * 1000).unref() : undefined;
}

/** The reserved code for a task whose VM has lost power. */
function lostCode(instances: InstanceService, { path, state }: JobVm): number {
    if (state.preempted) {
        return 50001;
    }
    const status = instances.instances.find(path)?.status;
    return status === "RUNNING" ? 50003 : 50002;
}

function isLost(instances: InstanceService, { path, state }: JobVm): boolean {
    return state.preempted || instances.instances.find(path)?.status !== "RUNNING";
}

/** The fault that hits one attempt of a task. It may be added while the attempt is running. */
class TaskFault {
    /** Resolves to a reserved code if Batch gives up on the task while its script may still be running. */
    readonly ended: Promise<number>;
    /** The reserved code for a script that has lost its VM. */
    code: number | undefined;

    readonly #host: TaskHost;
    readonly #vm: JobVm;
    readonly #kill: () => void;
    readonly #givenUp = deferred<number>();
    readonly #forget: () => void;
    #timer: NodeJS.Timeout | undefined;
    #striking = Promise.resolve();
    readonly #over = deferred();
    #isOver = false;

    constructor(host: TaskHost, vm: JobVm, task: Attempt & { readonly jobId: string }, kill: () => void) {
        this.#host = host;
        this.#vm = vm;
        this.#kill = kill;
        this.ended = this.#givenUp.promise;
        const arm = () => {
            const fault = host.faults.ofTask(task);
            if (fault !== undefined && this.#timer === undefined) {
                this.#timer = startTimer(fault.after, () => {
                    // This promise never rejects.
                    this.#striking = this.#strike(fault.kind);
                });
            }
        };
        this.#forget = host.faults.onAdded(arm);
        arm();
    }

    /** Stops the fault after the attempt has ended. Resolves once any action that the fault has begun is complete. */
    async stop(): Promise<void> {
        this.#isOver = true;
        this.#over.resolve();
        clearTimeout(this.#timer);
        this.#forget();
        await this.#striking;
    }

    async #strike(kind: TaskFaultKind): Promise<void> {
        const { instances, timing } = this.#host;
        const { path } = this.#vm;
        try {
            switch (kind) {
                case "preempt":
                    // Only spot VMs are preempted.
                    if (instances.instances.get(path).scheduling.preemptible) {
                        await instances.preempt(path, timing.preemptionMs / 1000);
                    }
                    return;
                case "reboot":
                    this.code = 50003;
                    await instances.reset(path);
                    return;
                case "recreate":
                    this.code = 50006;
                    await instances.delete(path);
                    return;
                case "unresponsive":
                    this.#givenUp.resolve(50004);
                    this.#kill();
                    return;
                case "lost-agent":
                    await Promise.race([pause(LOST_AGENT_TICKS * timing.tickMs), this.#over.promise]);
                    if (!this.#isOver) {
                        this.code = 50002;
                        await instances.delete(path);
                        this.#givenUp.resolve(50002);
                    }
                    return;
            }
        } catch (error) {
            // The VM may be gone because the job has ended. After any other error, the task fails for an unknown
            // reason.
            if (!(error instanceof ApiError)) {
                this.#givenUp.resolve(50000);
            }
        }
    }
}
