import type { Body } from "../google-api";
import type { Price } from "./price-list";

/** A job's machine. */
export interface Machine {
    type: string;
    spot: boolean;
    /**
     * A GPU that is attached to the machine; `""` for none. GPUs that come with the machine type are not named here.
     */
    gpuType: string;
    gpuCount: number;
    diskType: string;
    diskSizeGb: number;
}

/** The properties of a machine type that determine its price. */
export interface MachineShape {
    cpus: number;
    memoryGib: number;
    isShared: boolean;
    gpus: { type: string; count: number }[];
    /** The number of Local SSDs that come with the machine type. */
    localSsds: number;
}

/** One item of a machine's price. */
export interface PricePart {
    /** E.g. "4 vCPUs". */
    what: string;
    /** US dollars per hour. */
    usdPerHour: number;
}

/** Number of hours in an average month, as in Google's price lists. */
const hoursPerMonth = 730;

/** SKUs that are not named after the machine's series. */
const seriesNames: Record<string, string[]> = {
    c2: ["Compute optimized"],
    m1: ["Memory-optimized Instance"],
    // An m2 costs as much as an m1, plus a premium.
    m2: ["Memory-optimized Instance", "Memory Optimized Upgrade Premium for Memory-optimized Instance"],
};

/** Series whose SKUs contain another word after the name of the series. */
const seriesSuffixes: Record<string, string> = { c2d: " AMD", n2d: " AMD", t2d: " AMD", c4a: " Arm", t2a: " Arm" };

/** Machine types whose SKUs differ from those of their series. */
const typeNames: [RegExp, string][] = [
    [/^a3-megagpu-/, "A3Plus"],
    [/^a3-ultragpu-/, "A3Ultra"],
    [/^m4-ultramem-224$/, "M4Ultramem224"],
];

/**
 * The number of CPUs for which a shared-core type is billed.
 * https://cloud.google.com/compute/docs/general-purpose-machines
 */
const sharedCpus: Record<string, number> = { "e2-micro": 0.25, "e2-small": 0.5, "e2-medium": 1 };

/** The descriptions of a GPU's SKUs, by the GPU's type. */
const gpuNames: Record<string, string[]> = {
    "nvidia-a100-80gb": ["Nvidia Tesla A100 80GB GPU"],
    "nvidia-b200": ["A4 Nvidia B200 (1 gpu slice)"],
    "nvidia-h100-80gb": ["Nvidia H100 80GB GPU"],
    "nvidia-h100-mega-80gb": ["Nvidia H100 80GB Mega GPU", "Nvidia H100 Mega 80GB GPU", "Nvidia H100 80GB Plus GPU"],
    "nvidia-h200-141gb": ["H200 141GB GPU"],
    "nvidia-l4": ["Nvidia L4 GPU"],
    "nvidia-rtx-pro-6000": ["RTX 6000 96GB"],
    "nvidia-tesla-a100": ["Nvidia Tesla A100 GPU"],
    "nvidia-tesla-p100": ["Nvidia Tesla P100 GPU"],
    "nvidia-tesla-p4": ["Nvidia Tesla P4 GPU"],
    "nvidia-tesla-t4": ["Nvidia Tesla T4 GPU"],
    "nvidia-tesla-v100": ["Nvidia Tesla V100 GPU"],
};

/** Series for which Google bills only the GPUs. */
const gpuOnly = ["a4"];

const diskNames: Record<string, string> = {
    "hyperdisk-balanced": "Hyperdisk Balanced Capacity",
    "pd-balanced": "Balanced PD Capacity",
    "pd-ssd": "SSD backed PD Capacity",
    "pd-standard": "Storage PD Capacity",
};

/** The memory per CPU above which a custom machine type's memory is "extended", in GiB. */
const extendedAbove: Record<string, number> = { n1: 6.5, n2: 8, n2d: 8, n4: 8, n4d: 8 };

/** Size of one Local SSD: https://cloud.google.com/compute/docs/disks/local-ssd */
const localSsdGib = (series: string) => (series === "z3" ? 3000 : 375);

/** Reads a machine type as `machineTypes.get` returns it. */
export function shapeOf(body: Body): MachineShape {
    const accelerators = (body.accelerators ?? []) as { guestAcceleratorType: string; guestAcceleratorCount: number }[];
    const { partitionCount = 0 } = (body.bundledLocalSsds ?? {}) as { partitionCount?: number };
    return {
        cpus: Number(body.guestCpus),
        memoryGib: Number(body.memoryMb) / 1024,
        isShared: body.isSharedCpu === true,
        gpus: accelerators.map((one) => ({ type: one.guestAcceleratorType, count: one.guestAcceleratorCount })),
        localSsds: partitionCount,
    };
}

/**
 * Returns the hourly cost of a running machine, without its boot disk.
 * @throws an error that names the part without a price
 */
export function machinePrice(prices: Price[], machine: Machine, shape: MachineShape): PricePart[] {
    const gpus = [...shape.gpus];
    if (gpus.length === 0 && machine.gpuCount > 0) {
        gpus.push({ type: machine.gpuType, count: machine.gpuCount });
    }
    const series = seriesOf(machine.type);
    return [
        ...(gpuOnly.includes(series) ? [] : coresAndMemory(prices, machine, shape)),
        ...gpus.map(({ type, count }) => ({
            what: `${count} ${type}`,
            usdPerHour: count * gpuPrice(prices, type, machine.spot),
        })),
        ...(shape.localSsds > 0 ? [localSsds(prices, machine, shape.localSsds)] : []),
    ];
}

/**
 * Returns the monthly cost of the boot disk, in US dollars. Jobs do not provision IOPS or throughput beyond what the
 * disk type includes.
 * @throws an error for a disk type without a price
 */
export function diskPrice(prices: Price[], { diskType, diskSizeGb }: Machine): number {
    const name = Object.hasOwn(diskNames, diskType) ? diskNames[diskType] : undefined;
    const found = name === undefined ? undefined : highest(prices, new RegExp(`^${name}( in .+)?$`), "GiBy.mo");
    if (found === undefined) {
        throw new Error(`the price list has no price for the disk type ${diskType}`);
    }
    return diskSizeGb * found;
}

/**
 * Returns the price of an external address for one hour, in US dollars. The first hours of a month are free, but an
 * estimate ignores this.
 */
export function addressPrice(prices: Price[], spot: boolean): number {
    const found = highest(prices, spot ? /^External IP Charge on a Spot/ : /^External IP Charge on a Standard VM/, "h");
    return required(found, `the external address of a ${spot ? "spot" : "standard"} VM`);
}

/** Returns the price of one GiB in a bucket for one month, in US dollars. */
export function bucketPrice(prices: Price[]): number {
    const regional = prices.filter(({ group }) => group === "RegionalStorage");
    return required(highest(regional, /^Standard Storage(?!.*(Dual|Multi|Early))/, "GiBy.mo"), "objects in a bucket");
}

/** Returns the price of one GiB in a repository for one month, in US dollars. */
export function registryPrice(prices: Price[]): number {
    return required(highest(prices, /^Artifact Registry Storage/, "GiBy.mo"), "images in a repository");
}

function coresAndMemory(prices: Price[], machine: Machine, shape: MachineShape): PricePart[] {
    const { type, spot } = machine;
    const series = seriesOf(type);
    const whole: Record<string, RegExp> = {
        "f1-micro": /^Micro Instance with burstable CPU/,
        "g1-small": /^Small Instance with 1 VCPU/,
    };
    const wholePattern = Object.hasOwn(whole, type) ? whole[type] : undefined;
    if (wholePattern !== undefined) {
        const usdPerHour = required(highest(ofModel(prices, spot), wholePattern, "h"), type);
        return [{ what: type, usdPerHour }];
    }
    const cpus = shape.isShared ? (sharedCpus[type] ?? shape.cpus) : shape.cpus;
    const limit = (extendedAbove[series] ?? Number.POSITIVE_INFINITY) * shape.cpus;
    const extended = isCustom(type) ? Math.max(0, shape.memoryGib - limit) : 0;
    const parts = [
        { what: `${cpus} vCPUs`, usdPerHour: cpus * instancePrice(prices, type, spot, "Core") },
        {
            what: `${round(shape.memoryGib - extended)} GB of memory`,
            usdPerHour: (shape.memoryGib - extended) * instancePrice(prices, type, spot, "Ram"),
        },
    ];
    return extended === 0
        ? parts
        : [
              ...parts,
              {
                  what: `${round(extended)} GB of extended memory`,
                  usdPerHour: extended * extendedPrice(prices, type, spot),
              },
          ];
}

/** The price of one CPU hour or GiB hour of a machine type. */
function instancePrice(prices: Price[], type: string, spot: boolean, part: "Core" | "Ram"): number {
    const offered = ofModel(prices, spot);
    const unit = part === "Core" ? "h" : "GiBy.h";
    const total = instanceNames(type).map((names) => {
        const found = names.flatMap((name) => {
            const usd = highest(offered, new RegExp(`^${escaped(name)} ${part}( running in .+)?$`), unit);
            return usd === undefined ? [] : [usd];
        });
        return required(found[0], `${part === "Core" ? "CPUs" : "memory"} of ${spot ? "spot " : ""}${type}`);
    });
    return total.reduce((sum, usd) => sum + usd, 0);
}

/**
 * The prefixes of the SKUs by which a machine type is billed, without "Spot Preemptible". Their prices are added up;
 * each has alternatives, of which the first one in the price list is used.
 */
function instanceNames(type: string): string[][] {
    const series = seriesOf(type);
    const special = typeNames.find(([pattern]) => pattern.test(type))?.[1];
    const own = Object.hasOwn(seriesNames, series) ? seriesNames[series] : undefined;
    if (own !== undefined) {
        const isUpgrade = (name: string) => name.includes("Premium");
        return own.map((name) => (isUpgrade(name) ? [name] : [name, `${name} Instance`]));
    }
    if (series === "n1") {
        return [[isCustom(type) ? "Custom Instance" : "N1 Predefined Instance"]];
    }
    const upper = special ?? series.toUpperCase();
    const suffix = Object.hasOwn(seriesSuffixes, series) ? seriesSuffixes[series] : "";
    const variants = [`${upper}${suffix} Instance`, `${upper} Instance`, `${upper} Arm Instance`];
    variants.push(`${upper} AMD Instance`, `${upper} Memory-optimized Instance`);
    const custom = isCustom(type) ? [`${upper}${suffix} Custom Instance`, `${upper} Custom Instance`] : [];
    return [[...new Set([...custom, ...variants])]];
}

function extendedPrice(prices: Price[], type: string, spot: boolean): number {
    const series = seriesOf(type);
    const suffix = Object.hasOwn(seriesSuffixes, series) ? seriesSuffixes[series] : "";
    const name = series === "n1" ? "Custom Extended" : `${series.toUpperCase()}${suffix} Custom Extended`;
    const pattern = new RegExp(`^${name} Instance Ram( running in .+)?$`);
    const usd = highest(ofModel(prices, spot), pattern, "GiBy.h");
    // In N4 and later series, extended memory is billed like any other memory.
    return usd ?? instancePrice(prices, type, spot, "Ram");
}

function gpuPrice(prices: Price[], type: string, spot: boolean): number {
    const names = Object.hasOwn(gpuNames, type) ? (gpuNames[type] ?? []) : [];
    for (const name of names) {
        const running = new RegExp(`^${escaped(name)}( running in .+)?$`);
        const attached = new RegExp(`^${escaped(name)} attached to Spot Preemptible VMs?( running in .+)?$`);
        const usd = spot
            ? (highest(prices, attached, "h") ?? highest(ofModel(prices, true), running, "h"))
            : highest(prices, running, "h");
        if (usd !== undefined) {
            return usd;
        }
    }
    throw new Error(`the price list has no price for the GPU ${type}${spot ? " of a spot VM" : ""}`);
}

function localSsds(prices: Price[], { type, spot }: Machine, count: number): PricePart {
    const series = seriesOf(type);
    const upper = series.toUpperCase();
    const own = highest(ofModel(prices, spot), new RegExp(`^${upper} Instance Local SSD( running in .+)?$`), "GiBy.mo");
    const common = spot
        ? highest(prices, /^SSD backed Local Storage attached to Spot Preemptible VMs?( in .+)?$/, "GiBy.mo")
        : highest(prices, /^SSD backed Local Storage( in .+)?$/, "GiBy.mo");
    const usdPerMonth = required(own ?? common, `Local SSDs of ${type}`);
    const gib = count * localSsdGib(series);
    return { what: `${gib} GB of Local SSD`, usdPerHour: (gib * usdPerMonth) / hoursPerMonth };
}

/** The prices for spot or standard VMs. The prefix of spot SKUs is removed. */
function ofModel(prices: Price[], spot: boolean): Price[] {
    const prefix = "Spot Preemptible ";
    return prices
        .filter(({ description }) => description.startsWith(prefix) === spot)
        .map((price) => (spot ? { ...price, description: price.description.slice(prefix.length) } : price));
}

/** The highest price among the SKUs with this description, so that an estimate is never too low. */
function highest(prices: Price[], pattern: RegExp, unit: string): number | undefined {
    const found = prices.filter((price) => price.unit === unit && pattern.test(price.description));
    return found.length === 0 ? undefined : Math.max(...found.map(({ usd }) => usd));
}

function required(usd: number | undefined, what: string): number {
    if (usd === undefined) {
        throw new Error(`the price list has no price for ${what}`);
    }
    return usd;
}

function isCustom(type: string): boolean {
    return /(^|-)custom-/.test(type);
}

/** The series of a machine type. Custom types without a series are N1. */
function seriesOf(type: string): string {
    return type.startsWith("custom-") ? "n1" : (type.split("-")[0] ?? "");
}

function escaped(text: string): string {
    return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function round(value: number): number {
    return Math.round(value * 100) / 100;
}
