import type { Feature } from "../../model";
import { type Html, html, name } from "../html";
import { drawLegend } from "../hues";
import type { ReportInput } from "../input";
import { coordinate, countOf, formatCount, formatShare } from "../numbers";
import { type ColumnSummary, shortValue, summarizedRows } from "./column-summary";
import type { Section } from "./section";

const FIRST = 12;
/** Number of columns that are shown; all others are only counted. */
const MOST_DRAWN = 60;
const [WIDTH, HEIGHT] = [240, 60];

/** The values of the features: a histogram and a few numbers for each, the most important ones first. */
export function columnsSection(input: ReportInput, summaries: ReadonlyMap<string, ColumnSummary>): Section | undefined {
    const { model, metrics, table } = input;
    if (table === undefined) {
        return undefined;
    }
    const features = new Map(model.features.map((feature) => [feature.name, feature]));
    const ranked = (metrics.featureImportances ?? []).map(({ feature }) => feature);
    const order = [...new Set([...ranked, ...features.keys()])].filter((it) => features.has(it) && summaries.has(it));
    const drawn = order.slice(0, MOST_DRAWN).map((it) => {
        return drawColumn(features.get(it) as Feature, summaries.get(it) as ColumnSummary);
    });
    const rest = order.length - drawn.length;
    const more =
        drawn.length > FIRST &&
        html`<details class="fold"><summary>${countOf(drawn.length - FIRST, "less important feature")}</summary><ul
            class="columns">${drawn.slice(FIRST)}</ul></details>`;
    const rows = summarizedRows(table).length;
    const sample = rows < table.rowCount && ` They show ${formatCount(rows)} of the ${countOf(table.rowCount, "row")}.`;
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
