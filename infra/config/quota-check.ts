import type { Machine, MachineShape } from "../../run/cost/machine-price";
import type { ConfigIssue } from "./issues";

/** A quota, as `regions.get` and `projects.get` return it. */
export interface Quota {
    metric: string;
    limit: number;
    usage: number;
}

/** The quotas that apply to a VM. An empty list means that they are unknown. */
export interface Quotas {
    region: readonly Quota[];
    project: readonly Quota[];
    regionName: string;
}

const DISK_METRICS: Readonly<Record<string, string>> = {
    "hyperdisk-balanced": "HDB_TOTAL_GB",
    "pd-balanced": "SSD_TOTAL_GB",
    "pd-ssd": "SSD_TOTAL_GB",
    "pd-standard": "DISKS_TOTAL_GB",
};

/** Series whose CPUs count towards the quota `CPUS`. Other series have separate quotas, which may not be listed. */
const COMMON_CPUS = ["CUSTOM", "E2", "F1", "G1", "N1"];

/**
 * Finds quotas that would be too small for a VM even if nothing else used them. Current usage is ignored, because a VM
 * of the same stack may be part of it.
 * https://cloud.google.com/compute/resource-usage
 */
export function quotaIssues(machine: Machine, shape: MachineShape, quotas: Quotas): ConfigIssue[] {
    const series = (machine.type.split("-")[0] ?? "").toUpperCase();
    const gpus = shape.gpus[0] ?? { type: machine.gpuType, count: machine.gpuCount };
    const limitOf = (metric: string) => quotas.region.find((quota) => quota.metric === metric)?.limit;
    // Spot VMs count towards the quota for preemptible CPUs if the project has one, otherwise towards the regular ones.
    const ofSpot = (metric: string) => (machine.spot && (limitOf(metric) ?? 0) > 0 ? metric : undefined);
    const standardCpus = COMMON_CPUS.includes(series) ? "CPUS" : `${series}_CPUS`;
    const cpus = ofSpot("PREEMPTIBLE_CPUS") ?? standardCpus;
    const gpu = gpuMetric(gpus.type);
    const needed: readonly (readonly [metric: string, amount: number, key: string, value: string])[] = [
        [cpus, shape.cpus, "machineType", "e2-standard-2"],
        [ofSpot(`PREEMPTIBLE_${gpu}`) ?? gpu, gpus.count, "gpuCount", "1"],
        [DISK_METRICS[machine.diskType] ?? "", machine.diskSizeGb, "bootDiskSizeGb", "20"],
    ];
    const regional = needed.flatMap(([metric, amount, key, value]) => {
        const limit = limitOf(metric);
        return limit !== undefined && amount > limit
            ? [issue({ metric, amount, key, value, limit, where: quotas.regionName })]
            : [];
    });
    const global = (["CPUS_ALL_REGIONS", "GPUS_ALL_REGIONS"] as const).flatMap((metric) => {
        const amount = metric === "CPUS_ALL_REGIONS" ? shape.cpus : gpus.count;
        const limit = quotas.project.find((quota) => quota.metric === metric)?.limit;
        const [key, value] = metric === "CPUS_ALL_REGIONS" ? ["machineType", "e2-standard-2"] : ["gpuCount", "0"];
        return limit !== undefined && amount > limit
            ? [issue({ metric, amount, key: key as string, value: value as string, limit, where: "all regions" })]
            : [];
    });
    return [...regional, ...global];
}

function issue(found: {
    metric: string;
    amount: number;
    key: string;
    value: string;
    limit: number;
    where: string;
}): ConfigIssue {
    const { metric, amount, key, value, limit, where } = found;
    return {
        key,
        must:
            `needs ${amount} of the quota ${metric} in ${where}, which is ${limit}; choose less, or request more at ` +
            "https://console.cloud.google.com/iam-admin/quotas",
        fix: { set: [key], value },
    };
}

/** `nvidia-tesla-t4` -> `NVIDIA_T4_GPUS`. Of all GPUs, only the A100 has two quotas, one for each memory size. */
function gpuMetric(type: string): string {
    const name = type.replace(/^nvidia-(tesla-)?/, "").replace(/(?<!a100)-\d+gb$/, "");
    return `NVIDIA_${name.toUpperCase().replaceAll("-", "_")}_GPUS`;
}
