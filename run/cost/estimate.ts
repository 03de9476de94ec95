import {
    addressPrice,
    bucketPrice,
    diskPrice,
    type Machine,
    type MachineShape,
    machinePrice,
    registryPrice,
} from "./machine-price";
import type { PriceList } from "./price-list";

/** The resources that a job uses, which determine its cost. */
export interface Usage {
    /** The longest time that one attempt's VM can be on, in hours. */
    maxHours: number;
    maxAttempts: number;
    /** Number of VMs that run at the same time, each with one boot disk. */
    tasks: number;
    datasetBytes: number;
    /** True if a run on spot VMs uses a standard VM for its last attempt. */
    lastIsStandard: boolean;
    /** True if each VM has an external address. */
    hasExternalIp: boolean;
    /** The median total VM time of the stack's earlier runs, in hours; undefined if there are none. */
    expectedHours: number | undefined;
}

/** The cost of a job in US dollars, as the stack output `cost` shows it. */
export interface CostEstimate {
    currency: "USD";
    /** One hour of the running VM with its boot disk. */
    hourlyUsd: number;
    /** The most that one attempt can cost. */
    attemptUsd: number;
    /** The price of the last attempt, if it is on a standard VM instead of a spot VM. */
    lastAttempt?: { hourlyUsd: number; attemptUsd: number };
    /** The most that one run can cost, including 30 days of everything that `pulumi destroy` would remove. */
    worstCaseUsd: number;
    /** The cost of a run that takes the same time as the stack's earlier runs; null if there are none. */
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
 * Computes the cost of a job.
 *
 * In the worst case, every attempt of every task takes the longest possible time, and the boot disk, the bucket and the
 * repository exist for 30 days. The image must fit on the boot disk, as must results that a trainer writes to its own
 * file system, so the disk's size limits both.
 * @throws an error that names the part without a price
 */
export function estimateCost(list: PriceList, machine: Machine, shape: MachineShape, usage: Usage): CostEstimate {
    const { prices, isReal } = list;
    const diskPerMonth = diskPrice(prices, machine);
    const ofVm = (spot: boolean) => {
        const parts = machinePrice(prices, { ...machine, spot }, shape);
        const address = usage.hasExternalIp ? addressPrice(prices, spot) : 0;
        const perHour = parts.reduce((sum, { usdPerHour }) => sum + usdPerHour, address);
        const hourlyUsd = perHour + diskPerMonth / hoursPerMonth;
        return { perHour, price: { hourlyUsd: rounded(hourlyUsd), attemptUsd: rounded(hourlyUsd * usage.maxHours) } };
    };
    const usual = ofVm(machine.spot);
    const last = usage.lastIsStandard ? ofVm(false) : undefined;
    const months = (storageDays * 24) / hoursPerMonth;
    const storedGib = usage.datasetBytes / 2 ** 30 + machine.diskSizeGb;
    const storage =
        diskPerMonth * usage.tasks + storedGib * bucketPrice(prices) + machine.diskSizeGb * registryPrice(prices);
    const attempts = usual.perHour * (usage.maxAttempts - 1) + (last ?? usual).perHour;
    const worstCaseUsd = attempts * usage.maxHours * usage.tasks + storage * months;
    const { expectedHours } = usage;
    return {
        currency: "USD",
        ...usual.price,
        ...(last === undefined ? {} : { lastAttempt: last.price }),
        worstCaseUsd: rounded(worstCaseUsd),
        expectedUsd: expectedHours === undefined ? null : rounded(usual.price.hourlyUsd * expectedHours),
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
