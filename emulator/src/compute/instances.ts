import type { InventoryItem } from "..";
import { ApiError, invalid } from "../http/errors";
import type { Services } from "../services";
import type { MetadataSource } from "../vm/metadata/metadata-tree";
import { ResourceCollection } from "./collection";
import { DiskCollection } from "./disks";
import type { InstancePlace } from "./instance-checks";
import { metadataSource } from "./instance-metadata";
import type { InstanceBody } from "./instance-schema";
import type { Instance, InstanceStatus } from "./instance-types";
import { COMPUTE_URL, fingerprint, pathOf, timestamp } from "./links";
import type { NetworkService } from "./networks";
import { newInstance } from "./new-instance";
import { type Live, SHUTDOWN_GRACE_SECONDS, VirtualMachine } from "./virtual-machine";

const MAX_DELAY_MS = 2 ** 31 - 1;

/** Instances with their boot disks, and the life of the machines behind them. */
export class InstanceService {
    readonly instances: ResourceCollection<Instance>;
    readonly disks: DiskCollection;
    readonly #live = new Map<string, Live>();

    readonly #services: Services;
    readonly #networks: NetworkService;

    constructor(services: Services, networks: NetworkService) {
        this.#services = services;
        this.#networks = networks;

        this.instances = new ResourceCollection(services.documents, "instances");
        this.disks = new DiskCollection(services.documents);
    }

    /** Makes and boots an instance. Resolves when it is RUNNING; its system goes on booting. */
    async insert(place: InstancePlace, body: InstanceBody): Promise<Instance> {
        const project = await this.#services.projects.get(place.project);
        const path = `projects/${place.project}/zones/${place.zone}/instances/${body.name}`;
        this.instances.checkFree(path);
        const defaultAccount = `${project.projectNumber}-compute@developer.gserviceaccount.com`;
        const made = newInstance(body, place, {
            networks: this.#networks,
            usedAddresses: (subnetwork) => this.addresses(subnetwork),
            accountExists: (email) => this.#services.serviceAccounts.exists(email),
            defaultAccount,
        });
        const diskPath = pathOf(made.disk);
        this.disks.checkFree(diskPath);
        // Both are there before anything is awaited, so that a second request of the same name finds them.
        await Promise.all([this.disks.put(diskPath, made.disk), this.instances.put(path, made.instance)]);
        await this.#boot(path);
        return this.instances.get(path);
    }

    /**
     * The instance as a client sees it. A machine that went off before anybody saw it RUNNING is answered as RUNNING
     * once: the provider waits for that state after `insert`, and real machines take longer than its first look.
     */
    view(path: string): Instance {
        const instance = this.instances.get(path);
        const live = this.#live.get(path);
        if (instance.status === "RUNNING" && live !== undefined) {
            live.seenRunning = true;
            if (live.offUnseen) {
                live.offUnseen = false;
                // In memory at once; a failing disk is reported by the next write that is awaited.
                void this.#setStatus(path, "TERMINATED");
            }
        }
        return instance;
    }

    list(parent: string): Instance[] {
        return this.instances.list(parent).map((instance) => this.view(pathOf(instance)));
    }

    /** Starts a stopped instance; one that runs stays as it is. @throws ApiError 400 while it stops */
    async start(path: string): Promise<Instance> {
        await this.#settle(path);
        const { status } = this.instances.get(path);
        if (status === "STOPPING") {
            throw new ApiError(400, "resourceNotReady", `The resource '${path}' is not ready`);
        }
        if (status === "TERMINATED") {
            await this.#boot(path);
        }
        return this.instances.get(path);
    }

    /** Shuts an instance down in an orderly way, or by cutting its power after the grace. */
    async stop(path: string): Promise<{ instance: Instance; finished: Promise<void> }> {
        await this.#settle(path);
        const { scheduling } = this.instances.get(path);
        await this.#shutDown(path, SHUTDOWN_GRACE_SECONDS[scheduling.provisioningModel]);
        return { instance: this.instances.get(path), finished: this.#liveOf(path).vm.whenOff() };
    }

    /** Cuts the power and boots again. */
    async reset(path: string): Promise<Instance> {
        await this.#settle(path);
        this.#requireStatus(path, "RUNNING");
        await this.#liveOf(path).vm.cutPower();
        await this.#boot(path);
        return this.instances.get(path);
    }

    /** As Compute Engine preempts: the metadata server says so, and the guest has 30 seconds. @throws ApiError 400 */
    async preempt(path: string): Promise<Instance> {
        await this.#settle(path);
        const { scheduling } = this.#requireStatus(path, "RUNNING");
        if (!scheduling.preemptible) {
            throw invalid(
                `The instance '${path}' is not preemptible: its provisioning model is ${scheduling.provisioningModel}.`,
            );
        }
        this.#liveOf(path).preempted = true;
        await this.#shutDown(path, SHUTDOWN_GRACE_SECONDS.SPOT);
        this.#deleteIfWanted(path);
        return this.instances.get(path);
    }

    /** Deletes an instance at once, with its boot disk if that has `autoDelete`. */
    async delete(path: string): Promise<Instance> {
        const instance = this.instances.get(path);
        if (instance.deletionProtection) {
            throw invalid(
                `Invalid resource usage: 'Resource cannot be deleted if it's protected against deletion: ${path}'.`,
            );
        }
        await this.#liveOf(path).vm.remove();
        this.#live.delete(path);
        if (this.instances.find(path) !== undefined) {
            await this.instances.delete(path);
        }
        await this.disks.release(instance);
        return instance;
    }

    /** Changes fields. @param stoppedOnly 400 unless the instance is stopped */
    async update(
        path: string,
        stoppedOnly: boolean,
        change: (instance: Instance) => Partial<Instance>,
    ): Promise<Instance> {
        await this.#settle(path);
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
        return this.#liveOf(path).vm.serial;
    }

    /** After a restart of the emulator every machine is off; what an emulator that was killed left behind is ended. */
    async recover(): Promise<void> {
        for (const [path, instance] of this.instances.entries()) {
            await this.#liveOf(path).vm.cutPower();
            if (instance.status !== "TERMINATED") {
                await this.#setStatus(path, "TERMINATED");
            }
        }
    }

    /** Switches every machine off at once; the disks stay, except those of the runtime `systemd`. */
    async powerOffAll(): Promise<void> {
        await Promise.all(
            [...this.#live].map(async ([path, { vm }]) => {
                await vm.release();
                await this.#settle(path);
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
        const live = this.#liveOf(path);
        live.seenRunning = false;
        live.offUnseen = false;
        live.preempted = false;
        live.projectNumber = (await this.#services.projects.get(path.split("/")[1] ?? "")).projectNumber;
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
            live.limit = setTimeout(() => void this.#limitPassed(path), Math.min(limitMs, MAX_DELAY_MS));
        }
        try {
            await live.vm.boot(metadata.items.find(({ key }) => key === "user-data")?.value ?? "");
        } catch (error) {
            clearTimeout(live.limit);
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

    /** Compute Engine itself ended the run: `instanceTerminationAction` says what becomes of the instance. */
    #deleteIfWanted(path: string): void {
        if (this.instances.get(path).scheduling.instanceTerminationAction === "DELETE") {
            // Nobody waits for it: the instance is there until it is gone.
            void this.#liveOf(path)
                .vm.whenOff()
                .then(() => this.delete(path));
        }
    }

    async #shutDown(path: string, graceSeconds: number): Promise<void> {
        if (this.instances.get(path).status === "RUNNING") {
            const stopped = this.#setStatus(path, "STOPPING");
            this.#liveOf(path).vm.shutDown(graceSeconds);
            await stopped;
        }
    }

    async #poweredOff(path: string): Promise<void> {
        const live = this.#liveOf(path);
        clearTimeout(live.limit);
        const status = this.instances.find(path)?.status;
        if (status === "RUNNING" && !live.seenRunning) {
            live.offUnseen = true;
        } else if (status !== undefined) {
            await this.#setStatus(path, "TERMINATED");
        }
    }

    /** Ends the pretence of `view`: from here on the state counts. */
    async #settle(path: string): Promise<void> {
        const live = this.#live.get(path);
        if (live?.offUnseen === true) {
            live.offUnseen = false;
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

    #liveOf(path: string): Live {
        let live = this.#live.get(path);
        if (live === undefined) {
            const [, project = "", , zone = "", , name = ""] = path.split("/");
            const vm = new VirtualMachine(this.#services, `${project}-${zone}-${name}`, {
                metadata: () => this.#metadata(path),
                poweredOff: () => this.#poweredOff(path),
            });
            live = { vm, seenRunning: false, offUnseen: false, preempted: false, projectNumber: "" };
            this.#live.set(path, live);
        }
        return live;
    }

    #metadata(path: string): MetadataSource {
        const instance = this.instances.get(path);
        const { preempted, projectNumber } = this.#liveOf(path);
        const image = (this.disks.bootDisk(instance)?.sourceImage ?? "").slice(COMPUTE_URL.length);
        return metadataSource(instance, { preempted, projectNumber, image });
    }

    /** Addresses that instances have in a subnetwork. @param subnetwork its link */
    addresses(subnetwork: string): ReadonlySet<string> {
        const interfaces = this.instances.entries().flatMap(([, instance]) => instance.networkInterfaces);
        return new Set(interfaces.filter((one) => one.subnetwork === subnetwork).map((one) => one.networkIP));
    }
}
