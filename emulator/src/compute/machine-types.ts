import { missing, selfLink } from "./links";

/** https://cloud.google.com/compute/docs/reference/rest/v1/machineTypes */
export interface MachineType {
    readonly kind: "compute#machineType";
    readonly id: string;
    readonly creationTimestamp: string;
    readonly name: string;
    readonly description: string;
    readonly guestCpus: number;
    readonly memoryMb: number;
    readonly maximumPersistentDisks: number;
    readonly maximumPersistentDisksSizeGb: string;
    readonly zone: string;
    readonly selfLink: string;
    readonly isSharedCpu: boolean;
    readonly architecture: "X86_64" | "ARM64";
    readonly accelerators?: readonly {
        readonly guestAcceleratorType: string;
        readonly guestAcceleratorCount: number;
    }[];
    readonly bundledLocalSsds?: { readonly defaultInterface: "NVME"; readonly partitionCount: number };
}

/** A group of machine types whose memory is proportional to their number of virtual CPUs. */
interface Family {
    /** GiB of memory per virtual CPU, by the second part of the name. */
    readonly memory: Readonly<Record<string, number>>;
    readonly cpus: readonly number[];
}

/**
 * The series whose types are named `<series>-<kind>-<CPUs>`. All kinds of a series share one list of CPU counts: that
 * of the kind with the most sizes.
 * https://cloud.google.com/compute/docs/machine-resource
 */
const FAMILIES: Readonly<Record<string, Family>> = {
    c2: { memory: { standard: 4 }, cpus: [4, 8, 16, 30, 60] },
    c2d: { memory: { standard: 4, highcpu: 2, highmem: 8 }, cpus: [2, 4, 8, 16, 32, 56, 112] },
    c3: { memory: { standard: 4, highcpu: 2, highmem: 8 }, cpus: [4, 8, 22, 44, 88, 176, 192] },
    c3d: { memory: { standard: 4, highcpu: 2, highmem: 8 }, cpus: [4, 8, 16, 30, 60, 90, 180, 360] },
    c4: { memory: { standard: 3.75, highcpu: 2, highmem: 7.75 }, cpus: [2, 4, 8, 16, 24, 32, 48, 96, 144, 192, 288] },
    c4a: { memory: { standard: 4, highcpu: 2, highmem: 8 }, cpus: [1, 2, 4, 8, 16, 32, 48, 64, 72, 96] },
    c4d: { memory: { standard: 3.875, highcpu: 1.875, highmem: 7.875 }, cpus: [2, 4, 8, 16, 32, 48, 64, 96, 192, 384] },
    e2: { memory: { standard: 4, highcpu: 1, highmem: 8 }, cpus: [2, 4, 8, 16, 32] },
    h3: { memory: { standard: 4 }, cpus: [88] },
    h4d: { memory: { standard: 3.75, highmem: 7.75 }, cpus: [192] },
    m1: { memory: { ultramem: 24.025, megamem: 14.9375 }, cpus: [40, 80, 96, 160] },
    m2: { memory: { ultramem: 28.3077, megamem: 14.1538, hypermem: 21.2308 }, cpus: [208, 416] },
    m3: { memory: { ultramem: 30.5, megamem: 15.25 }, cpus: [32, 64, 128] },
    m4: { memory: { ultramem: 26.5714, megamem: 13.2857, hypermem: 15.5 }, cpus: [16, 28, 32, 56, 64, 112, 224] },
    n1: { memory: { standard: 3.75, highcpu: 0.9, highmem: 6.5 }, cpus: [1, 2, 4, 8, 16, 32, 64, 96] },
    n2: { memory: { standard: 4, highcpu: 1, highmem: 8 }, cpus: [2, 4, 8, 16, 32, 48, 64, 80, 96, 128] },
    n2d: { memory: { standard: 4, highcpu: 1, highmem: 8 }, cpus: [2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224] },
    n4: { memory: { standard: 4, highcpu: 2, highmem: 8 }, cpus: [2, 4, 8, 16, 32, 48, 64, 80] },
    n4a: { memory: { standard: 4, highcpu: 2, highmem: 8 }, cpus: [1, 2, 4, 8, 16, 32, 48, 64] },
    n4d: { memory: { standard: 4, highcpu: 2, highmem: 8 }, cpus: [2, 4, 8, 16, 32, 48, 64, 80, 96] },
    t2a: { memory: { standard: 4 }, cpus: [1, 2, 4, 8, 16, 32, 48] },
    t2d: { memory: { standard: 4 }, cpus: [1, 2, 4, 8, 16, 32, 48, 60] },
    z3: { memory: { highmem: 8 }, cpus: [8, 14, 16, 22, 32, 36, 44, 88, 176, 192] },
};

/** A machine type whose virtual CPUs, memory (in GiB) and built-in devices cannot be derived from its name. */
interface Special {
    readonly cpus: number;
    readonly memory: number;
    readonly shared?: true;
    readonly gpu?: readonly [type: string, count: number];
    readonly ssds?: number;
}

const SPECIALS: Readonly<Record<string, Special>> = {
    "e2-micro": { cpus: 2, memory: 1, shared: true },
    "e2-small": { cpus: 2, memory: 2, shared: true },
    "e2-medium": { cpus: 2, memory: 4, shared: true },
    "f1-micro": { cpus: 1, memory: 0.6, shared: true },
    "g1-small": { cpus: 1, memory: 1.7, shared: true },
    "a2-highgpu-1g": { cpus: 12, memory: 85, gpu: ["nvidia-tesla-a100", 1] },
    "a2-highgpu-2g": { cpus: 24, memory: 170, gpu: ["nvidia-tesla-a100", 2] },
    "a2-highgpu-4g": { cpus: 48, memory: 340, gpu: ["nvidia-tesla-a100", 4] },
    "a2-highgpu-8g": { cpus: 96, memory: 680, gpu: ["nvidia-tesla-a100", 8] },
    "a2-megagpu-16g": { cpus: 96, memory: 1360, gpu: ["nvidia-tesla-a100", 16] },
    "a2-ultragpu-1g": { cpus: 12, memory: 170, gpu: ["nvidia-a100-80gb", 1], ssds: 1 },
    "a2-ultragpu-2g": { cpus: 24, memory: 340, gpu: ["nvidia-a100-80gb", 2], ssds: 2 },
    "a2-ultragpu-4g": { cpus: 48, memory: 680, gpu: ["nvidia-a100-80gb", 4], ssds: 4 },
    "a2-ultragpu-8g": { cpus: 96, memory: 1360, gpu: ["nvidia-a100-80gb", 8], ssds: 8 },
    "a3-highgpu-1g": { cpus: 26, memory: 234, gpu: ["nvidia-h100-80gb", 1], ssds: 2 },
    "a3-highgpu-2g": { cpus: 52, memory: 468, gpu: ["nvidia-h100-80gb", 2], ssds: 4 },
    "a3-highgpu-4g": { cpus: 104, memory: 936, gpu: ["nvidia-h100-80gb", 4], ssds: 8 },
    "a3-highgpu-8g": { cpus: 208, memory: 1872, gpu: ["nvidia-h100-80gb", 8], ssds: 16 },
    "a3-megagpu-8g": { cpus: 208, memory: 1872, gpu: ["nvidia-h100-mega-80gb", 8], ssds: 16 },
    "a3-ultragpu-8g": { cpus: 224, memory: 2952, gpu: ["nvidia-h200-141gb", 8], ssds: 32 },
    "a4-highgpu-8g": { cpus: 224, memory: 3968, gpu: ["nvidia-b200", 8], ssds: 32 },
    "a4x-highgpu-4g": { cpus: 140, memory: 884, gpu: ["nvidia-gb200", 4], ssds: 32 },
    "g2-standard-4": { cpus: 4, memory: 16, gpu: ["nvidia-l4", 1] },
    "g2-standard-8": { cpus: 8, memory: 32, gpu: ["nvidia-l4", 1] },
    "g2-standard-12": { cpus: 12, memory: 48, gpu: ["nvidia-l4", 1] },
    "g2-standard-16": { cpus: 16, memory: 64, gpu: ["nvidia-l4", 1] },
    "g2-standard-24": { cpus: 24, memory: 96, gpu: ["nvidia-l4", 2] },
    "g2-standard-32": { cpus: 32, memory: 128, gpu: ["nvidia-l4", 1] },
    "g2-standard-48": { cpus: 48, memory: 192, gpu: ["nvidia-l4", 4] },
    "g2-standard-96": { cpus: 96, memory: 384, gpu: ["nvidia-l4", 8] },
    "g4-standard-48": { cpus: 48, memory: 180, gpu: ["nvidia-rtx-pro-6000", 1] },
    "g4-standard-96": { cpus: 96, memory: 360, gpu: ["nvidia-rtx-pro-6000", 2] },
    "g4-standard-192": { cpus: 192, memory: 720, gpu: ["nvidia-rtx-pro-6000", 4] },
    "g4-standard-384": { cpus: 384, memory: 1440, gpu: ["nvidia-rtx-pro-6000", 8] },
    "x4-megamem-960-metal": { cpus: 960, memory: 16_384 },
};

const ARM = ["a4x", "c4a", "n4a", "t2a"];
/** Matches custom machine types, which clients can look up like predefined ones. */
const CUSTOM = /^(?:(e2|n1|n2|n2d|n4|n4a|n4d)-)?custom-(\d+)-(\d+)(-ext)?$/;

/**
 * Returns a machine type. Every zone has every type.
 * @param path `projects/P/zones/Z/machineTypes/T`
 * @throws ApiError 404 for a type that does not exist
 */
export function machineTypeAt(path: string): MachineType {
    const name = path.split("/").at(-1) ?? "";
    const found = shapeOf(name);
    if (found === undefined) {
        throw missing(path);
    }
    return describe(path, name, found);
}

/** Returns the predefined machine types of a zone, ordered by name. @param zone `projects/P/zones/Z` */
export function machineTypesIn(zone: string): MachineType[] {
    const names = Object.entries(FAMILIES).flatMap(([series, { memory, cpus }]) =>
        Object.keys(memory).flatMap((kind) => cpus.map((count) => `${series}-${kind}-${count}`)),
    );
    return [...names, ...Object.keys(SPECIALS)].sort().map((name) => machineTypeAt(`${zone}/machineTypes/${name}`));
}

/** The number of virtual CPUs of a machine type, or 1 for a type that the emulator does not know. */
export function cpusOf(machineType: string): number {
    return shapeOf(machineType)?.cpus ?? 1;
}

function shapeOf(name: string): Special | undefined {
    const special = Object.hasOwn(SPECIALS, name) ? SPECIALS[name] : undefined;
    if (special !== undefined) {
        return special;
    }
    const custom = CUSTOM.exec(name);
    if (custom !== null) {
        return { cpus: Number(custom[2]), memory: Number(custom[3]) / 1024 };
    }
    const [series = "", kind = "", count = "", ...rest] = name.split("-");
    const family = Object.hasOwn(FAMILIES, series) ? FAMILIES[series] : undefined;
    const cpus = Number(count);
    if (family === undefined || !Object.hasOwn(family.memory, kind) || !family.cpus.includes(cpus)) {
        return undefined;
    }
    const suffix = rest.join("-");
    if (!["", "metal", "lssd", "standardlssd", "highlssd"].includes(suffix)) {
        return undefined;
    }
    const memory = Math.round((family.memory[kind] ?? 0) * cpus * 10) / 10;
    return suffix.endsWith("lssd") ? { cpus, memory, ssds: Math.max(1, Math.round(cpus / 8)) } : { cpus, memory };
}

function describe(path: string, name: string, { cpus, memory, shared, gpu, ssds }: Special): MachineType {
    return {
        kind: "compute#machineType",
        id: String(1000 + ([...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 1_000_000)),
        creationTimestamp: "1969-12-31T16:00:00.000-08:00",
        name,
        description: `${cpus} vCPUs, ${memory} GB RAM`,
        guestCpus: cpus,
        memoryMb: Math.round(memory * 1024),
        maximumPersistentDisks: 128,
        maximumPersistentDisksSizeGb: "263168",
        zone: path.split("/")[3] ?? "",
        selfLink: selfLink(path),
        isSharedCpu: shared === true,
        architecture: ARM.includes(name.split("-")[0] ?? "") ? "ARM64" : "X86_64",
        ...(gpu === undefined
            ? {}
            : { accelerators: [{ guestAcceleratorType: gpu[0], guestAcceleratorCount: gpu[1] }] }),
        ...(ssds === undefined ? {} : { bundledLocalSsds: { defaultInterface: "NVME", partitionCount: ssds } }),
    };
}
