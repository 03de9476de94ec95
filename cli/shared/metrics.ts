/** Bookkeeping of the format, not a result. */
const HIDDEN = ["schema", "seed"];

/** The numbers at the top level of a run's metrics, as name and printed value. */
export function numbersOf(metrics: Record<string, unknown>): [name: string, shown: string][] {
    return Object.entries(metrics)
        .filter(([name, value]) => typeof value === "number" && !HIDDEN.includes(name))
        .map(([name, value]) => [name, formatValue(value)]);
}

/** A number with five significant digits; any other value as text. */
export function formatValue(value: unknown): string {
    if (typeof value !== "number") {
        return String(value);
    }
    return value.toLocaleString("en-US", { maximumSignificantDigits: 5, useGrouping: false });
}
