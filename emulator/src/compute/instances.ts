import { ApiError, invalid } from "../http/errors";
import type { Organization } from "../org/organization";
import type { ProjectService } from "../projects/projects";
import type { InventoryItem } from "../service";
import type { DocumentStore } from "../store/documents";
import type { MetadataSource } from "../vm/metadata/metadata-tree";
import { ResourceCollection } from "./collection";
import { DiskCollection } from "./disks";
import { hasLocalSsd, type ZoneRef } from "./instance-checks";
import { metadataSource } from "./instance-metadata";
import type { InstanceBody } from "./instance-schema";
import type { Instance, InstanceStatus } from "./instance-types";
import { checkCapacity, checkConstraints, checkStock } from "./limits";
import { COMPUTE_URL, fingerprint, pathOf, timestamp } from "./links";
import type { NetworkService } from "./networks";
import { newInstance } from "./new-instance";
import { pause, type UnfinishedChange } from "./operations";
import { type InstanceState, SHUTDOWN_GRACE_SECONDS, VirtualMachine, type VmHost } from "./virtual-machine";

const MAX_DELAY_MS = 2 ** 31 - 1;

/** The parts of the emulator that instances depend on. */
export interface InstanceDependencies {
    readonly projects: ProjectService;
    /** Tests whether a service account exists; accounts in unknown projects count as existing. */
    readonly accountExists: (email: string) => boolean;
    readonly host: VmHost;
    readonly org: Organization;
    /** Duration of operations. While an instance starts, it passes through the states PROVISIONING and STAGING. */
    readonly operationMs: number;
}

type Change = Instance | UnfinishedChange;

/** Instances with their boot disks and the VMs behind them. */
export class InstanceService {
    readonly instances: ResourceCollection<Instance>;
    readonly disks: DiskCollection;
    readonly #states = new Map<string, InstanceState>();

    readonly #networks: NetworkService;
    readonly #dependencies: InstanceDependencies;
    /** True once the emulator is stopping. No VM boots after that. */
    #isStopping = false;

    constructor(documents: DocumentStore, networks: NetworkService, dependencies: InstanceDependencies) {
        this.#networks = networks;
        this.#dependencies = dependencies;

        this.instances = new ResourceCollection(documents, "instances");
        this.disks = new DiskCollection(documents);
    }

    /** Creates and boots an instance. The change is complete once it is RUNNING, though its guest is still booting. */
    async insert(location: ZoneRef, body: InstanceBody): Promise<Change> {
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
        for (const { network, subnetwork } of instance.networkInterfaces) {
            this.#networks.requireReady(pathOf({ selfLink: network }));
            this.#networks.requireReady(pathOf({ selfLink: subnetwork }));
        }
        const { org } = this.#dependencies;
        checkConstraints(org, project, instance, disk);
        const inProject = this.instances
            .entries()
            .filter(([other]) => other.startsWith(`projects/${location.project}/`));
        checkCapacity(
            org,
            instance,
            inProject.map(([, other]) => other),
        );
        const diskPath = pathOf(disk);
        this.disks.checkFree(diskPath);
        // Create the disk and the instance before awaiting anything, so that a second request for the name finds them.
        await Promise.all([this.disks.put(diskPath, disk), this.instances.put(path, instance)]);
        return await this.#powerOn(path);
    }

    list(parent: string): Instance[] {
        return this.instances.list(parent);
    }

    /** The instances in all zones of `projects/P`, ordered by name. */
    inProject(project: string): Instance[] {
        const paths = this.instances.entries().flatMap(([path]) => (path.startsWith(`${project}/`) ? [path] : []));
        return paths.map((path) => this.instances.get(path)).sort((one, other) => (one.name < other.name ? -1 : 1));
    }

    /**
     * Starts a stopped instance; a running one is left unchanged.
     * @throws ApiError 400 while the instance is stopping, OperationError if the zone is out of stock
     */
    async start(path: string): Promise<Change> {
        const instance = this.instances.get(path);
        if (instance.status === "STOPPING") {
            throw notReady(path);
        }
        if (instance.status !== "TERMINATED") {
            return instance;
        }
        checkStock(this.#dependencies.org, instance);
        return await this.#powerOn(path);
    }

    /**
     * Shuts an instance down, and cuts its power if that takes longer than the grace period.
     * @param discardLocalSsd undefined if the request does not say what to do with the data on Local SSDs
     * @throws ApiError 400 while the instance is starting, or if it has Local SSDs and the request does not mention
     * them
     */
    async stop(path: string, discardLocalSsd?: string): Promise<UnfinishedChange> {
        const { scheduling, machineType, status } = this.instances.get(path);
        if (status === "PROVISIONING" || status === "STAGING") {
            throw notReady(path);
        }
        if (hasLocalSsd(machineType) && discardLocalSsd === undefined) {
            // This is Compute Engine's own text: https://github.com/skypilot-org/skypilot/issues/2586
            throw new ApiError(
                400,
                "badRequest",
                "VM has a Local SSD attached but an undefined value for `discard-local-ssd`. If using gcloud, please add `--discard-local-ssd=false` or `--discard-local-ssd=true` to your command.",
            );
        }
        await this.#shutDown(path, SHUTDOWN_GRACE_SECONDS[scheduling.provisioningModel]);
        return { resource: this.instances.get(path), finished: this.#stateOf(path).vm.whenOff() };
    }

    /** Resets an instance: cuts the power, then boots again. */
    async reset(path: string): Promise<Instance> {
        this.#requireStatus(path, "RUNNING");
        await this.#stateOf(path).vm.cutPower();
        await this.#boot(path);
        return this.instances.get(path);
    }

    /**
     * Preempts an instance. As on Compute Engine, the metadata server reports the preemption, and the guest gets 30
     * seconds to shut down.
     * @throws ApiError 400 unless the instance is preemptible
     */
    async preempt(path: string, graceSeconds: number = SHUTDOWN_GRACE_SECONDS.SPOT): Promise<Instance> {
        const { scheduling } = this.#requireStatus(path, "RUNNING");
        if (!scheduling.preemptible) {
            throw invalid(
                `The instance '${path}' is not preemptible: its provisioning model is ${scheduling.provisioningModel}.`,
            );
        }
        this.#stateOf(path).preempted = true;
        await this.#shutDown(path, graceSeconds);
        this.#deleteIfWanted(path);
        return this.instances.get(path);
    }

    /** Deletes an instance, along with its boot disk if that has `autoDelete`. */
    async delete(path: string): Promise<Change> {
        const instance = this.instances.get(path);
        if (instance.deletionProtection) {
            throw invalid(
                `Invalid resource usage: 'Resource cannot be deleted if it's protected against deletion: ${path}'.`,
            );
        }
        const { operationMs } = this.#dependencies;
        if (operationMs === 0) {
            await this.#remove(path, instance);
            return instance;
        }
        const state = this.#stateOf(path);
        if (state.removed === undefined) {
            await this.#setStatus(path, "STOPPING");
            state.removed = pause((operationMs * 2) / 3).then(() => this.#remove(path, instance));
        }
        return { resource: instance, finished: state.removed };
    }

    async #remove(path: string, instance: Instance): Promise<void> {
        if (this.#isStopping) {
            return;
        }
        await this.#stateOf(path).vm.remove();
        this.#states.delete(path);
        if (this.instances.find(path) !== undefined) {
            await this.instances.delete(path);
        }
        await this.disks.release(instance);
    }

    /** Changes an instance's fields. @param stoppedOnly whether to fail with 400 unless the instance is stopped */
    async update(
        path: string,
        stoppedOnly: boolean,
        change: (instance: Instance) => Partial<Instance>,
    ): Promise<Instance> {
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

    /**
     * Returns the state of an instance, which stays readable after the instance has been deleted.
     * @throws ApiError 404
     */
    stateOf(path: string): Readonly<InstanceState> {
        this.instances.get(path);
        return this.#stateOf(path);
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

    /** Powers off every VM immediately. The disks are kept, except in the `systemd` runtime. */
    async powerOffAll(): Promise<void> {
        this.#isStopping = true;
        await Promise.all(
            [...this.#states.values()].map(async ({ vm }) => {
                await vm.release();
            }),
        );
    }

    inventory(): InventoryItem[] {
        return [
            ...this.instances.entries().map(([name]) => ({ kind: "instance", name })),
            ...this.disks.entries().map(([name]) => ({ kind: "disk", name })),
        ];
    }

    /** Starts an instance. The change is complete once it is RUNNING. */
    async #powerOn(path: string): Promise<Change> {
        if (this.#dependencies.operationMs === 0) {
            await this.#boot(path);
            return this.instances.get(path);
        }
        await this.#setStatus(path, "PROVISIONING");
        return { resource: this.instances.get(path), finished: this.#bootSlowly(path) };
    }

    /** Boots an instance after a delay, unless it is deleted or the emulator stops in the meantime. */
    async #bootSlowly(path: string): Promise<void> {
        const third = this.#dependencies.operationMs / 3;
        await pause(third);
        if (!this.#isStopping && this.instances.find(path)?.status === "PROVISIONING") {
            await this.#setStatus(path, "STAGING");
        }
        await pause(third);
        if (!this.#isStopping && this.instances.find(path)?.status === "STAGING") {
            await this.#boot(path);
        }
    }

    async #boot(path: string): Promise<void> {
        const state = this.#stateOf(path);
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
            // The timer must not keep the process alive, for example if the emulator stops while the VM boots.
            state.limit = setTimeout(() => void this.#limitPassed(path), Math.min(limitMs, MAX_DELAY_MS)).unref();
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
            // The caller does not wait for this, because the instance exists until its VM is off.
            void this.#stateOf(path)
                .vm.whenOff()
                .then(async () => {
                    // Another request may have deleted the instance in the meantime.
                    if (this.instances.find(path) !== undefined) {
                        await this.delete(path);
                    }
                });
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
        if (this.instances.find(path) !== undefined) {
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
            state = { vm, preempted: false, projectNumber: "" };
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

function notReady(path: string): ApiError {
    return new ApiError(400, "resourceNotReady", `The resource '${path}' is not ready`);
}
