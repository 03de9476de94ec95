import { type Html, html } from "../html";
import type { ReportInput } from "../input";
import { coordinate, countOf, formatCount, formatNumber, formatShare, niceTicks } from "../numbers";
import { drawTable, type Section } from "./section";

const MOST_POINTS = 2000;
/** Dimensions of the drawing: the square plot area, and the margins for the axes. */
const SIDE = 400;
const BOTTOM = 46;
const TOP = 8;

/** The errors in a regression: predicted against actual values, and the sizes of the errors. */
export function residualsSection({ test, metrics }: ReportInput): Section {
    const pairs = Array.from({ length: Math.min(test.actual.length, MOST_POINTS) }, (_, row) => ({
        actual: test.actual[row] as number,
        predicted: test.predicted[row] as number,
    })).filter(({ actual, predicted }) => Number.isFinite(actual) && Number.isFinite(predicted));
    const content =
        pairs.length === 0
            ? html`<p>There are no tested rows to plot.</p>`
            : html`<div class="pair">${drawScatter(pairs, metrics.testRows)}<div>${drawErrors(pairs, metrics)}</div></div>`;
    return { id: "errors", short: "Errors", title: "How far off it is", content };
}

interface Pair {
    actual: number;
    predicted: number;
}

function drawScatter(pairs: readonly Pair[], testRows: number): Html {
    const values = pairs.flatMap(({ actual, predicted }) => [actual, predicted]);
    const [low, high] = withMargin(minimum(values), maximum(values));
    const ticks = niceTicks(low, high);
    const left = 34 + 8 * Math.max(...ticks.map((tick) => tickText(tick).length));
    const x = (value: number) => coordinate(left + (SIDE * (value - low)) / (high - low));
    const y = (value: number) => coordinate(TOP + SIDE - (SIDE * (value - low)) / (high - low));
    const grid = ticks.map((tick) => {
        const [text, below] = [tickText(tick), TOP + SIDE + 19];
        const labelX = html`<text x="${x(tick)}" y="${below}" text-anchor="middle">${text}</text>`;
        const labelY = html`<text x="${left - 8}" y="${Number(y(tick)) + 5}" text-anchor="end">${text}</text>`;
        return html`<path class="grid" d="M${x(tick)} ${TOP}v${SIDE}M${left} ${y(tick)}h${SIDE}"/>${labelX}${labelY}`;
    });
    const points = pairs.map(({ actual, predicted }) => html`<circle cx="${x(actual)}" cy="${y(predicted)}" r="3.5"/>`);
    const tested = countOf(testRows, "tested row");
    const drawn = pairs.length < testRows ? `${formatCount(pairs.length)} of ${tested}` : tested;
    const label = `Predicted against actual values of ${drawn}; a point on the diagonal is a correct prediction`;
    const diagonal = html`<path class="diagonal" d="M${left} ${TOP + SIDE}L${left + SIDE} ${TOP}"/>`;
    const dense = pairs.length > 300 && " dense";
    const axisX = html`<text class="axis" x="${left + SIDE / 2}" y="${TOP + SIDE + 41}"
        text-anchor="middle">actual</text>`;
    const axisY = html`<text class="axis" transform="translate(13 ${TOP + SIDE / 2}) rotate(-90)"
        text-anchor="middle">predicted</text>`;
    const drawing = html`${grid}${diagonal}<g class="points${dense}">${points}</g>${axisX}${axisY}`;
    const viewBox = `0 0 ${left + SIDE + 12} ${TOP + SIDE + BOTTOM}`;
    return html`<figure class="scatter"><svg role="img" aria-label="${label}"
        viewBox="${viewBox}">${drawing}</svg><figcaption>${drawn}. Predictions on the line are correct; those below it
        are too low.</figcaption></figure>`;
}

function drawErrors(pairs: readonly Pair[], { mae = 0, rmse = 0, r2 = null, testRows }: ReportInput["metrics"]): Html {
    const errors = pairs.map(({ actual, predicted }) => predicted - actual);
    const sizes = errors.map(Math.abs).sort((a, b) => a - b);
    const quantile = (share: number) => sizes[Math.min(sizes.length - 1, Math.ceil(share * sizes.length) - 1)] ?? 0;
    const high = errors.filter((error) => error > 0).length;
    const low = errors.filter((error) => error < 0).length;
    const rows: [string, string][] = [
        ["Mean absolute error", formatNumber(mae, 4)],
        ["Root mean squared error", formatNumber(rmse, 4)],
        ["R²", r2 === null ? "–" : formatNumber(r2, 4)],
        ["Half of the rows are off by at most", formatNumber(quantile(0.5), 4)],
        ["Nine out of ten are off by at most", formatNumber(quantile(0.9), 4)],
        ["The worst is off by", formatNumber(quantile(1), 4)],
        ["Predicted too high", formatShare(high / errors.length)],
        ["Predicted too low", formatShare(low / errors.length)],
    ];
    const lines = rows.map(
        ([label, value]) => html`<tr><th scope="row">${label}</th><td class="number">${value}</td></tr>`,
    );
    const table = drawTable("The errors in numbers", ["Measure", "Value"], lines, "numbers-last");
    const note =
        pairs.length < testRows &&
        html`<p class="fine">The first three figures cover all ${countOf(testRows, "tested row")}, the others
            only those drawn.</p>`;
    return html`${table}${drawHistogram(errors)}${note}`;
}

const BINS = 21;

/** The distribution of the errors around zero, in equal-width bins; the outermost bins include everything beyond. */
function drawHistogram(errors: readonly number[]): Html {
    const sizes = errors.map(Math.abs).sort((a, b) => a - b);
    const reach = sizes[Math.floor(0.98 * (sizes.length - 1))] || maximum(sizes) || 1;
    const bins = new Array<number>(BINS).fill(0);
    for (const error of errors) {
        const bin = Math.round(((error / reach + 1) / 2) * (BINS - 1));
        const index = Math.min(BINS - 1, Math.max(0, bin));
        bins[index] = (bins[index] as number) + 1;
    }
    const most = maximum(bins);
    const bars = bins.map((count, index) => {
        const height = (90 * count) / most;
        return html`<rect x="${index * 20 + 2}" y="${coordinate(94 - height)}" width="16"
            height="${coordinate(height)}"/>`;
    });
    const [least, greatest] = [formatNumber(-reach, 3), formatNumber(reach, 3)];
    const label = `Histogram of the errors, predicted minus actual, from ${least} to ${greatest}`;
    const axis = html`<path class="zero" d="M210 0V98"/><path class="base" d="M0 94.5H420"/>`;
    const ticks = html`<text x="2" y="114">${least}</text><text x="210" y="114" text-anchor="middle">0</text><text
        x="418" y="114" text-anchor="end">${greatest}</text>`;
    const drawing = html`<g class="bins">${bars}</g>${axis}${ticks}`;
    return html`<figure class="histogram"><svg role="img" aria-label="${label}"
        viewBox="0 0 420 120">${drawing}</svg><figcaption>Distribution of the errors: predicted minus
        actual.</figcaption></figure>`;
}

function withMargin(low: number, high: number): [number, number] {
    const margin = high > low ? (high - low) * 0.03 : Math.abs(low) * 0.1 || 1;
    return [low - margin, high + margin];
}

function tickText(value: number): string {
    return formatNumber(value, 6);
}

function minimum(values: readonly number[]): number {
    return values.reduce((least, value) => Math.min(least, value), Infinity);
}

function maximum(values: readonly number[]): number {
    return values.reduce((most, value) => Math.max(most, value), -Infinity);
}
