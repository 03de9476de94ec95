/** Formats `12345` as `12,345`. */
export function formatCount(count: number): string {
    return Math.round(count).toLocaleString("en-US");
}

/** Formats a count with its noun: `1 row`, `12,345 rows`. */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
    return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

/** Formats a number, with five significant digits by default: `2.45`, `12,345`, `1.5e-9`. */
export function formatNumber(value: number, digits = 5): string {
    if (!Number.isFinite(value)) {
        return Number.isNaN(value) ? "–" : `${value < 0 ? "−" : ""}∞`;
    }
    const rounded = Number(value.toPrecision(digits));
    const size = Math.abs(rounded);
    if (size !== 0 && (size < 1e-4 || size >= 1e9)) {
        return String(Number(rounded.toExponential(digits - 1)).toExponential())
            .replace("e+", "e")
            .replaceAll("-", "−");
    }
    const [whole = "", fraction] = String(size).split(".");
    const grouped = whole.length > 4 ? formatCount(Number(whole)) : whole;
    return `${rounded < 0 ? "−" : ""}${grouped}${fraction === undefined ? "" : `.${fraction}`}`;
}

/** Formats a fraction of 1 as `93.3%`; never 0% or 100% for a share that is only close to it. */
export function formatShare(share: number): string {
    const percent = share * 100;
    if (percent > 0 && percent < 0.1) {
        return "<0.1%";
    }
    if (percent > 99.9 && percent < 100) {
        return ">99.9%";
    }
    return `${Number(percent.toFixed(1))}%`;
}

/** The same as `formatShare`, but always with one decimal, for table columns. */
export function alignedShare(share: number): string {
    return formatShare(share).replace(/^(\d+)(?=%)/, "$1.0");
}

export function coordinate(value: number): string {
    return String(Number(value.toFixed(1)));
}

/** Returns about `count` round values within a range. */
export function niceTicks(low: number, high: number, count = 5): number[] {
    const span = high - low;
    if (!(span > 0) || !Number.isFinite(span)) {
        return [low];
    }
    const rough = span / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
    const first = Math.ceil(low / step);
    const last = Math.floor(high / step);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
        Number(((first + index) * step).toPrecision(12)),
    );
}
