import type { InstanceService } from "../compute/instances";
import { pause } from "../compute/operations";
import type { BatchFaultKind, BatchFaults } from "../faults/batch-rule";
import type { IamService } from "../iam/service";
import { deferred } from "../vm/guest/waiting";
import { failedTask, jobEvent, message, noAgent, quotaDelay, taskEvent } from "./events";
import type { JobStore } from "./job-store";
import { type Job, type JobState, numberedName, partsOf, type TaskState } from "./job-types";
import { type JobVm, JobVms, removeLeftovers } from "./job-vms";
import { retries } from "./lifecycle";
import type { TaskLogs } from "./task-logs";
import { runTask, type TaskResult } from "./task-run";
import { type BatchTiming, untilFaultOver } from "./timing";

/** The parts of the emulator that a job needs while it runs. */
export interface JobHost {
    readonly store: JobStore;
    readonly instances: InstanceService;
    readonly iam: IamService;
    readonly faults: BatchFaults;
    readonly logs: TaskLogs;
    readonly timing: BatchTiming;
    /** Tests whether the job's VMs can reach Google's APIs. */
    readonly hasNetworkAccess: (job: Job) => boolean;
}

/** The outcome of a job: its final state, its deletion, or the shutdown of the emulator. */
type Ending = { readonly state: JobState; readonly reason?: string } | "deleted" | "stopped";

/** The lifecycle of one job, from QUEUED to its final state. */
export class JobRun {
    readonly #host: JobHost;
    readonly #job: Job;
    readonly #vms: JobVms;
    readonly #ending = deferred<Ending>();
    /** Resolves when the emulator stops. Do not await timers after that: they do not keep the process alive. */
    readonly #stopped = deferred();
    /** True once an event has explained why no VM can be created. */
    #isRefusalKnown = false;
    /** Set as soon as the outcome is certain. Later outcomes are ignored. */
    #ended: Ending | undefined;
    /** Resolves once the job has reached its final state or has been deleted. */
    readonly finished: Promise<void>;

    constructor(host: JobHost, job: Job) {
        this.#host = host;
        this.#job = job;
        this.#vms = new JobVms(host.instances, job);
        this.finished = this.#run();
    }

    /** Ends the job's tasks and releases its VMs. The job is then CANCELLED. */
    cancel(): void {
        this.#end({ state: "CANCELLED" });
    }

    /** Ends the job's tasks and releases its VMs. The job is then gone. */
    delete(): void {
        this.#end("deleted");
    }

    /** Stops following the job, because the emulator is stopping. */
    stop(): void {
        this.#end("stopped");
        this.#stopped.resolve();
    }

    async #run(): Promise<void> {
        try {
            await this.#recover();
            const slots = this.#live().catch((error: unknown) => this.#fail(error));
            const ending = await this.#ending.promise;
            if (ending !== "stopped") {
                await this.#release(ending, slots);
            }
            if (this.#isStopped) {
                await this.#vms.powerOff();
                await slots;
            }
        } catch (error) {
            // If the disk is failing, this fails too, and the next request reports it.
            await this.#change("FAILED", `Bug in the emulator: ${describe(error)}`).catch(() => undefined);
        }
    }

    #fail(error: unknown): void {
        this.#end({ state: "FAILED", reason: `Bug in the emulator: ${describe(error)}` });
    }

    /** Fails the tasks that were running when the emulator stopped, because their VMs are lost. */
    async #recover(): Promise<void> {
        await this.#unlessStopped(removeLeftovers(this.#host.instances, this.#job));
        const state = this.#state;
        if (state === "CANCELLATION_IN_PROGRESS") {
            this.cancel();
        } else if (state === "DELETION_IN_PROGRESS") {
            this.delete();
        }
        for (const index of this.#indexes("ASSIGNED", "RUNNING")) {
            await this.#taskFailed(index, { exitCode: 50002, vm: undefined });
        }
    }

    /** Moves the job through its states until every task has ended. */
    async #live(): Promise<void> {
        if (this.#state === "QUEUED") {
            await this.#tick();
            await this.#awaitQuota();
            if (!this.#isOver) {
                await this.#change("SCHEDULED");
            }
        }
        if (this.#state === "SCHEDULED") {
            await this.#tick();
            await this.#awaitStock();
        }
        const { maxVms } = this.#host.timing;
        const slots = Math.min(maxVms, Number(this.#job.taskGroups[0].parallelism));
        await Promise.all(Array.from({ length: slots }, () => this.#slot()));
        this.#end({ state: "SUCCEEDED" });
    }

    async #awaitQuota(): Promise<void> {
        await this.#hold("quota", quotaDelay(this.#job.uid, "CPUS", 8, 8, 4));
    }

    async #awaitStock(): Promise<void> {
        await this.#hold("stock-out", this.#vms.stockOut());
    }

    /** Runs one task after another on a VM, and replaces the VM if it is lost. */
    async #slot(): Promise<void> {
        let vm: JobVm | undefined;
        while (!this.#isOver && this.#nextTask !== undefined) {
            vm ??= await this.#createVm();
            const index = this.#nextTask;
            if (vm === undefined || index === undefined || this.#isOver) {
                continue;
            }
            const result = await this.#runTask(vm, index);
            if (result.vmLost) {
                await this.#unlessStopped(this.#vms.remove(vm));
                vm = undefined;
            }
        }
        if (vm !== undefined && !this.#isOver) {
            await this.#unlessStopped(this.#vms.remove(vm));
        }
    }

    /** Creates a VM and awaits its agent. Returns undefined if the job has ended or another slot can do the work. */
    async #createVm(): Promise<JobVm | undefined> {
        for (let tries = 0; !this.#isOver; tries++) {
            const created = await this.#unlessStopped(this.#vms.create());
            if (created === undefined) {
                return undefined;
            }
            if (!("isFatal" in created)) {
                this.#isRefusalKnown = false;
                return await this.#awaitAgent(created);
            }
            if (created.isFatal) {
                await this.#explain(created.description);
                this.#end({ state: "FAILED" });
                return undefined;
            }
            if (this.#vms.count === 0 && !this.#isRefusalKnown) {
                this.#isRefusalKnown = true;
                await this.#explain(created.description);
            }
            if (this.#state === "SCHEDULED" && tries >= this.#host.timing.queueTicks) {
                this.#end({ state: "FAILED" });
                return undefined;
            }
            await this.#tick();
            if (this.#nextTask === undefined) {
                return undefined;
            }
        }
        return undefined;
    }

    async #awaitAgent(vm: JobVm): Promise<JobVm | undefined> {
        const { timing } = this.#host;
        for (let tick = 0; !this.#reports(); tick++) {
            if (this.#isOver) {
                return undefined;
            }
            if (tick * timing.tickMs >= timing.agentMs) {
                if (this.#state === "SCHEDULED") {
                    await this.#explain(noAgent(vm.name));
                    this.#end({ state: "FAILED" });
                }
                await this.#unlessStopped(this.#vms.remove(vm));
                return undefined;
            }
            await this.#tick();
        }
        if (this.#state === "SCHEDULED" && !this.#isOver) {
            await this.#change("RUNNING");
        }
        return vm;
    }

    /** Tests whether the agents on the job's VMs can reach Batch and are allowed to report to it. */
    #reports(): boolean {
        const { project, id } = partsOf(this.#job.name);
        const { email } = this.#job.allocationPolicy.serviceAccount;
        const principal = { kind: "serviceAccount", email } as const;
        return (
            this.#host.faults.ofJob("no-agent", id) === undefined &&
            this.#host.hasNetworkAccess(this.#job) &&
            this.#host.iam.policies.check(principal, "batch.states.report", `projects/${project}`)
        );
    }

    async #runTask(vm: JobVm, index: number): Promise<TaskResult> {
        const { store } = this.#host;
        const { name } = this.#job;
        const { attempt, events } = store.task(name, index);
        const assigned = [...events, taskEvent("PENDING", "ASSIGNED", vm)];
        // Nothing is awaited before this change, so no other slot takes the same task.
        await store.putTask(name, index, { state: "ASSIGNED", attempt, events: assigned });
        const running = [...assigned, taskEvent("ASSIGNED", "RUNNING", vm)];
        await store.putTask(name, index, { state: "RUNNING", attempt, events: running });
        const result = await runTask(this.#host, this.#job, vm, { index, attempt });
        if (this.#isOver) {
            return result;
        }
        if (result.exitCode === 0) {
            const succeeded = [...running, taskEvent("RUNNING", "SUCCEEDED", vm)];
            await store.putTask(name, index, { state: "SUCCEEDED", attempt, events: succeeded });
        } else {
            await this.#taskFailed(index, { exitCode: result.exitCode, vm });
        }
        return result;
    }

    /** Retries a failed task, or ends the job. */
    async #taskFailed(index: number, { exitCode, vm }: { exitCode: number; vm: JobVm | undefined }): Promise<void> {
        const { store } = this.#host;
        const { name, taskGroups } = this.#job;
        const { state, attempt, events } = store.task(name, index);
        const failure = taskEvent(state, "FAILED", vm, exitCode);
        if (retries(taskGroups[0].taskSpec, exitCode, attempt)) {
            const again = [...events, failure, taskEvent("FAILED", "PENDING", undefined)];
            await store.putTask(name, index, { state: "PENDING", attempt: attempt + 1, events: again });
        } else {
            await store.putTask(name, index, { state: "FAILED", attempt, events: [...events, failure] });
            this.#end({ state: "FAILED", reason: failedTask(index, failure) });
        }
    }

    #end(ending: Ending): void {
        if (this.#ended === undefined || ending === "deleted" || ending === "stopped") {
            this.#ended = ending;
            this.#ending.resolve(ending);
        }
    }

    /** Deletes the VMs, along with everything running on them, and then moves the job to its final state. */
    async #release(first: Exclude<Ending, "stopped">, slots: Promise<void>): Promise<void> {
        const { store, faults, timing } = this.#host;
        const { name } = this.#job;
        if (first === "deleted" || first.state === "CANCELLED") {
            await untilFaultOver(faults, "slow-delete", partsOf(name).id, async () => {
                await this.#unlessStopped(pause(timing.tickMs));
                return !this.#isStopped;
            });
        }
        await this.#unlessStopped(this.#removeVms(slots));
        await this.#unlessStopped(pause(timing.tickMs));
        const ending = this.#ended ?? first;
        if (ending === "stopped") {
            return;
        }
        if (ending === "deleted") {
            await store.remove(this.#job);
            return;
        }
        for (const index of this.#indexes("PENDING", "ASSIGNED", "RUNNING")) {
            const task = store.task(name, index);
            const event = taskEvent(task.state, "UNEXECUTED", undefined);
            await store.putTask(name, index, { ...task, state: "UNEXECUTED", events: [...task.events, event] });
        }
        await this.#change(ending.state, ending.reason);
    }

    async #removeVms(slots: Promise<void>): Promise<void> {
        if (this.#isStopped) {
            return;
        }
        await this.#vms.removeAll();
        // A slot may have created another VM in the meantime.
        await slots;
        await this.#vms.removeAll();
    }

    /** Waits for a promise, but stops waiting when the emulator stops. */
    async #unlessStopped<T>(done: Promise<T>): Promise<T | undefined> {
        return await Promise.race([done, this.#stopped.promise.then(() => undefined)]);
    }

    /** The indexes of the tasks in any of these states. */
    #indexes(...states: readonly TaskState[]): number[] {
        return this.#host.store.indexes(this.#job.name, states);
    }

    async #change(state: JobState, reason = ""): Promise<void> {
        await this.#host.store.update(
            this.#job.name,
            [jobEvent(numberedName(this.#job), this.#state, state, reason)],
            state,
        );
    }

    async #explain(description: string): Promise<void> {
        await this.#host.store.update(this.#job.name, [message(description)]);
    }

    async #tick(): Promise<void> {
        await Promise.race([pause(this.#host.timing.tickMs), this.#ending.promise]);
    }

    /** Keeps the job in its state for as long as a fault specifies, but no longer than Batch lets a job wait. */
    async #hold(kind: BatchFaultKind, reason: string): Promise<void> {
        const { faults, timing } = this.#host;
        const { id } = partsOf(this.#job.name);
        if (faults.ofJob(kind, id) === undefined) {
            return;
        }
        await this.#explain(reason);
        let ticks = 0;
        await untilFaultOver(faults, kind, id, async () => {
            ticks += 1;
            if (ticks > timing.queueTicks) {
                this.#end({ state: "FAILED" });
            }
            await this.#tick();
            return !this.#isOver;
        });
    }

    /** The index of the task to start next. */
    get #nextTask(): number | undefined {
        return this.#host.store.nextPending(this.#job.name);
    }

    get #isStopped(): boolean {
        return this.#ended === "stopped";
    }

    get #isOver(): boolean {
        return this.#ended !== undefined;
    }

    get #state(): JobState {
        return this.#host.store.find(this.#job.name)?.status.state ?? "DELETION_IN_PROGRESS";
    }
}

function describe(error: unknown): string {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
