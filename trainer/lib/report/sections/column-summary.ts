import { DAY_SECONDS, type Feature } from "../../model";
import type { HueOf } from "../hues";
import type { ReportTable, TableColumn } from "../input";
import { formatNumber } from "../numbers";

/** A column's values in some rows, evenly spaced over the table. */
export interface ColumnSummary {
    /** Share of rows without a value. */
    missing: number;
    /** The median, or the most common text; undefined if there are no values. */
    typical: number | string | undefined;
    /** The smallest and the largest number. */
    range: readonly [low: number, high: number];
    /** The most common strings with their numbers of rows, and the number of different ones. */
    texts: readonly (readonly [text: string, rows: number])[];
    distinct: number;
    /** The rows in each bar of the histogram, by the hue of their class. */
    bars: readonly ReadonlyMap<string, number>[];
}

const MOST_ROWS = 10_000;
const BINS = 20;
const MOST_TEXTS = 8;

/** The rows that the summaries cover. */
export function summarizedRows({ rowCount }: ReportTable): number[] {
    const count = Math.min(rowCount, MOST_ROWS);
    return Array.from({ length: count }, (_, index) => Math.floor((index * rowCount) / count));
}

/** Summarises the columns, by name. */
export function summarizeColumns(table: ReportTable | undefined, hueOf: HueOf): Map<string, ColumnSummary> {
    if (table === undefined) {
        return new Map();
    }
    const rows = summarizedRows(table);
    const hues = rows.map((row) => hueOf(table.target[row] as number));
    return new Map(table.columns.map((column) => [column.name, summarize(column, rows, hues)]));
}

function summarize({ isText, at }: TableColumn, rows: readonly number[], hues: readonly string[]): ColumnSummary {
    const values = rows.map(at);
    const counts = new Map<string, number>();
    for (const value of isText ? values : []) {
        counts.set(value as string, (counts.get(value as string) ?? 0) + 1);
    }
    const texts = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_TEXTS);
    const present = isText ? [] : (values as number[]).filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    const [low = 0, high = 0] = [present[0], present.at(-1)];
    const places = new Map(texts.map(([text], index) => [text, index]));
    const barOf = (value: number | string): number => {
        if (typeof value === "string") {
            return places.get(value) ?? MOST_TEXTS;
        }
        return high > low ? Math.min(BINS - 1, Math.floor((BINS * (value - low)) / (high - low))) : 0;
    };
    const bars = Array.from({ length: isText ? Math.min(counts.size, MOST_TEXTS + 1) : BINS }, () => {
        return new Map<string, number>();
    });
    for (const [index, value] of values.entries()) {
        const [bar, hue] = [bars[barOf(value)], hues[index] as string];
        bar?.set(hue, (bar.get(hue) ?? 0) + 1);
    }
    return {
        missing: 1 - (isText ? rows.length - (counts.get("") ?? 0) : present.length) / Math.max(1, rows.length),
        typical: isText ? texts[0]?.[0] : present[Math.floor((present.length - 1) / 2)],
        range: [low, high],
        texts,
        distinct: counts.size,
        bars,
    };
}

/** A value of a feature, as it can be entered in the form. */
export function formatValue(value: number | string, feature: Feature): string {
    if (typeof value === "string" || feature.kind !== "date" || Number.isNaN(value)) {
        return Number.isNaN(value) ? "" : String(value);
    }
    const text = new Date(value * 1000).toISOString();
    if (feature.order === "time") {
        return text.slice(11, 16);
    }
    return value % DAY_SECONDS === 0 ? text.slice(0, 10) : text.slice(0, 16).replace("T", " ");
}

/** A value of a feature, shortened for reading. */
export function shortValue(value: number | string, feature: Feature): string {
    return typeof value === "number" && feature.kind !== "date" ? formatNumber(value) : formatValue(value, feature);
}
