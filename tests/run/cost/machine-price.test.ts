import { diskPrice, type Machine, type MachineShape, machinePrice } from "../../../run/cost/machine-price";
import type { Price } from "../../../run/cost/price-list";

/**
 * Descriptions from Google's catalog, as recorded in https://github.com/Cyclenerd/google-cloud-pricing-cost-calculator
 * (build/mapping.csv, August 2026); each price is a different power of two, so that a sum reveals its parts.
 */
const RECORDED = [
    "Spot Preemptible N2 Instance Core running in Americas",
    "N2 Instance Core running in Americas",
    "N2 Custom Instance Core running in Americas",
    "N1 Predefined Instance Core running in Americas",
    "Custom Instance Core running in Americas",
    "C4A Arm Instance Core running in Belgium",
    "T2D AMD Instance Core running in Americas",
    "M3 Memory-optimized Instance Core running in Americas",
    "Compute optimized Core running in Americas",
    "Memory-optimized Instance Core running in Americas",
    "Memory Optimized Upgrade Premium for Memory-optimized Instance Core running in Americas",
    "A3 Instance Core running in Americas",
    "A3Plus Instance Core running in Americas",
    "E2 Instance Core running in Americas",
    "Commitment v1: N2 Cpu in Americas for 1 Year",
    "Sole Tenancy Premium for N2 Instance Core running in Americas",
    "DWS Defined Duration A3 Instance Core running in Americas",
].map((description, index) => ({ description, group: "CPU", usd: 2 ** index, unit: "h" }));
const usdOf = (description: string) =>
    RECORDED.find((price) => price.description.startsWith(description))?.usd ?? Number.NaN;

/** Memory is free here, so that the machine's price is the price of its CPUs. */
const FREE_MEMORY = RECORDED.map(({ description }) => ({
    description: description.replace("Core", "Ram"),
    group: "RAM",
    usd: 0,
    unit: "GiBy.h",
}));

const machine = (type: string, spot = false): Machine => ({
    type,
    spot,
    gpuType: "",
    gpuCount: 0,
    diskType: "pd-balanced",
    diskSizeGb: 20,
});
const shape = (more: Partial<MachineShape> = {}): MachineShape => ({
    cpus: 1,
    memoryGib: 1,
    isShared: false,
    gpus: [],
    localSsds: 0,
    ...more,
});
const total = (prices: Price[], of: Machine, with_: MachineShape) =>
    machinePrice(prices, of, with_).reduce((sum, { usdPerHour }) => sum + usdPerHour, 0);

describe("a CPU hour", () => {
    it.each<[string, boolean, string[]]>([
        ["n2-standard-4", false, ["N2 Instance Core"]],
        ["n2-standard-4", true, ["Spot Preemptible N2 Instance Core"]],
        ["n2-custom-4-8192", false, ["N2 Custom Instance Core"]],
        ["n1-standard-4", false, ["N1 Predefined Instance Core"]],
        ["custom-4-8192", false, ["Custom Instance Core"]],
        ["n1-custom-4-8192", false, ["Custom Instance Core"]],
        ["e2-custom-4-8192", false, ["E2 Instance Core"]],
        ["c4a-standard-4", false, ["C4A Arm Instance Core"]],
        ["t2d-standard-4", false, ["T2D AMD Instance Core"]],
        ["m3-ultramem-32", false, ["M3 Memory-optimized Instance Core"]],
        ["c2-standard-4", false, ["Compute optimized Core"]],
        ["m1-ultramem-40", false, ["Memory-optimized Instance Core"]],
        ["m2-ultramem-208", false, ["Memory-optimized Instance Core", "Memory Optimized Upgrade Premium"]],
        ["a3-highgpu-1g", false, ["A3 Instance Core"]],
        ["a3-megagpu-8g", false, ["A3Plus Instance Core"]],
    ])("has, for %s (spot: %s), the price of %j", (type, spot, descriptions) => {
        const expected = descriptions.reduce((sum, description) => sum + usdOf(description), 0);

        expect(total([...RECORDED, ...FREE_MEMORY], machine(type, spot), shape())).toBe(expected);
    });

    it("is billed only in part for a shared core", () => {
        const sharedCore = shape({ cpus: 2, isShared: true });

        expect(total([...RECORDED, ...FREE_MEMORY], machine("e2-small"), sharedCore)).toBe(
            0.5 * usdOf("E2 Instance Core"),
        );
    });

    it("causes an error that names the machine if there is no price", () => {
        expect(() => machinePrice(RECORDED, machine("x4-megamem-960-metal"), shape())).toThrow(
            "the price list has no price for CPUs of x4-megamem-960-metal",
        );
        expect(() => machinePrice(RECORDED, machine("n1-standard-4", true), shape())).toThrow(
            "CPUs of spot n1-standard-4",
        );
    });
});

describe("memory", () => {
    const prices: Price[] = [
        { description: "N2 Custom Instance Core running in Americas", group: "CPU", usd: 0, unit: "h" },
        { description: "N2 Custom Instance Ram running in Americas", group: "RAM", usd: 1, unit: "GiBy.h" },
        { description: "N2 Custom Extended Instance Ram running in Americas", group: "RAM", usd: 10, unit: "GiBy.h" },
    ];

    it("has its own price above a custom machine's per-CPU limit", () => {
        const parts = machinePrice(prices, machine("n2-custom-2-20480-ext"), shape({ cpus: 2, memoryGib: 20 }));

        expect(parts.map(({ what, usdPerHour }) => [what, usdPerHour])).toEqual([
            ["2 vCPUs", 0],
            ["16 GB of memory", 16],
            ["4 GB of extended memory", 40],
        ]);
    });
});

describe("a GPU hour", () => {
    const prices: Price[] = [
        { description: "Nvidia L4 GPU running in Americas", group: "GPU", usd: 1, unit: "h" },
        {
            description: "Nvidia L4 GPU attached to Spot Preemptible VMs running in Americas",
            group: "GPU",
            usd: 2,
            unit: "h",
        },
        { description: "Nvidia H100 80GB Mega GPU running in Americas", group: "GPU", usd: 4, unit: "h" },
        { description: "Nvidia H100 80GB GPU running in Americas", group: "GPU", usd: 8, unit: "h" },
        // Both have the usage type OnDemand in Google's catalog.
        { description: "A4 Nvidia B200 (1 gpu slice) running in Americas", group: "GPU", usd: 16, unit: "h" },
        {
            description: "Spot Preemptible A4 Nvidia B200 (1 gpu slice) running in Americas",
            group: "GPU",
            usd: 32,
            unit: "h",
        },
        ...["G2", "A3", "A3Plus", "Spot Preemptible G2"].flatMap((series) => [
            { description: `${series} Instance Core running in Americas`, group: "CPU", usd: 0, unit: "h" },
            { description: `${series} Instance Ram running in Americas`, group: "RAM", usd: 0, unit: "GiBy.h" },
        ]),
    ];

    it.each<[string, boolean, MachineShape["gpus"], number]>([
        ["g2-standard-4", false, [{ type: "nvidia-l4", count: 1 }], 1],
        ["g2-standard-4", true, [{ type: "nvidia-l4", count: 1 }], 2],
        ["a3-megagpu-8g", false, [{ type: "nvidia-h100-mega-80gb", count: 8 }], 32],
        ["a3-highgpu-1g", false, [{ type: "nvidia-h100-80gb", count: 1 }], 8],
        ["a4-highgpu-8g", false, [{ type: "nvidia-b200", count: 8 }], 128],
        ["a4-highgpu-8g", true, [{ type: "nvidia-b200", count: 8 }], 256],
    ])("of %s (spot: %s) with %j costs %d", (type, spot, gpus, expected) => {
        expect(total(prices, machine(type, spot), shape({ gpus }))).toBe(expected);
    });

    it("causes an error if Google does not list it", () => {
        const gpus = [{ type: "nvidia-gb200", count: 4 }];

        expect(() => machinePrice(prices, machine("a4-highgpu-8g"), shape({ gpus }))).toThrow(
            "no price for the GPU nvidia-gb200",
        );
    });
});

it("a boot disk has the price of its own type, not that of a replicated disk", () => {
    const prices: Price[] = [
        { description: "Balanced PD Capacity in Americas", group: "SSD", usd: 0.1, unit: "GiBy.mo" },
        { description: "Regional Balanced PD Capacity in Americas", group: "SSD", usd: 0.2, unit: "GiBy.mo" },
    ];

    expect(diskPrice(prices, machine("e2-standard-2"))).toBeCloseTo(2);
    expect(() => diskPrice(prices, { ...machine("e2-standard-2"), diskType: "pd-extreme" })).toThrow(
        "no price for the disk type pd-extreme",
    );
});
