import { randomBytes } from "node:crypto";
import { instanceBody } from "../compute/instance-schema";
import type { InstanceService } from "../compute/instances";
import { OperationError } from "../compute/operations";
import type { InstanceState } from "../compute/virtual-machine";
import { ApiError } from "../http/errors";
import type { EventInstance } from "./events";
import { fatalError, groupError } from "./events";
import { type Job, partsOf } from "./job-types";
import { diskProblem, type Machine, machineOf, zonesIn } from "./machine";

const SCOPE = "https://www.googleapis.com/auth/cloud-platform";

/** A VM that runs tasks of a job. */
export interface JobVm extends EventInstance {
    /** `projects/P/zones/Z/instances/N`. */
    readonly path: string;
    readonly name: string;
    readonly state: Readonly<InstanceState>;
}

/** A VM that could not be created. */
export interface Refusal {
    /** The text of the event that explains the failure. */
    readonly description: string;
    /** False if Batch will try again. */
    readonly isFatal: boolean;
}

/** The VMs of one job, which are Compute Engine instances. */
export class JobVms {
    readonly #instances: InstanceService;
    readonly #job: Job;
    readonly #machine: Machine;
    readonly #zones: readonly string[];
    readonly #vms = new Set<JobVm>();
    /** The number of VMs that could not be created. */
    #errors = 0;

    constructor(instances: InstanceService, job: Job) {
        this.#instances = instances;
        this.#job = job;
        this.#machine = machineOf(job.allocationPolicy);
        this.#zones = zonesIn(job.allocationPolicy.location.allowedLocations);
    }

    /** The event text for a job that is waiting because no zone has capacity. */
    stockOut(): string {
        const zone = this.#zones[0] ?? "";
        const { project } = partsOf(this.#job.name);
        const reason = `The zone 'projects/${project}/zones/${zone}' does not have enough resources available to fulfill the request.  Try a different zone, or try again later.`;
        return groupError("CODE_GCE_ZONE_RESOURCE_POOL_EXHAUSTED", 1, `${this.#job.uid}-group0-0`, reason);
    }

    get count(): number {
        return this.#vms.size;
    }

    /** Creates a VM in the first zone that has capacity, and boots it. */
    async create(): Promise<JobVm | Refusal> {
        const problem = diskProblem(this.#machine);
        if (problem !== undefined) {
            return { description: fatalError("CODE_GCE_INVALID_FIELD_VALUE", problem), isFatal: true };
        }
        let refusal: Refusal | undefined;
        for (const zone of this.#zones) {
            const name = `${this.#job.uid}-group0-0-${randomBytes(2).toString("hex")}`;
            try {
                return await this.#insert(name, zone);
            } catch (error) {
                refusal = this.#refusal(name, error);
                if (refusal.isFatal) {
                    return refusal;
                }
            }
        }
        if (refusal === undefined) {
            throw new Error(`the job ${this.#job.name} has no zones`);
        }
        return refusal;
    }

    /** Deletes a VM, along with everything running on it. Resolves once it is gone. */
    async remove(vm: JobVm): Promise<void> {
        await deleteInstance(this.#instances, vm.path);
        this.#vms.delete(vm);
    }

    async removeAll(): Promise<void> {
        await Promise.all([...this.#vms].map((vm) => this.remove(vm)));
    }

    /** Cuts the power to all VMs, because the emulator is stopping. */
    async powerOff(): Promise<void> {
        await Promise.all([...this.#vms].map(({ state }) => state.vm.cutPower()));
    }

    async #insert(name: string, zone: string): Promise<JobVm> {
        const { project } = partsOf(this.#job.name);
        const change = await this.#instances.insert({ project, zone }, this.#body(name, zone));
        const { id } = "finished" in change ? change.resource : change;
        const path = `projects/${project}/zones/${zone}/instances/${name}`;
        const vm = { path, name, zone, id, state: this.#instances.stateOf(path) };
        this.#vms.add(vm);
        if ("finished" in change) {
            await change.finished;
        }
        return vm;
    }

    #body(name: string, zone: string) {
        const { allocationPolicy } = this.#job;
        const { machineType, provisioningModel, image, diskType, diskSizeGb, accelerators } = this.#machine;
        const [nic] = allocationPolicy.network?.networkInterfaces ?? [];
        const network = nic?.network ?? (nic?.subnetwork === undefined ? "global/networks/default" : undefined);
        const { email, scopes = [] } = allocationPolicy.serviceAccount;
        return instanceBody.parse({
            name,
            machineType: `zones/${zone}/machineTypes/${machineType}`,
            disks: [
                {
                    boot: true,
                    autoDelete: true,
                    initializeParams: {
                        sourceImage: image,
                        diskSizeGb,
                        diskType: `zones/${zone}/diskTypes/${diskType}`,
                    },
                },
            ],
            networkInterfaces: [
                {
                    network,
                    subnetwork: nic?.subnetwork,
                    ...(nic?.noExternalIpAddress === true ? {} : { accessConfigs: [{ type: "ONE_TO_ONE_NAT" }] }),
                },
            ],
            serviceAccounts: [{ email, scopes: [SCOPE, ...scopes.filter((scope) => scope !== SCOPE)] }],
            scheduling: {
                provisioningModel,
                instanceTerminationAction: provisioningModel === "SPOT" ? "DELETE" : undefined,
                automaticRestart: false,
                onHostMaintenance: accelerators.length > 0 || provisioningModel === "SPOT" ? "TERMINATE" : undefined,
            },
            guestAccelerators: accelerators.map(({ type, count }) => ({
                acceleratorType: `zones/${zone}/acceleratorTypes/${type}`,
                acceleratorCount: count,
            })),
            labels: allocationPolicy.labels,
        });
    }

    #refusal(name: string, error: unknown): Refusal {
        if (error instanceof OperationError) {
            this.#errors += 1;
            const code = `CODE_GCE_${error.code === "ZONE_RESOURCE_POOL_EXHAUSTED" ? "ZONE_RESOURCE_POOL_EXHAUSTED" : "QUOTA_EXCEEDED"}`;
            return { description: groupError(code, this.#errors, name, error.message), isFatal: false };
        }
        if (!(error instanceof ApiError)) {
            throw error;
        }
        if (error.message.includes("is exhausted")) {
            this.#errors += 1;
            return {
                description: groupError("CODE_GCE_IP_SPACE_EXHAUSTED", this.#errors, name, error.message),
                isFatal: false,
            };
        }
        if (error.code === 412) {
            return { description: `Instance ${name} creation failed: ${error.message}`, isFatal: true };
        }
        const missing = error.code === 404 || error.message.includes("was not found");
        return {
            description: fatalError(
                missing ? "CODE_GCE_RESOURCE_NOT_FOUND" : "CODE_GCE_INVALID_FIELD_VALUE",
                `googleapi: Error ${error.code}: ${error.message}`,
            ),
            isFatal: true,
        };
    }
}

/** Deletes the VMs that an earlier emulator left behind. */
export async function removeLeftovers(instances: InstanceService, { name, uid }: Job): Promise<void> {
    const { project } = partsOf(name);
    const left = instances.instances
        .entries()
        .filter(([path, vm]) => path.startsWith(`projects/${project}/`) && vm.name.startsWith(`${uid}-group0-`));
    await Promise.all(left.map(([path]) => deleteInstance(instances, path)));
}

async function deleteInstance(instances: InstanceService, path: string): Promise<void> {
    // A preempted instance has already been deleted.
    if (instances.instances.find(path) !== undefined) {
        const change = await instances.delete(path);
        if ("finished" in change) {
            await change.finished;
        }
    }
}
