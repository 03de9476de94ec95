import type { Organization } from "../org/organization";
import type { ComputeService } from "./compute-service";
import type { Instance } from "./instance-types";
import { lastSegment, regionOf } from "./links";
import { cpusOf } from "./machine-types";

/** An entry in a region's or project's list of quotas. */
interface Quota {
    readonly metric: string;
    readonly limit: number;
    readonly usage: number;
}

/** The limit for a metric if the organization does not set one. */
const UNLIMITED = 100_000;

/** Series whose CPUs have a separate quota. */
const OWN_CPUS = ["A2", "C2", "C2D", "C3", "M1", "M2", "M3", "N2", "N2D", "T2A", "T2D"];
/**
 * Series whose CPUs count towards CPUS. The quotas for newer series and newer GPUs are listed only by the Cloud Quotas
 * API.
 */
const COMMON_CPUS = ["CUSTOM", "E2", "F1", "G1", "N1"];

/** The name of the quota for each GPU type. */
const GPUS: Readonly<Record<string, string>> = {
    "nvidia-a100-80gb": "NVIDIA_A100_80GB_GPUS",
    "nvidia-l4": "NVIDIA_L4_GPUS",
    "nvidia-tesla-a100": "NVIDIA_A100_GPUS",
    "nvidia-tesla-p100": "NVIDIA_P100_GPUS",
    "nvidia-tesla-p4": "NVIDIA_P4_GPUS",
    "nvidia-tesla-t4": "NVIDIA_T4_GPUS",
    "nvidia-tesla-v100": "NVIDIA_V100_GPUS",
};

/** The name of the quota for each disk type. */
const DISKS: Readonly<Record<string, string>> = {
    "hyperdisk-balanced": "HDB_TOTAL_GB",
    "pd-balanced": "SSD_TOTAL_GB",
    "pd-ssd": "SSD_TOTAL_GB",
    "pd-standard": "DISKS_TOTAL_GB",
};

/**
 * The quotas of a region: https://cloud.google.com/compute/resource-usage
 * @param region the name of the region
 */
export function regionQuotas(compute: ComputeService, org: Organization, project: string, region: string): Quota[] {
    const isIn = (link: string) => link.includes(`/projects/${project}/`) && regionOf(lastSegment(link)) === region;
    const instances = all(compute).filter(({ zone, status }) => isIn(zone) && status !== "TERMINATED");
    const disks = [...compute.instances.disks.entries()].map(([, disk]) => disk).filter(({ zone }) => isIn(zone));
    const metrics = [
        "CPUS",
        "PREEMPTIBLE_CPUS",
        ...OWN_CPUS.map((series) => `${series}_CPUS`),
        ...new Set(Object.values(DISKS)),
        ...Object.values(GPUS).flatMap((metric) => [metric, `PREEMPTIBLE_${metric}`]),
    ];
    const used = new Map<string, number>();
    const add = (metric: string, amount: number) => used.set(metric, (used.get(metric) ?? 0) + amount);
    for (const instance of instances) {
        const series = lastSegment(instance.machineType).split("-")[0]?.toUpperCase() ?? "";
        const metric = OWN_CPUS.includes(series) ? `${series}_CPUS` : COMMON_CPUS.includes(series) ? "CPUS" : "";
        add(metric, cpusOf(lastSegment(instance.machineType)));
        for (const { acceleratorType, acceleratorCount } of instance.guestAccelerators ?? []) {
            add(GPUS[lastSegment(acceleratorType)] ?? "", acceleratorCount);
        }
    }
    for (const disk of disks) {
        add(DISKS[lastSegment(disk.type)] ?? "", Number(disk.sizeGb));
    }
    return metrics.sort().map((metric) => quota(org, metric, used.get(metric) ?? 0));
}

/** The quotas of a whole project. */
export function projectQuotas(compute: ComputeService, org: Organization, project: string): Quota[] {
    const running = all(compute).filter(
        ({ zone, status }) => zone.includes(`/projects/${project}/`) && status !== "TERMINATED",
    );
    const cpus = running.reduce((sum, { machineType }) => sum + cpusOf(lastSegment(machineType)), 0);
    const gpus = running.flatMap(({ guestAccelerators = [] }) => guestAccelerators);
    return [
        quota(org, "CPUS_ALL_REGIONS", cpus),
        quota(
            org,
            "GPUS_ALL_REGIONS",
            gpus.reduce((sum, { acceleratorCount }) => sum + acceleratorCount, 0),
        ),
        quota(org, "NETWORKS", [...compute.networks.networks.entries()].length),
    ];
}

function all(compute: ComputeService): Instance[] {
    return [...compute.instances.instances.entries()].map(([, instance]) => instance);
}

function quota(org: Organization, metric: string, usage: number): Quota {
    return { metric, limit: org.quota(metric) ?? UNLIMITED, usage };
}
