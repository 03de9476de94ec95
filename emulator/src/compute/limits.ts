import type { Organization } from "../org/organization";
import type { Project } from "../projects/projects";
import type { Disk, Instance } from "./instance-types";
import { COMPUTE_URL, lastSegment, pathOf, regionOf } from "./links";
import { cpusOf } from "./machine-types";
import { OperationError } from "./operations";

/** @throws ApiError 412 for a new instance that a constraint of the organization forbids */
export function checkConstraints(
    org: Organization,
    { projectId, projectNumber }: Project,
    instance: Instance,
    disk: Disk,
): void {
    const [nic] = instance.networkInterfaces;
    org.checkInstance(
        { projectId, projectNumber },
        {
            path: pathOf(instance),
            secureBoot: instance.shieldedInstanceConfig.enableSecureBoot,
            hasExternalAddress: nic?.accessConfigs !== undefined,
            metadata: Object.fromEntries(instance.metadata.items.map(({ key, value }) => [key, value])),
            imageProject: disk.sourceImage.slice(COMPUTE_URL.length).split("/")[1] ?? "",
            kmsKey: disk.diskEncryptionKey?.kmsKeyName,
            subnetwork: (nic?.subnetwork ?? "").slice(COMPUTE_URL.length),
        },
    );
}

/**
 * @param others the other instances in the project
 * @throws OperationError if a quota or the capacity of the zone does not allow the new instance
 */
export function checkCapacity(org: Organization, instance: Instance, others: readonly Instance[]): void {
    const region = regionOf(lastSegment(instance.zone));
    const inRegion = others.filter((one) => regionOf(lastSegment(one.zone)) === region && one.status !== "TERMINATED");
    const cpus = [instance, ...inRegion].reduce((sum, one) => sum + cpusOf(lastSegment(one.machineType)), 0);
    const gpus = [instance, ...others].reduce((sum, one) => sum + gpusOf(one), 0);
    const path = pathOf(instance);
    const cpuLimit = org.exceededQuota("CPUS", cpus);
    if (cpuLimit !== undefined) {
        throw quotaExceeded(path, "CPUS", cpuLimit, `in region ${region}`);
    }
    const gpuLimit = gpusOf(instance) > 0 ? org.exceededQuota("GPUS_ALL_REGIONS", gpus) : undefined;
    if (gpuLimit !== undefined) {
        throw quotaExceeded(path, "GPUS_ALL_REGIONS", gpuLimit, "globally");
    }
    checkStock(org, instance);
}

/** @throws OperationError if the zone has no capacity for the instance */
export function checkStock(org: Organization, instance: Instance): void {
    const path = pathOf(instance);
    if (org.isStockedOut(lastSegment(instance.zone), lastSegment(instance.machineType))) {
        // https://github.com/CCExtractor/sample-platform/issues/901
        throw new OperationError(
            path,
            "ZONE_RESOURCE_POOL_EXHAUSTED",
            `The zone '${path.split("/").slice(0, 4).join("/")}' does not have enough resources available to fulfill the request.  Try a different zone, or try again later.`,
            503,
            "SERVICE UNAVAILABLE",
        );
    }
}

/**
 * Creates the error for an operation that exceeds a quota, as in
 * https://github.com/redpanda-data/redpanda/issues/15472. Its text is from
 * https://github.com/trailofbits/algo/issues/1520.
 *
 * @param scope "globally" or "in region R"
 */
export function quotaExceeded(path: string, metric: string, limit: number, scope: string): OperationError {
    const text = `Quota '${metric}' exceeded.  Limit: ${limit}.0 ${scope}.`;
    return new OperationError(path, "QUOTA_EXCEEDED", text, 403, "FORBIDDEN");
}

function gpusOf({ guestAccelerators = [] }: Instance): number {
    return guestAccelerators.reduce((sum, { acceleratorCount }) => sum + acceleratorCount, 0);
}
