const UNIT_MS: Readonly<Record<string, number>> = {
    usec: 0.001,
    us: 0.001,
    msec: 1,
    ms: 1,
    seconds: 1000,
    second: 1000,
    sec: 1000,
    s: 1000,
    minutes: 60_000,
    minute: 60_000,
    min: 60_000,
    m: 60_000,
    hours: 3_600_000,
    hour: 3_600_000,
    hr: 3_600_000,
    h: 3_600_000,
    days: 86_400_000,
    day: 86_400_000,
    d: 86_400_000,
    weeks: 604_800_000,
    week: 604_800_000,
    w: 604_800_000,
};

/**
 * Parses a systemd time span: "90", "1min 30s", "infinity".
 * @returns milliseconds; `Infinity` for "infinity", `undefined` for text that is not a time span.
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.time.html#Parsing%20Time%20Spans
 */
export function parseTimeSpan(text: string): number | undefined {
    const trimmed = text.trim();
    if (trimmed === "infinity") {
        return Number.POSITIVE_INFINITY;
    }
    if (!/^(\d+(\.\d+)?\s*[a-z]*\s*)+$/.test(trimmed)) {
        return undefined;
    }
    let totalMs = 0;
    for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/g)) {
        const unitMs = unit === "" || unit === undefined ? 1000 : UNIT_MS[unit];
        if (unitMs === undefined) {
            return undefined;
        }
        totalMs += Number(amount) * unitMs;
    }
    return totalMs;
}
