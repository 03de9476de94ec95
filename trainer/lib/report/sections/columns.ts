import { DAY_SECONDS, type Feature } from "../../model";
import { type Html, html, name } from "../html";
import { drawLegend, type HueOf } from "../hues";
import type { ReportInput, ReportTable, TableColumn } from "../input";
import { coordinate, countOf, formatCount, formatNumber, formatShare } from "../numbers";
import type { Section } from "./section";

const FIRST = 12;
/** Number of columns that are shown; all others are only counted. */
const MOST_DRAWN = 60;
const [WIDTH, HEIGHT] = [240, 60];

/** The values of the features: a histogram and a few numbers for each, the most important ones first. */
export function columnsSection(input: ReportInput, summaries: ReadonlyMap<string, ColumnSummary>): Section {
    const { model, metrics, table } = input;
    const features = new Map(model.features.map((feature) => [feature.name, feature]));
    const ranked = (metrics.featureImportances ?? []).map(({ feature }) => feature);
    const drawn = ranked.slice(0, MOST_DRAWN).map((it) => {
        return drawColumn(features.get(it) as Feature, summaries.get(it) as ColumnSummary);
    });
    const rest = ranked.length - drawn.length;
    const more =
        drawn.length > FIRST &&
        html`<details class="fold"><summary>${countOf(drawn.length - FIRST, "less important feature")}</summary><ul
            class="columns">${drawn.slice(FIRST)}</ul></details>`;
    const all = countOf(table.rowCount, "row");
    const sample = table.rowCount > MOST_ROWS && ` They show ${formatCount(MOST_ROWS)} of the ${all}.`;
    return {
        id: "columns",
        short: "Columns",
        title: "Values of the features",
        content: html`<p>Each bar is a number of rows, the most important feature first.${sample}</p>${drawLegend(input)}<ul
            class="columns">${drawn.slice(0, FIRST)}</ul>${more}${rest > 0 && html`<p class="fine">${countOf(rest, "more feature")} not shown.</p>`}`,
    };
}

function drawColumn(feature: Feature, { missing, typical, range, texts, distinct, bars }: ColumnSummary): Html {
    const [low, high] = range.map((value) => shortValue(value, feature));
    const gaps = missing > 0 && `; ${formatShare(missing)} missing`;
    const total = bars.reduce((sum, bar) => sum + sumOf(bar), 0);
    const listed = texts.slice(0, 4).map(([text, rows], index) => {
        return html`${index > 0 && ", "}${name(text)} ${formatShare(rows / total)}`;
    });
    const others = distinct > listed.length && `, and ${countOf(distinct - listed.length, "other")}`;
    const unit = feature.kind === "number" && feature.format?.unit !== undefined && html` (${feature.format.unit})`;
    const facts =
        feature.kind === "text"
            ? html`${countOf(distinct, "value")}: ${listed}${others}`
            : typical === undefined
              ? "no values"
              : html`${low} to ${high}, median ${shortValue(typical, feature)}`;
    const kind = feature.kind === "number" ? "" : html` <small>${feature.kind}</small>`;
    return html`<li><b>${name(feature.name)}</b>${unit}${kind}${drawBars(bars)}<p class="hint">${facts}${gaps}</p></li>`;
}

/** Stacked bars, with one path for each hue. The text below them gives the range. */
function drawBars(bars: ColumnSummary["bars"]): Html {
    const most = bars.reduce((largest, bar) => Math.max(largest, sumOf(bar)), 1);
    const width = Math.min(WIDTH / bars.length, 40);
    const paths = new Map<string, string>();
    for (const [index, bar] of bars.entries()) {
        let top = HEIGHT;
        for (const [hue, rows] of [...bar].sort(([a], [b]) => (a < b ? -1 : 1))) {
            const height = (HEIGHT * rows) / most;
            top -= height;
            const path = `M${coordinate(index * width)} ${coordinate(top)}h${coordinate(width - 1.5)}v${coordinate(height)}h${coordinate(1.5 - width)}z`;
            paths.set(hue, (paths.get(hue) ?? "") + path);
        }
    }
    const drawn = [...paths].map(([hue, path]) => html`<path class="fill ${hue}" d="${path}"/>`);
    return html`<svg aria-hidden="true" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none">${drawn}<path
        class="base" d="M0 ${HEIGHT}H${WIDTH}"/></svg>`;
}

function sumOf(bar: ReadonlyMap<string, number>): number {
    return [...bar.values()].reduce((sum, rows) => sum + rows, 0);
}

/** A column's values in some rows, evenly spaced over the table. */
export interface ColumnSummary {
    /** Share of rows without a value. */
    missing: number;
    /** The median, or the most common text; undefined if there are no values. */
    typical: number | string | undefined;
    /** The smallest and the largest number. */
    range: readonly [low: number, high: number];
    /** The most common strings, each with its number of rows, and the number of distinct strings. */
    texts: readonly (readonly [text: string, rows: number])[];
    distinct: number;
    /** The rows in each bar of the histogram, by the hue of their class. */
    bars: readonly ReadonlyMap<string, number>[];
}

const MOST_ROWS = 10_000;
const BINS = 20;
const MOST_TEXTS = 8;

/** Summarises the columns, by name. */
export function summarizeColumns(table: ReportTable, hueOf: HueOf): Map<string, ColumnSummary> {
    const count = Math.min(table.rowCount, MOST_ROWS);
    const rows = Array.from({ length: count }, (_, index) => Math.floor((index * table.rowCount) / count));
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
    const barCount = isText ? Math.min(counts.size, MOST_TEXTS + 1) : BINS;
    const bars = Array.from({ length: barCount }, () => new Map<string, number>());
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
