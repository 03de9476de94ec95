import type { ComputeService } from "../compute/compute-service";
import { lastSegment, referencePath } from "../compute/links";
import { pause } from "../compute/operations";
import type { BatchFaults } from "../faults/batch-rule";
import { ApiError, alreadyExists, notFound } from "../http/errors";
import type { IamService } from "../iam/service";
import type { LogService } from "../logging/entries";
import type { InventoryItem, Service } from "../service";
import type { DocumentStore } from "../store/documents";
import { deferred } from "../vm/guest/waiting";
import { jobEvent } from "./events";
import { JobRun } from "./job-run";
import type { JobBody } from "./job-schema";
import { JobStore, type StoredJob } from "./job-store";
import { isTerminal, type Job, numberedName, partsOf } from "./job-types";
import { type JobPlace, newJob } from "./new-job";
import { BatchOperations } from "./operations";
import { TaskLogs } from "./task-logs";
import { type BatchTiming, untilFaultOver } from "./timing";

/** The parts of the emulator that Google Batch depends on. */
export interface BatchDependencies {
    readonly iam: IamService;
    readonly compute: ComputeService;
    readonly logs: LogService;
    readonly faults: BatchFaults;
    readonly timing: BatchTiming;
}

/** Google Batch: jobs whose tasks run on Compute Engine instances. */
export class BatchService implements Service {
    readonly store: JobStore;
    readonly operations: BatchOperations;
    readonly faults: BatchFaults;
    readonly #runs = new Map<string, JobRun>();
    readonly #deletions = new Map<string, Promise<void>>();
    readonly #dependencies: BatchDependencies;
    /** Resolves when the emulator stops. */
    readonly #stopped = deferred();
    #isStopping = false;

    constructor(documents: DocumentStore, dependencies: BatchDependencies) {
        this.#dependencies = dependencies;
        this.store = new JobStore(documents);
        this.operations = new BatchOperations(documents);
        this.faults = dependencies.faults;
    }

    /**
     * Creates a job and starts it.
     * @throws ApiError 400 for a job that Batch rejects, 409 if the id is taken, 501 for a feature that is not emulated
     */
    async create(body: JobBody, place: JobPlace): Promise<StoredJob> {
        const job = newJob(body, place);
        if (this.store.has(job.name)) {
            throw alreadyExists(`Resource '${job.name}' already exists`);
        }
        const added = this.store.add(job);
        // The response describes the job as created, even if its state changes while it is being written to disk.
        const created = this.store.get(job.name);
        this.#follow(job);
        await added;
        return created;
    }

    /** Returns a job. @throws ApiError 404 */
    get(name: string): StoredJob {
        const found = this.store.get(name);
        this.#requireVisible(found.job);
        return found;
    }

    /** @throws ApiError 404, or 400 while the job is being deleted */
    async delete(name: string): Promise<object> {
        const { job, status } = this.store.get(name);
        if (status.state === "DELETION_IN_PROGRESS") {
            throw notReady(`Job ${name} is being deleted.`);
        }
        const operation = await this.operations.start(name, "delete");
        const event = jobEvent(numberedName(job), status.state, "DELETION_IN_PROGRESS");
        await this.store.update(name, [event], "DELETION_IN_PROGRESS");
        this.#deletions.set(name, this.#delete(job));
        return operation;
    }

    /** @throws ApiError 404, or 400 while the job is being cancelled or deleted */
    async cancel(name: string): Promise<object> {
        const { job, status } = this.store.get(name);
        if (status.state === "DELETION_IN_PROGRESS" || status.state === "CANCELLATION_IN_PROGRESS") {
            throw notReady(`Job ${name} is in the state ${status.state}.`);
        }
        const operation = await this.operations.start(name, "cancel");
        if (isTerminal(status.state)) {
            await this.operations.finish(name, "cancel");
            return operation;
        }
        const event = jobEvent(numberedName(job), status.state, "CANCELLATION_IN_PROGRESS");
        await this.store.update(name, [event], "CANCELLATION_IN_PROGRESS");
        this.#runs.get(name)?.cancel();
        return operation;
    }

    /** Continues the jobs that had not ended when the emulator stopped. */
    async start(): Promise<void> {
        for (const { job, status } of this.store.unfinished()) {
            this.#follow(job);
            if (status.state === "DELETION_IN_PROGRESS") {
                this.#deletions.set(job.name, this.#delete(job));
            }
        }
    }

    async stop(): Promise<void> {
        this.#isStopping = true;
        this.#stopped.resolve();
        for (const run of this.#runs.values()) {
            run.stop();
        }
        await Promise.all([...this.#runs.values()].map((run) => run.finished));
        await Promise.all(this.#deletions.values());
    }

    inventory(): InventoryItem[] {
        return this.store.all().map(({ job }) => ({ kind: "batch job", name: job.name }));
    }

    #follow(job: Job): void {
        const { iam, compute, logs, faults, timing } = this.#dependencies;
        const run = new JobRun(
            {
                store: this.store,
                instances: compute.instances,
                iam,
                faults,
                timing,
                logs: new TaskLogs(logs, iam),
                hasNetworkAccess: (one) => this.#hasNetworkAccess(one),
            },
            job,
        );
        this.#runs.set(job.name, run);
        // This promise never rejects.
        void run.finished.then(async () => {
            this.#runs.delete(job.name);
            if (!this.#isStopping) {
                await this.operations.finish(job.name, "cancel");
            }
        });
    }

    /** Waits until a job's VMs are gone, and then removes the job. */
    async #delete(job: Job): Promise<void> {
        const run = this.#runs.get(job.name);
        if (run === undefined) {
            const { faults, timing } = this.#dependencies;
            const tick = () => Promise.race([pause(timing.tickMs), this.#stopped.promise]);
            await untilFaultOver(faults, "slow-delete", partsOf(job.name).id, async () => {
                await tick();
                return !this.#isStopping;
            });
            await tick();
        } else {
            run.delete();
            await run.finished;
        }
        if (!this.#isStopping) {
            await this.store.remove(job);
            await this.operations.finish(job.name, "delete");
        }
        this.#deletions.delete(job.name);
    }

    /** Tests whether a job's VMs can reach Google's APIs, with an external address or through Private Google Access. */
    #hasNetworkAccess({ name, allocationPolicy }: Job): boolean {
        const [nic] = allocationPolicy.network?.networkInterfaces ?? [];
        if (nic?.noExternalIpAddress !== true) {
            return true;
        }
        const { project, location } = partsOf(name);
        const automatic = `regions/${location}/subnetworks/${lastSegment(nic.network ?? "default")}`;
        const path = referencePath(nic.subnetwork ?? automatic, project, "subnetwork");
        return this.#dependencies.compute.networks.subnetwork(path).privateIpGoogleAccess;
    }

    /** Hides a job that was created recently, if a fault requires it. */
    #requireVisible({ name, createTime }: Job): void {
        const fault = this.faults.ofJob("early-404", partsOf(name).id);
        const { tickMs } = this.#dependencies.timing;
        if (fault !== undefined && Date.now() < Date.parse(createTime) + fault.ticks * tickMs) {
            throw notFound(`Resource '${name}' was not found`);
        }
    }
}

function notReady(message: string): ApiError {
    return new ApiError(400, "failedPrecondition", message, { status: "FAILED_PRECONDITION" });
}
