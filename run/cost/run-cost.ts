import { parseObject } from "../status";
import type { AttemptTimes } from "../whole-log";
import { formatUsd } from "./estimate";

/** The price of a run's VM. */
export interface RunPrice {
    /** US dollars for one hour, with the boot disk. */
    hourlyUsd: number;
    /** The most that one attempt can cost; absent in the state of older stacks. */
    attemptUsd?: number;
    /** The price of the last attempt if it uses a standard VM, and the number of interruptions before it. */
    last?: { hourlyUsd: number; attemptUsd: number; interruptions: number };
    /** True if the amount comes from an emulator. */
    isExample: boolean;
}

/** The cost of a run that has ended, as its manifest contains it. */
export interface RunCost {
    usd: number;
    /** Total minutes of all attempts or, for a sweep, of all its points. */
    minutes: number;
    /** Total minutes of the attempts before the last one; missing if there were none. */
    earlierMinutes?: number;
    /** The price of the VM; if the attempts used different VMs, that of the last one. */
    hourlyUsd: number;
    /** The price of the VM that the earlier attempts used, if it differs. */
    earlierHourlyUsd?: number;
    /** True if the amounts come from an emulator. */
    isExample: boolean;
}

/** The time that a run or one point of a sweep spent on its VMs. */
export interface VmTime {
    /** Total duration of the attempts before the last one, in milliseconds. */
    earlierMs: number;
    /** Duration of the last attempt, in milliseconds. */
    lastMs: number;
    interruptions: number;
}

/**
 * Computes the cost of a run: the time between the first and last log line of each attempt, at the price of the machine
 * with its boot disk. Google also bills for the time in which a VM boots and powers off, which is not recorded.
 */
export function costOf(price: RunPrice, times: readonly VmTime[]): RunCost {
    const { hourlyUsd, last, isExample } = price;
    const isLast = ({ interruptions }: VmTime) => last !== undefined && interruptions >= last.interruptions;
    const lastUsd = (time: VmTime) => (last !== undefined && isLast(time) ? last.hourlyUsd : hourlyUsd);
    const sum = (ofTime: (time: VmTime) => number) => times.reduce((total, time) => total + ofTime(time), 0);
    const rounded = (value: number, factor: number) => Math.round(value * factor) / factor;
    const earlierMs = sum((time) => time.earlierMs);
    const isOnLast = times.length > 0 && times.every(isLast);
    const [first] = times;
    return {
        usd: rounded(sum((time) => time.earlierMs * hourlyUsd + time.lastMs * lastUsd(time)) / 3_600_000, 10_000),
        minutes: rounded((earlierMs + sum(({ lastMs }) => lastMs)) / 60_000, 10),
        ...(earlierMs > 0 ? { earlierMinutes: rounded(earlierMs / 60_000, 10) } : {}),
        hourlyUsd: isOnLast && first ? lastUsd(first) : hourlyUsd,
        ...(isOnLast && earlierMs > 0 ? { earlierHourlyUsd: hourlyUsd } : {}),
        isExample,
    };
}

/** The total duration of the attempts before the last one, in milliseconds, from their logs. */
export function earlierMs(attempts: readonly AttemptTimes[]): number {
    return attempts
        .slice(0, -1)
        .map(({ loggedFrom, loggedTo }) => Date.parse(loggedTo) - Date.parse(loggedFrom))
        .filter((duration) => duration > 0)
        .reduce((sum, one) => sum + one, 0);
}

/** Reads the cost from the text of a manifest; undefined if the price was unknown. */
export function costIn(manifest: string): RunCost | undefined {
    const cost = parseObject(manifest)?.cost as RunCost | null | undefined;
    return typeof cost?.usd === "number" && typeof cost.minutes === "number" ? cost : undefined;
}

/** Formats a cost, such as `$0.0123 for 5.2 minutes, including 2 minutes of earlier attempts`. */
export function costText({ usd, minutes, earlierMinutes, isExample }: RunCost): string {
    const earlier =
        earlierMinutes === undefined ? "" : `, including ${minutesText(earlierMinutes)} of earlier attempts`;
    return `${formatUsd(usd)} for ${minutesText(minutes)}${earlier}${isExample ? " (example amounts from the emulator)" : ""}`;
}

function minutesText(minutes: number): string {
    if (minutes < 1) {
        return "less than a minute";
    }
    return minutes === 1 ? "1 minute" : `${minutes} minutes`;
}
