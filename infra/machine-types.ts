import { BOOT_IMAGES } from "./defaults";

/** Platform for an image, as Docker names it. */
export type Platform = "linux/amd64" | "linux/arm64";

/** Machine series with Arm processors. https://cloud.google.com/compute/docs/instances/arm-on-compute */
const ARM_SERIES = ["a4x", "c4a", "n4a", "t2a"];

/** Series (and types) that boot only from Hyperdisk. https://cloud.google.com/compute/docs/disks/hyperdisks */
const HYPERDISK_ONLY = /^(a3-ultragpu|a4|a4x|c4|c4a|c4d|g4|h4d|m4|n4|n4a|n4d|x4)-|-metal$/;

/** Machine types without live migration. https://cloud.google.com/compute/docs/instances/live-migration-process */
const NO_LIVE_MIGRATION = /^(a2|a3|a4|a4x|g2|g4|h3|h4d)-|-metal$/;

/** Machine types that come with Local SSDs. https://cloud.google.com/compute/docs/disks/local-ssd#lssd_disks_fixed */
const LOCAL_SSD = /^(a2-ultragpu|a3-\w+|a4x?-\w+)-|-lssd(-metal)?$/;

/**
 * Machine series that Batch supports. Arm is missing because Batch's image is for amd64.
 * https://docs.cloud.google.com/batch/docs/get-started#locations
 */
const BATCH_SERIES = [
    ...["c2", "c2d", "c3", "c3d", "c4", "c4d", "e2", "h3", "n1", "n2", "n2d", "n4", "t2d"],
    ...["m1", "m2", "m3", "a2", "a3", "a4", "g2"],
];

/** True if Batch can start VMs of this type. */
export function isBatchMachine(machineType: string): boolean {
    return BATCH_SERIES.includes(machineType.split("-")[0] ?? "") && !machineType.endsWith("-metal");
}

/** Platform for a machine type; the trainer's image is built for it. */
export function platformOf(machineType: string): Platform {
    return ARM_SERIES.includes(machineType.split("-")[0] ?? "") ? "linux/arm64" : "linux/amd64";
}

/** Boot image for a machine type if the config does not set one. */
export function defaultBootImage(machineType: string): string {
    return BOOT_IMAGES[platformOf(machineType)];
}

/** Boot disk type for a machine type if the config does not set one. */
export function defaultBootDiskType(machineType: string): string {
    return HYPERDISK_ONLY.test(machineType) ? "hyperdisk-balanced" : "pd-balanced";
}

/**
 * True if Google can move a VM of this type to another host for maintenance. Spot VMs and VMs with a GPU cannot be
 * moved.
 */
export function canMigrate(machineType: string, gpuCount: number, spot: boolean): boolean {
    return !spot && gpuCount === 0 && !NO_LIVE_MIGRATION.test(machineType);
}

/** True if a VM of this type has Local SSDs. Compute Engine stops it only if their data may be discarded. */
export function hasLocalSsd(machineType: string): boolean {
    return LOCAL_SSD.test(machineType);
}
