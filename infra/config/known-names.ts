import { nearest } from "./nearest";

/** A name that Google Cloud does not have, and one that it has. */
export interface NameProblem {
    /** Begins with "must". */
    must: string;
    example: string;
}

/** Letters of the zones in every region that is not in `OTHER_ZONES`. https://cloud.google.com/compute/docs/regions-zones */
const ZONES = "abc";
const OTHER_ZONES: Readonly<Record<string, string>> = {
    "europe-west1": "bcd",
    "us-central1": "abcf",
    "us-east1": "bcd",
};
const REGIONS = [
    ...["africa-south1", "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3"],
    ...["asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2", "australia-southeast1"],
    ...["australia-southeast2", "europe-central2", "europe-north1", "europe-north2", "europe-southwest1"],
    ...["europe-west1", "europe-west2", "europe-west3", "europe-west4", "europe-west6", "europe-west8"],
    ...["europe-west9", "europe-west10", "europe-west12", "me-central1", "me-central2", "me-west1"],
    ...["northamerica-northeast1", "northamerica-northeast2", "northamerica-south1", "southamerica-east1"],
    ...["southamerica-west1", "us-central1", "us-east1", "us-east4", "us-east5", "us-south1", "us-west1", "us-west2"],
    ...["us-west3", "us-west4"],
];

/**
 * Machine types of the older series, which do not change any more, by series and class: the numbers of virtual
 * processors. https://cloud.google.com/compute/docs/general-purpose-machines
 */
const MACHINE_TYPES: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
    n1: {
        standard: [1, 2, 4, 8, 16, 32, 64, 96],
        highmem: [2, 4, 8, 16, 32, 64, 96],
        highcpu: [2, 4, 8, 16, 32, 64, 96],
    },
    e2: { standard: [2, 4, 8, 16, 32], highmem: [2, 4, 8, 16], highcpu: [2, 4, 8, 16, 32] },
    n2: {
        standard: [2, 4, 8, 16, 32, 48, 64, 80, 96, 128],
        highmem: [2, 4, 8, 16, 32, 48, 64, 80, 96, 128],
        highcpu: [2, 4, 8, 16, 32, 48, 64, 80, 96],
    },
    n2d: {
        standard: [2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224],
        highmem: [2, 4, 8, 16, 32, 48, 64, 80, 96],
        highcpu: [2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224],
    },
    c2: { standard: [4, 8, 16, 30, 60] },
    t2d: { standard: [1, 2, 4, 8, 16, 32, 48, 60] },
};
/** Machine types of these series that share a processor. */
const SHARED = ["e2-micro", "e2-small", "e2-medium"];

/** Finds a misspelled zone. A zone in a region that is not known here may be new, unless its name resembles another. */
export function zoneProblem(zone: string): NameProblem | undefined {
    const [, region = "", letter = ""] = /^(.+)-([a-z])$/.exec(zone) ?? [];
    if (region === "") {
        return undefined;
    }
    if (!REGIONS.includes(region)) {
        // A new region may differ from another by its number or its direction.
        const similar = nearest(withoutNumber(region), REGIONS.map(withoutNumber), 1, String);
        const isMisspelled = similar !== undefined && similar !== withoutNumber(region);
        const found = REGIONS.find((known) => withoutNumber(known) === similar) ?? "";
        return isMisspelled ? problem("a zone that exists", `${found}-${(OTHER_ZONES[found] ?? ZONES)[0]}`) : undefined;
    }
    const letters = OTHER_ZONES[region] ?? ZONES;
    const zones = [...letters].map((each) => `${region}-${each}`);
    return letters.includes(letter)
        ? undefined
        : { must: `must be one of ${zones.join(", ")}`, example: `${region}-${letters[0]}` };
}

/** Finds a misspelled machine type in one of the older series. */
export function machineTypeProblem(machineType: string): NameProblem | undefined {
    const [series = "", name = "", size = ""] = machineType.split("-");
    const classes = MACHINE_TYPES[series];
    if (classes === undefined || name === "custom" || SHARED.includes(machineType)) {
        return undefined;
    }
    const sizes = classes[name];
    if (sizes?.map(String).includes(size) && machineType.split("-").length === 3) {
        return undefined;
    }
    if (sizes !== undefined) {
        const all = sizes.map((each) => `${series}-${name}-${each}`);
        return { must: `must be one of ${all.join(", ")}`, example: all[1] ?? all[0] ?? "" };
    }
    const similar = nearest(name, Object.keys(classes), name.length, String) ?? "standard";
    const fitting = classes[similar]?.map(String).includes(size) ? size : String(classes[similar]?.[1]);
    return problem("a machine type that exists", `${series}-${similar}-${fitting}`);
}

function problem(what: string, example: string): NameProblem {
    return { must: `must be ${what}; did you mean \`${example}\`?`, example };
}

function withoutNumber(region: string): string {
    return region.replace(/\d+$/, "");
}
