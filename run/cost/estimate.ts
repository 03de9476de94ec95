import { bucketPrice, diskPrice, type Machine, type MachineShape, machinePrice, registryPrice } from "./machine-price";
import type { PriceList } from "./price-list";

/** How often and how long a job's VM may run, and what it stores. */
export interface Usage {
    /** The longest time that one attempt's VM can be on, in hours. */
    maxHours: number;
    maxAttempts: number;
    /** Number of VMs at the same time, each with one boot disk. */
    tasks: number;
    datasetBytes: number;
    /** The median duration of the stack's earlier runs in hours; undefined if there are none. */
    expectedHours: number | undefined;
}

/** The cost of a job in US dollars, as the stack output `cost` shows it. */
export interface CostEstimate {
    currency: "USD";
    /** One hour of the running VM with its boot disk. */
    hourlyUsd: number;
    /** The most that one run can cost, including 30 days of everything that `pulumi destroy` would remove. */
    worstCaseUsd: number;
    /** The cost of a run as long as the stack's earlier ones; null if there are none. */
    expectedUsd: number | null;
    /** True if the amounts come from an emulator. */
    isExample: boolean;
}

/** Reasons why there is no estimate. */
export interface UnknownCost {
    unknown: string;
}

const hoursPerMonth = 730;
/** Days for which the worst case counts storage. */
export const storageDays = 30;

/**
 * Computes what a job costs.
 *
 * The worst case is every attempt of every task for its whole time, and 30 days of the boot disk, of the bucket and of
 * the repository. An image has to fit on the boot disk, and so do the results of a trainer that writes them to its own
 * file system, so the disk's size limits both.
 * @throws an error that names the part without a price
 */
export function estimateCost(list: PriceList, machine: Machine, shape: MachineShape, usage: Usage): CostEstimate {
    const { prices, isReal } = list;
    const vmPerHour = machinePrice(prices, machine, shape).reduce((sum, { usdPerHour }) => sum + usdPerHour, 0);
    const diskPerMonth = diskPrice(prices, machine);
    const hourlyUsd = vmPerHour + diskPerMonth / hoursPerMonth;
    const months = (storageDays * 24) / hoursPerMonth;
    const storedGib = usage.datasetBytes / 2 ** 30 + machine.diskSizeGb;
    const storage =
        diskPerMonth * usage.tasks + storedGib * bucketPrice(prices) + machine.diskSizeGb * registryPrice(prices);
    const worstCaseUsd = vmPerHour * usage.maxHours * usage.maxAttempts * usage.tasks + storage * months;
    const expectedUsd = usage.expectedHours === undefined ? null : hourlyUsd * usage.expectedHours * usage.tasks;
    return {
        currency: "USD",
        hourlyUsd: rounded(hourlyUsd),
        worstCaseUsd: rounded(worstCaseUsd),
        expectedUsd: expectedUsd === null ? null : rounded(expectedUsd),
        isExample: !isReal,
    };
}

/** Formats an amount: `$0.0671` below ten cents, `$1,234.50` above. */
export function formatUsd(usd: number): string {
    const digits = usd > 0 && usd < 0.1 ? 4 : 2;
    return `$${usd.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

/** Rounds to a hundredth of a cent. */
function rounded(usd: number): number {
    return Math.round(usd * 10_000) / 10_000;
}
