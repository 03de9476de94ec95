/** A stock-keeping unit: https://cloud.google.com/billing/docs/reference/rest/v1/services.skus */
export interface Sku {
    readonly name: string;
    readonly skuId: string;
    readonly description: string;
    readonly category: {
        readonly serviceDisplayName: string;
        readonly resourceFamily: string;
        readonly resourceGroup: string;
        readonly usageType: "OnDemand" | "Preemptible";
    };
    readonly serviceRegions: readonly string[];
    readonly pricingInfo: readonly object[];
    readonly serviceProviderName: string;
    readonly geoTaxonomy: { readonly type: "MULTI_REGIONAL"; readonly regions: readonly string[] };
}

/** A service with a price list. */
export interface BillingService {
    readonly serviceId: string;
    readonly displayName: string;
}

/**
 * The provider of every SKU. Google's own catalog says "Google", so clients can tell that these amounts are examples.
 */
export const PROVIDER = "gcp-emulator (example amounts)";

export const SERVICES: readonly BillingService[] = [
    { serviceId: "149C-F9EC-3994", displayName: "Artifact Registry" },
    { serviceId: "6F81-5844-456A", displayName: "Compute Engine" },
    { serviceId: "95FF-2EF5-5EA1", displayName: "Cloud Storage" },
];

/** The day on which the example amounts take effect. */
const EFFECTIVE = "2026-01-01T00:00:00Z";

/**
 * SKU descriptions for vCPUs and memory, without the region and the word "Core" or "Ram", each with the example amount
 * for one vCPU-hour. One GiB-hour of memory costs an eighth of that amount.
 * https://github.com/Cyclenerd/google-cloud-pricing-cost-calculator, build/mapping.csv, lists the patterns of Google's
 * own descriptions, with their resource groups.
 */
const MACHINES: readonly (readonly [description: string, cpuUsd: number])[] = [
    ["A2 Instance", 0.03],
    ["A3 Instance", 0.03],
    ["A3Plus Instance", 0.03],
    ["A3Ultra Instance", 0.03],
    ["C2D AMD Instance", 0.03],
    ["C3 Instance", 0.034],
    ["C3D Instance", 0.032],
    ["C4 Instance", 0.035],
    ["C4A Arm Instance", 0.032],
    ["C4D Instance", 0.034],
    ["Compute optimized", 0.034],
    ["E2 Instance", 0.022],
    ["G2 Instance", 0.025],
    ["G4 Instance", 0.026],
    ["H3 Instance", 0.044],
    ["H4D Instance", 0.04],
    ["M3 Memory-optimized Instance", 0.035],
    ["M4 Instance", 0.036],
    ["Memory-optimized Instance", 0.035],
    ["Memory Optimized Upgrade Premium for Memory-optimized Instance", 0.01],
    ["Custom Instance", 0.033],
    ["N2 Instance", 0.032],
    ["N2 Custom Instance", 0.033],
    ["N2D AMD Instance", 0.028],
    ["N2D AMD Custom Instance", 0.029],
    ["N4 Instance", 0.031],
    ["N4 Custom Instance", 0.032],
    ["N4A Instance", 0.027],
    ["N4D Instance", 0.029],
    ["N4D Custom Instance", 0.03],
    ["T2A Arm Instance", 0.027],
    ["T2D AMD Instance", 0.028],
    ["Z3 Instance", 0.04],
];

/** The descriptions of the SKUs for memory above a custom machine type's per-CPU limit. */
const EXTENDED = ["Custom Extended Instance", "N2 Custom Extended Instance", "N2D AMD Custom Extended Instance"];

/** The descriptions of the SKUs for one GPU-hour, with their example amounts. */
const GPUS: readonly (readonly [description: string, usd: number])[] = [
    ["H200 141GB GPU", 9],
    ["Nvidia H100 80GB GPU", 8],
    ["Nvidia H100 80GB Mega GPU", 8.5],
    ["Nvidia L4 GPU", 0.55],
    ["Nvidia Tesla A100 80GB GPU", 3.9],
    ["Nvidia Tesla A100 GPU", 2.9],
    ["Nvidia Tesla P100 GPU", 1.4],
    ["Nvidia Tesla P4 GPU", 0.6],
    ["Nvidia Tesla T4 GPU", 0.35],
    ["Nvidia Tesla V100 GPU", 2.4],
    ["RTX 6000 96GB", 3],
];

/** The descriptions of the SKUs for one GiB-month of disk space, with their groups and example amounts. */
const DISKS: readonly (readonly [description: string, group: string, usd: number])[] = [
    ["Balanced PD Capacity", "SSD", 0.1],
    ["Hyperdisk Balanced Capacity", "SSD", 0.08],
    ["SSD backed PD Capacity", "SSD", 0.17],
    ["Storage PD Capacity", "PDStandard", 0.04],
];

/** The example price of a spot VM, as a fraction of the price of a standard VM. */
const SPOT_SHARE = 0.3;

/** Creates a service's price list, ordered by SKU id. The example amounts are the same in every region. */
export function skusOf(service: BillingService, regions: readonly string[]): Sku[] {
    const list = new PriceList(service, regions);
    switch (service.displayName) {
        case "Compute Engine":
            addMachines(list);
            addGpusAndDisks(list);
            break;
        case "Cloud Storage":
            // The first 5 GiB are free in some regions.
            list.add("Standard Storage Regional", ["Storage", "RegionalStorage"], "OnDemand", "GiBy.mo", [
                [0, 0],
                [5, 0.02],
            ]);
            break;
        default:
            list.add("Artifact Registry Storage", ["ApplicationServices", "Storage"], "OnDemand", "GiBy.mo", [
                [0, 0],
                [0.5, 0.1],
            ]);
    }
    return list.skus;
}

function addMachines(list: PriceList): void {
    for (const [description, usd] of MACHINES) {
        for (const [part, group, amount] of [
            ["Core", "CPU", usd],
            ["Ram", "RAM", usd / 8],
        ] as const) {
            const unit = part === "Core" ? "h" : "GiBy.h";
            list.addBoth(`${description} ${part} running in Americas`, ["Compute", group], unit, amount);
        }
    }
    for (const [part, usd] of [
        ["Core", 0.0316],
        ["Ram", 0.0042],
    ] as const) {
        const description = `N1 Predefined Instance ${part} running in Americas`;
        list.addBoth(description, ["Compute", "N1Standard"], part === "Core" ? "h" : "GiBy.h", usd);
    }
    for (const description of EXTENDED) {
        list.addBoth(`${description} Ram running in Americas`, ["Compute", "RAM"], "GiBy.h", 0.0095);
    }
    list.addBoth("Micro Instance with burstable CPU running in Americas", ["Compute", "F1Micro"], "h", 0.0076);
    list.addBoth("Small Instance with 1 VCPU running in Americas", ["Compute", "G1Small"], "h", 0.0257);
    // SKUs that a careless match would confuse with those above.
    list.add("Commitment v1: N2 Cpu in Americas for 1 Year", ["Compute", "CPU"], "OnDemand", "h", [[0, 0.01]]);
    list.add("Reserved A3 Instance Core in Americas", ["Compute", "CPU"], "OnDemand", "h", [[0, 0.01]]);
    list.add("N2 Sole Tenancy Instance Core running in Americas", ["Compute", "CPU"], "OnDemand", "h", [[0, 0.05]]);
}

function addGpusAndDisks(list: PriceList): void {
    const gpu = ["Compute", "GPU"] as const;
    for (const [description, usd] of GPUS) {
        const spot = `${description} attached to Spot Preemptible VMs running in Americas`;
        list.add(`${description} running in Americas`, gpu, "OnDemand", "h", [[0, usd]]);
        list.add(spot, gpu, "Preemptible", "h", [[0, usd * SPOT_SHARE]]);
    }
    // Google lists both of these with the usage type OnDemand.
    const slice = "A4 Nvidia B200 (1 gpu slice) running in Americas";
    list.add(slice, gpu, "OnDemand", "h", [[0, 16]]);
    list.add(`Spot Preemptible ${slice}`, gpu, "OnDemand", "h", [[0, 16 * SPOT_SHARE]]);
    for (const [description, group, usd] of DISKS) {
        list.add(`${description} in Americas`, ["Storage", group], "OnDemand", "GiBy.mo", [[0, usd]]);
    }
    list.add("Regional Balanced PD Capacity in Americas", ["Storage", "SSD"], "OnDemand", "GiBy.mo", [[0, 0.2]]);
    const ssd = ["Storage", "LocalSSD"] as const;
    list.add("SSD backed Local Storage", ssd, "OnDemand", "GiBy.mo", [[0, 0.08]]);
    list.add("SSD backed Local Storage attached to Spot Preemptible VMs", ssd, "Preemptible", "GiBy.mo", [[0, 0.03]]);
    // The descriptions are from https://github.com/infracost/infracost, internal/resources/google/compute_address.go.
    for (const [model, usd] of [
        ["Standard VM", 0.005],
        ["Spot Preemptible VM", 0.0025],
    ] as const) {
        list.add(`External IP Charge on a ${model}`, ["Network", "IpAddress"], "OnDemand", "h", [
            [0, 0],
            [744, usd],
        ]);
    }
    for (const series of ["C4", "C4A", "C4D"]) {
        list.addBoth(`${series} Instance Local SSD running in Americas`, ["Compute", "LocalSSD"], "GiBy.mo", 0.08);
    }
}

const UNITS: Readonly<Record<string, readonly [description: string, base: string, factor: number]>> = {
    h: ["hour", "s", 3600],
    "GiBy.h": ["gibibyte hour", "By.s", 3_865_470_566_400],
    "GiBy.mo": ["gibibyte month", "By.s", 2_872_044_630_835_200],
};

class PriceList {
    readonly skus: Sku[] = [];
    readonly #service: BillingService;
    readonly #regions: readonly string[];

    constructor(service: BillingService, regions: readonly string[]) {
        this.#service = service;
        this.#regions = regions;
    }

    /** Adds a SKU for standard VMs and one for spot VMs. */
    addBoth(description: string, category: readonly [family: string, group: string], unit: string, usd: number): void {
        this.add(description, category, "OnDemand", unit, [[0, usd]]);
        this.add(`Spot Preemptible ${description}`, category, "Preemptible", unit, [[0, usd * SPOT_SHARE]]);
    }

    add(
        description: string,
        [resourceFamily, resourceGroup]: readonly [family: string, group: string],
        usageType: "OnDemand" | "Preemptible",
        unit: string,
        rates: readonly (readonly [from: number, usd: number])[],
    ): void {
        const skuId = `EEEE-0000-${(this.skus.length + 0x1000).toString(16).toUpperCase()}`;
        const [unitDescription = "", baseUnit = "", baseUnitConversionFactor = 1] = UNITS[unit] ?? [];
        this.skus.push({
            name: `services/${this.#service.serviceId}/skus/${skuId}`,
            skuId,
            description,
            category: { serviceDisplayName: this.#service.displayName, resourceFamily, resourceGroup, usageType },
            serviceRegions: this.#regions,
            pricingInfo: [
                {
                    summary: "",
                    pricingExpression: {
                        usageUnit: unit,
                        displayQuantity: 1,
                        tieredRates: rates.map(([startUsageAmount, usd]) => ({
                            startUsageAmount,
                            unitPrice: { currencyCode: "USD", ...moneyOf(usd) },
                        })),
                        usageUnitDescription: unitDescription,
                        baseUnit,
                        baseUnitDescription: baseUnit === "s" ? "second" : "byte second",
                        baseUnitConversionFactor,
                    },
                    currencyConversionRate: 1,
                    effectiveTime: EFFECTIVE,
                },
            ],
            serviceProviderName: PROVIDER,
            geoTaxonomy: { type: "MULTI_REGIONAL", regions: this.#regions },
        });
    }
}

/** https://github.com/googleapis/googleapis/blob/master/google/type/money.proto */
function moneyOf(usd: number): { readonly units: string; readonly nanos: number } {
    const units = Math.floor(usd);
    return { units: String(units), nanos: Math.round((usd - units) * 1e9) };
}
