import type { InventoryItem } from "..";
import type { Service, Services } from "../services";
import { findDocker } from "../vm/container/find-docker";
import type { RuntimeKind } from "../vm/guest/guest";
import { requireSystemdImage } from "../vm/systemd/systemd-vm";
import { InstanceService } from "./instances";
import { inUse, pathOf } from "./links";
import type { Subnetwork } from "./network-types";
import { NetworkService } from "./networks";
import { Operations } from "./operations";

/** Compute Engine: instances, disks, networks and their operations. */
export class ComputeService implements Service {
    readonly operations = new Operations();
    readonly networks: NetworkService;
    readonly instances: InstanceService;
    readonly #runtime: RuntimeKind;

    /**
     * @param services what instances and their machines use; Compute Engine itself need not be among them yet
     * @throws Error if a runtime of containers is wanted and there is no docker command
     */
    constructor(services: Services) {
        this.#runtime = services.options.runtime;
        if (this.#runtime !== "process") {
            findDocker();
        }
        this.networks = new NetworkService(services.documents);
        this.instances = new InstanceService(services, this.networks);
    }

    /** @throws ApiError 400 while an instance uses it */
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
    }

    async stop(): Promise<void> {
        await this.instances.powerOffAll();
    }

    inventory(): InventoryItem[] {
        return [...this.instances.inventory(), ...this.networks.inventory()];
    }
}
