import { zonesOf } from "../compute/regions";
import { invalid } from "../http/errors";
import type { JobBody } from "./job-schema";

/**
 * Machine series that Batch supports: https://cloud.google.com/batch/docs/get-started#locations and
 * https://cloud.google.com/batch/docs/create-run-basic-job
 */
const SERIES = [
    ...["c4", "c4a", "c4d", "c3", "c3d", "e2", "n4", "n4a", "n4d", "n2", "n2d", "n1", "t2d", "c2", "c2d", "h3"],
    ...["m3", "m2", "m1", "a4", "a3", "a2", "g2", "g4", "f1"],
];
/** Series whose boot disks must be Hyperdisks: https://cloud.google.com/compute/docs/disks/hyperdisks */
const HYPERDISK_ONLY = ["c4", "c4a", "c4d", "n4", "n4a", "n4d"];
/** The machine type that the emulator chooses if a job does not specify one. */
const DEFAULT_TYPE = "e2-standard-4";
/** https://cloud.google.com/batch/docs/vm-os-environment-overview */
const IMAGE = "projects/batch-custom-image/global/images/family/batch-cos";

/** The properties of a job's VMs. */
export interface Machine {
    readonly machineType: string;
    readonly provisioningModel: "STANDARD" | "SPOT";
    readonly diskType: string;
    readonly diskSizeGb: string;
    readonly image: string;
    readonly accelerators: readonly { readonly type: string; readonly count: number }[];
}

/**
 * Returns the properties that a job requests for its VMs, with Batch's defaults.
 * @throws ApiError 400 for a machine type that Batch does not support
 */
export function machineOf(policy: JobBody["allocationPolicy"]): Machine {
    const {
        machineType = DEFAULT_TYPE,
        provisioningModel,
        accelerators,
        bootDisk,
    } = policy?.instances?.[0]?.policy ?? {};
    const series = /^([a-z]\d[a-z]?)-[a-z0-9-]+$/.exec(machineType)?.[1] ?? (/^custom-/.test(machineType) ? "n1" : "");
    if (!SERIES.includes(series) || machineType.endsWith("-metal")) {
        throw invalid(
            `machine_type field is invalid. Batch does not support the machine type ${machineType}; it supports the series ${SERIES.join(", ")}.`,
        );
    }
    return {
        machineType,
        provisioningModel: provisioningModel ?? "STANDARD",
        diskType: bootDisk?.type ?? "pd-balanced",
        diskSizeGb: bootDisk?.sizeGb ?? "30",
        image: bootDisk?.image === "batch-cos" ? IMAGE : (bootDisk?.image ?? ""),
        accelerators: (accelerators ?? []).map(({ type, count = "1" }) => ({ type, count: Number(count) })),
    };
}

/** Returns Compute Engine's reason for refusing a boot disk, or undefined if the machine type accepts it. */
export function diskProblem({ machineType, diskType }: Machine): string | undefined {
    const series = machineType.split("-", 1)[0] ?? "";
    const isHyperdisk = diskType.startsWith("hyperdisk-");
    return HYPERDISK_ONLY.includes(series) && !isHyperdisk
        ? `[${diskType}] features are not compatible for creating instance.`
        : undefined;
}

/**
 * Returns the zones in which a job's VMs may be created.
 * @param locations `regions/R` and `zones/Z`, all in one region
 */
export function zonesIn(locations: readonly string[]): string[] {
    const zones = locations.flatMap((location) => {
        const [kind, name = ""] = location.split("/");
        return kind === "regions" ? zonesOf(name) : [name];
    });
    return [...new Set(zones)];
}
