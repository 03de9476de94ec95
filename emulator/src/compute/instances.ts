import { ApiError, invalid } from "../http/errors";
import type { ProjectService } from "../projects/projects";
import type { InventoryItem } from "../service";
import type { DocumentStore } from "../store/documents";
import type { MetadataSource } from "../vm/metadata/metadata-tree";
import { ResourceCollection } from "./collection";
import { DiskCollection } from "./disks";
import type { ZoneRef } from "./instance-checks";
import { metadataSource } from "./instance-metadata";
import type { InstanceBody } from "./instance-schema";
import type { Instance, InstanceStatus } from "./instance-types";
import { COMPUTE_URL, fingerprint, pathOf, timestamp } from "./links";
import type { NetworkService } from "./networks";
import { newInstance } from "./new-instance";
import type { UnfinishedChange } from "./operations";
import { type InstanceState, SHUTDOWN_GRACE_SECONDS, VirtualMachine, type VmHost } from "./virtual-machine";

const MAX_DELAY_MS = 2 ** 31 - 1;

/** The parts of the emulator that instances depend on. */
export interface InstanceDependencies {
    readonly projects: ProjectService;
    /** Tests whether a service account exists; accounts in unknown projects count as existing. */
    readonly accountExists: (email: string) => boolean;
    readonly host: VmHost;
}

/** Instances with their boot disks and the VMs behind them. */
export class InstanceService {
    readonly instances: ResourceCollection<Instance>;
    readonly disks: DiskCollection;
    readonly #states = new Map<string, InstanceState>();

    readonly #networks: NetworkService;
    readonly #dependencies: InstanceDependencies;

    constructor(documents: DocumentStore, networks: NetworkService, dependencies: InstanceDependencies) {
        this.#networks = networks;
        this.#dependencies = dependencies;

        this.instances = new ResourceCollection(documents, "instances");
        this.disks = new DiskCollection(documents);
    }

    /** Creates and boots an instance. Resolves once it is RUNNING, while its guest continues to boot. */
    async insert(location: ZoneRef, body: InstanceBody): Promise<Instance> {
        const project = await this.#dependencies.projects.get(location.project);
        const path = `projects/${location.project}/zones/${location.zone}/instances/${body.name}`;
        this.instances.checkFree(path);
        const defaultAccount = `${project.projectNumber}-compute@developer.gserviceaccount.com`;
        const { instance, disk } = newInstance(body, location, {
            networks: this.#networks,
            usedAddresses: (subnetwork) => this.addresses(subnetwork),
            accountExists: this.#dependencies.accountExists,
            defaultAccount,
        });
        const diskPath = pathOf(disk);
        this.disks.checkFree(diskPath);
        // Create both before awaiting anything, so that a second request for the same name finds them.
        await Promise.all([this.disks.put(diskPath, disk), this.instances.put(path, instance)]);
        await this.#boot(path);
        return this.instances.get(path);
    }

    /**
     * Returns the instance as a client sees it. If the instance powered off before any client saw it RUNNING, it is
     * still reported as RUNNING once, because the provider waits for that state after `insert`, and real VMs take
     * longer than its first poll.
     */
    describe(path: string): Instance {
        const instance = this.instances.get(path);
        const state = this.#states.get(path);
        if (instance.status === "RUNNING" && state !== undefined) {
            state.reportedRunning = true;
            if (state.unreportedOff) {
                state.unreportedOff = false;
                // The copy in memory changes immediately; the next awaited write reports a failing disk.
                void this.#setStatus(path, "TERMINATED");
            }
        }
        return instance;
    }

    list(parent: string): Instance[] {
        return this.instances.list(parent).map((instance) => this.describe(pathOf(instance)));
    }

    /** The instances of all zones of `projects/P`, by name. */
    inProject(project: string): Instance[] {
        const paths = this.instances.entries().flatMap(([path]) => (path.startsWith(`${project}/`) ? [path] : []));
        return paths.map((path) => this.describe(path)).sort((one, other) => (one.name < other.name ? -1 : 1));
    }

    /**
     * Starts a stopped instance; a running one is left unchanged.
     * @throws ApiError 400 while the instance is stopping
     */
    async start(path: string): Promise<Instance> {
        await this.#endGrace(path);
        const { status } = this.instances.get(path);
        if (status === "STOPPING") {
            throw new ApiError(400, "resourceNotReady", `The resource '${path}' is not ready`);
        }
        if (status === "TERMINATED") {
            await this.#boot(path);
        }
        return this.instances.get(path);
    }

    /** Shuts an instance down, and cuts its power if that takes longer than the grace period. */
    async stop(path: string): Promise<UnfinishedChange> {
        await this.#endGrace(path);
        const { scheduling } = this.instances.get(path);
        await this.#shutDown(path, SHUTDOWN_GRACE_SECONDS[scheduling.provisioningModel]);
        return { resource: this.instances.get(path), finished: this.#stateOf(path).vm.whenOff() };
    }

    /** Resets an instance: cuts the power, then boots again. */
    async reset(path: string): Promise<Instance> {
        await this.#endGrace(path);
        this.#requireStatus(path, "RUNNING");
        await this.#stateOf(path).vm.cutPower();
        await this.#boot(path);
        return this.instances.get(path);
    }

    /**
     * Preempts an instance. As on Compute Engine, the metadata server reports the preemption, and the guest gets 30
     * seconds.
     * @throws ApiError 400 unless the instance is preemptible
     */
    async preempt(path: string): Promise<Instance> {
        await this.#endGrace(path);
        const { scheduling } = this.#requireStatus(path, "RUNNING");
        if (!scheduling.preemptible) {
            throw invalid(
                `The instance '${path}' is not preemptible: its provisioning model is ${scheduling.provisioningModel}.`,
            );
        }
        this.#stateOf(path).preempted = true;
        await this.#shutDown(path, SHUTDOWN_GRACE_SECONDS.SPOT);
        this.#deleteIfWanted(path);
        return this.instances.get(path);
    }

    /** Deletes an instance immediately, along with its boot disk if that has `autoDelete`. */
    async delete(path: string): Promise<Instance> {
        const instance = this.instances.get(path);
        if (instance.deletionProtection) {
            throw invalid(
                `Invalid resource usage: 'Resource cannot be deleted if it's protected against deletion: ${path}'.`,
            );
        }
        await this.#stateOf(path).vm.remove();
        this.#states.delete(path);
        if (this.instances.find(path) !== undefined) {
            await this.instances.delete(path);
        }
        await this.disks.release(instance);
        return instance;
    }

    /** Changes fields of an instance. @param stoppedOnly whether to fail with 400 unless the instance is stopped */
    async update(
        path: string,
        stoppedOnly: boolean,
        change: (instance: Instance) => Partial<Instance>,
    ): Promise<Instance> {
        await this.#endGrace(path);
        if (stoppedOnly) {
            this.#requireStatus(path, "TERMINATED");
        }
        const instance = this.instances.get(path);
        const changed = { ...instance, ...change(instance) };
        return await this.instances.put(path, {
            ...changed,
            fingerprint: fingerprint({ ...changed, fingerprint: "" }),
        });
    }

    serialPort(path: string): VirtualMachine["serial"] {
        this.instances.get(path);
        return this.#stateOf(path).vm.serial;
    }

    /**
     * Marks every instance as off after a restart of the emulator, and ends processes that a killed emulator left
     * running.
     */
    async recover(): Promise<void> {
        for (const [path, instance] of this.instances.entries()) {
            await this.#stateOf(path).vm.cutPower();
            if (instance.status !== "TERMINATED") {
                await this.#setStatus(path, "TERMINATED");
            }
        }
    }

    /** Powers off every VM immediately. The disks are kept, except for those of the `systemd` runtime. */
    async powerOffAll(): Promise<void> {
        await Promise.all(
            [...this.#states].map(async ([path, { vm }]) => {
                await vm.release();
                await this.#endGrace(path);
            }),
        );
    }

    inventory(): InventoryItem[] {
        return [
            ...this.instances.entries().map(([name]) => ({ kind: "instance", name })),
            ...this.disks.entries().map(([name]) => ({ kind: "disk", name })),
        ];
    }

    async #boot(path: string): Promise<void> {
        const state = this.#stateOf(path);
        state.reportedRunning = false;
        state.unreportedOff = false;
        state.preempted = false;
        state.projectNumber = (await this.#dependencies.projects.get(path.split("/")[1] ?? "")).projectNumber;
        const { scheduling, metadata } = this.instances.get(path);
        const seconds = scheduling.maxRunDuration?.seconds;
        const limitMs = Number(seconds) * 1000;
        const terminationTimestamp = seconds === undefined ? undefined : timestamp(new Date(Date.now() + limitMs));
        await this.instances.put(path, {
            ...this.instances.get(path),
            status: "RUNNING",
            lastStartTimestamp: timestamp(),
            resourceStatus: { scheduling: terminationTimestamp === undefined ? {} : { terminationTimestamp } },
        });
        if (seconds !== undefined) {
            state.limit = setTimeout(() => void this.#limitPassed(path), Math.min(limitMs, MAX_DELAY_MS));
        }
        try {
            await state.vm.boot(metadata.items.find(({ key }) => key === "user-data")?.value ?? "");
        } catch (error) {
            clearTimeout(state.limit);
            await this.#setStatus(path, "TERMINATED");
            throw error;
        }
    }

    async #limitPassed(path: string): Promise<void> {
        if (this.instances.find(path)?.status === "RUNNING") {
            const { scheduling } = this.instances.get(path);
            await this.#shutDown(path, SHUTDOWN_GRACE_SECONDS[scheduling.provisioningModel]);
            this.#deleteIfWanted(path);
        }
    }

    /** Applies `instanceTerminationAction` after Compute Engine itself has stopped the instance. */
    #deleteIfWanted(path: string): void {
        if (this.instances.get(path).scheduling.instanceTerminationAction === "DELETE") {
            // This is not awaited, because the instance exists until its VM is off.
            void this.#stateOf(path)
                .vm.whenOff()
                .then(() => this.delete(path));
        }
    }

    async #shutDown(path: string, graceSeconds: number): Promise<void> {
        if (this.instances.get(path).status === "RUNNING") {
            const stopped = this.#setStatus(path, "STOPPING");
            this.#stateOf(path).vm.shutDown(graceSeconds);
            await stopped;
        }
    }

    async #poweredOff(path: string): Promise<void> {
        const state = this.#stateOf(path);
        clearTimeout(state.limit);
        const status = this.instances.find(path)?.status;
        if (status === "RUNNING" && !state.reportedRunning) {
            state.unreportedOff = true;
        } else if (status !== undefined) {
            await this.#setStatus(path, "TERMINATED");
        }
    }

    /** Sets an instance to TERMINATED if it is off but still reported as RUNNING; see `describe`. */
    async #endGrace(path: string): Promise<void> {
        const state = this.#states.get(path);
        if (state?.unreportedOff === true) {
            state.unreportedOff = false;
            await this.#setStatus(path, "TERMINATED");
        }
    }

    #requireStatus(path: string, status: InstanceStatus): Instance {
        const instance = this.instances.get(path);
        if (instance.status !== status) {
            throw new ApiError(
                400,
                "resourceNotReady",
                `The instance '${path}' is ${instance.status}; it must be ${status}.`,
            );
        }
        return instance;
    }

    async #setStatus(path: string, status: InstanceStatus): Promise<void> {
        const { resourceStatus: _limit, ...instance } = this.instances.get(path);
        const stopped = status === "TERMINATED" ? { lastStopTimestamp: timestamp() } : {};
        await this.instances.put(path, { ...instance, status, ...stopped });
    }

    #stateOf(path: string): InstanceState {
        let state = this.#states.get(path);
        if (state === undefined) {
            const [, project = "", , zone = "", , name = ""] = path.split("/");
            const vm = new VirtualMachine(this.#dependencies.host, `${project}-${zone}-${name}`, {
                metadata: () => this.#metadata(path),
                poweredOff: () => this.#poweredOff(path),
            });
            state = { vm, reportedRunning: false, unreportedOff: false, preempted: false, projectNumber: "" };
            this.#states.set(path, state);
        }
        return state;
    }

    #metadata(path: string): MetadataSource {
        const instance = this.instances.get(path);
        const { preempted, projectNumber } = this.#stateOf(path);
        const image = (this.disks.bootDisk(instance)?.sourceImage ?? "").slice(COMPUTE_URL.length);
        return metadataSource(instance, { preempted, projectNumber, image });
    }

    /** Returns the addresses that instances use in a subnetwork. @param subnetwork link of the subnetwork */
    addresses(subnetwork: string): ReadonlySet<string> {
        const interfaces = this.instances.entries().flatMap(([, instance]) => instance.networkInterfaces);
        return new Set(interfaces.filter((one) => one.subnetwork === subnetwork).map((one) => one.networkIP));
    }
}
