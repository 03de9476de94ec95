/** Keys that describe the format of the metrics and are not results. */
const HIDDEN = ["schema", "seed"];

/** The numbers at the top level of a run's metrics, as pairs of name and formatted value. */
export function numbersOf(metrics: Record<string, unknown>): [name: string, shown: string][] {
    return Object.entries(metrics)
        .filter(([name, value]) => typeof value === "number" && !HIDDEN.includes(name))
        .map(([name, value]) => [name, formatValue(value)]);
}

/** A number with five significant digits and thousands separators, or any other value as text. */
export function formatValue(value: unknown): string {
    if (typeof value !== "number") {
        return String(value);
    }
    return value.toLocaleString("en-US", { maximumSignificantDigits: 5 });
}
