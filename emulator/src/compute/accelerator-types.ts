import { missing, selfLink } from "./links";
import { REGIONS, zonesOf } from "./regions";

/** https://cloud.google.com/compute/docs/reference/rest/v1/acceleratorTypes */
export interface AcceleratorType {
    readonly kind: "compute#acceleratorType";
    readonly id: string;
    readonly creationTimestamp: string;
    readonly name: string;
    readonly description: string;
    readonly zone: string;
    readonly selfLink: string;
    readonly maximumCardsPerInstance: number;
}

/** A GPU. */
interface Gpu {
    readonly description: string;
    readonly maxCards: number;
    /** Letters of the zones with this GPU, by region. If omitted, every zone has it, just like every machine type. */
    readonly zones?: Readonly<Record<string, string>>;
}

/** The GPUs that can be attached, with their zones: https://cloud.google.com/compute/docs/gpus/gpu-regions-zones */
const GPUS: Readonly<Record<string, Gpu>> = {
    "nvidia-a100-80gb": { description: "NVIDIA A100 80GB", maxCards: 8 },
    "nvidia-b200": { description: "NVIDIA B200", maxCards: 8 },
    "nvidia-gb200": { description: "NVIDIA GB200", maxCards: 4 },
    "nvidia-h100-80gb": { description: "NVIDIA H100 80GB", maxCards: 8 },
    "nvidia-h100-mega-80gb": { description: "NVIDIA H100 80GB MEGA", maxCards: 8 },
    "nvidia-h200-141gb": { description: "NVIDIA H200 141GB", maxCards: 8 },
    "nvidia-l4": { description: "NVIDIA L4", maxCards: 8 },
    "nvidia-rtx-pro-6000": { description: "NVIDIA RTX PRO 6000", maxCards: 8 },
    "nvidia-tesla-a100": { description: "NVIDIA A100 40GB", maxCards: 16 },
    "nvidia-tesla-p100": {
        description: "NVIDIA Tesla P100",
        maxCards: 4,
        zones: {
            "asia-east1": "ac",
            "australia-southeast1": "c",
            "europe-west1": "bd",
            "europe-west4": "a",
            "us-central1": "cf",
            "us-east1": "bc",
            "us-west1": "ab",
        },
    },
    "nvidia-tesla-p4": {
        description: "NVIDIA Tesla P4",
        maxCards: 4,
        zones: {
            "asia-southeast1": "bc",
            "australia-southeast1": "ab",
            "europe-west4": "bc",
            "northamerica-northeast1": "abc",
            "us-central1": "ac",
            "us-east4": "abc",
            "us-west2": "bc",
        },
    },
    "nvidia-tesla-t4": {
        description: "NVIDIA T4",
        maxCards: 4,
        zones: {
            "asia-east1": "ac",
            "asia-east2": "ac",
            "asia-northeast1": "ac",
            "asia-northeast3": "bc",
            "asia-south1": "ab",
            "asia-southeast1": "abc",
            "asia-southeast2": "ab",
            "australia-southeast1": "ac",
            "europe-central2": "bc",
            "europe-west1": "bcd",
            "europe-west2": "ab",
            "europe-west3": "b",
            "europe-west4": "abc",
            "me-west1": "bc",
            "northamerica-northeast1": "c",
            "southamerica-east1": "ac",
            "us-central1": "abcf",
            "us-east1": "cd",
            "us-east4": "abc",
            "us-west1": "ab",
            "us-west2": "bc",
            "us-west3": "b",
            "us-west4": "ab",
        },
    },
    "nvidia-tesla-v100": {
        description: "NVIDIA V100",
        maxCards: 8,
        zones: {
            "asia-east1": "c",
            "europe-west4": "abc",
            "us-central1": "abcf",
            "us-east1": "c",
            "us-west1": "ab",
        },
    },
};

/**
 * Returns a type of GPU that is available in a zone.
 * @param path `projects/P/zones/Z/acceleratorTypes/T`
 * @throws ApiError 404 for a type that is not available in the zone
 */
export function acceleratorTypeAt(path: string): AcceleratorType {
    const [, , , zone = "", , name = ""] = path.split("/");
    const gpu = Object.hasOwn(GPUS, name) ? GPUS[name] : undefined;
    if (gpu === undefined || !isIn(gpu, zone)) {
        throw missing(path);
    }
    return {
        kind: "compute#acceleratorType",
        id: String(10_000 + Object.keys(GPUS).indexOf(name)),
        creationTimestamp: "1969-12-31T16:00:00.000-08:00",
        name,
        description: gpu.description,
        zone: selfLink(path.split("/").slice(0, 4).join("/")),
        selfLink: selfLink(path),
        maximumCardsPerInstance: gpu.maxCards,
    };
}

/** Returns the types of GPU in a zone, ordered by name. @param zone `projects/P/zones/Z` */
export function acceleratorTypesIn(zone: string): AcceleratorType[] {
    return Object.entries(GPUS)
        .filter(([, gpu]) => isIn(gpu, zone.split("/")[3] ?? ""))
        .map(([name]) => acceleratorTypeAt(`${zone}/acceleratorTypes/${name}`));
}

/** Returns the types of GPU in all zones. @param project `projects/P` */
export function allAcceleratorTypes(project: string): AcceleratorType[] {
    return REGIONS.flatMap(zonesOf).flatMap((zone) => acceleratorTypesIn(`${project}/zones/${zone}`));
}

function isIn({ zones }: Gpu, zone: string): boolean {
    return zones === undefined || zones[zone.slice(0, -2)]?.includes(zone.slice(-1)) === true;
}
