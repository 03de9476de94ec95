import type { InventoryItem, RuntimeKind, Service } from "../service";
import type { DocumentStore } from "../store/documents";
import { removeAbandonedContainers } from "../vm/container/engine-containers";
import { findDocker } from "../vm/container/find-docker";
import { requireSystemdImage } from "../vm/systemd/systemd-vm";
import { type InstanceDependencies, InstanceService } from "./instances";
import { inUse, pathOf } from "./links";
import type { Subnetwork } from "./network-schema";
import { NetworkService } from "./networks";
import { Operations } from "./operations";
import { SpareResources } from "./spare-resources";

/** Compute Engine with instances, disks, networks and their operations. */
export class ComputeService implements Service {
    readonly operations: Operations;
    readonly networks: NetworkService;
    readonly instances: InstanceService;
    readonly spare: SpareResources;
    readonly #runtime: RuntimeKind;
    readonly #dataDir: string;

    /** @throws Error if the runtime needs containers and the docker command is missing */
    constructor(documents: DocumentStore, dependencies: InstanceDependencies) {
        this.#runtime = dependencies.host.runtime;
        this.#dataDir = dependencies.host.dataDir;
        if (this.#runtime !== "process") {
            findDocker();
        }
        this.operations = new Operations(dependencies.operationMs);
        this.networks = new NetworkService(documents, dependencies.org, (path) => this.operations.requireReady(path));
        this.spare = new SpareResources(documents);
        this.instances = new InstanceService(documents, this.networks, dependencies);
    }

    /** @throws ApiError 400 while an instance is using the disk */
    async deleteSubnetwork(path: string): Promise<Subnetwork> {
        const subnetwork = this.networks.subnetworks.get(path);
        const user = this.instances.instances
            .entries()
            .find(([, instance]) => instance.networkInterfaces.some((one) => one.subnetwork === subnetwork.selfLink));
        if (user !== undefined) {
            throw inUse(path, pathOf(user[1]));
        }
        return await this.networks.subnetworks.delete(path);
    }

    async start(): Promise<void> {
        if (this.#runtime === "systemd") {
            await requireSystemdImage();
        }
        await this.instances.recover();
        try {
            await removeAbandonedContainers(this.#dataDir);
        } catch (error) {
            // If its VMs are processes, the emulator must start even if the Docker engine is unreachable.
            if (this.#runtime !== "process") {
                throw error;
            }
        }
    }

    async stop(): Promise<void> {
        await this.instances.powerOffAll();
    }

    inventory(): InventoryItem[] {
        const { addresses, images } = this.spare;
        return [
            ...this.instances.inventory(),
            ...this.networks.inventory(),
            ...addresses.entries().map(([, { name }]) => ({ kind: "address", name })),
            ...images.entries().map(([, { name }]) => ({ kind: "image", name })),
        ];
    }
}
