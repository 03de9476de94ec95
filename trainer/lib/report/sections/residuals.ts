import { type Html, html } from "../html";
import type { ReportInput } from "../input";
import { coordinate, countOf, formatCount, formatNumber, formatShare } from "../numbers";
import { drawPlot } from "./plot";
import { drawRow, drawTable, numberCell, type Section } from "./section";
import { drawWorstRows } from "./worst-rows";

const MOST_POINTS = 2000;

/** The errors in a regression: predicted against actual values, and the sizes of the errors. */
export function residualsSection(input: ReportInput): Section {
    const { test, metrics } = input;
    const rows = test.actual.length;
    const count = Math.min(rows, MOST_POINTS);
    const sampled = Array.from({ length: count }, (_, index) => Math.floor((index * rows) / count));
    const pairs = sampled
        .map((row) => [test.actual[row] as number, test.predictions[row] as number] as const)
        .filter((pair) => pair.every(Number.isFinite));
    const content =
        pairs.length === 0
            ? html`<p>There are no tested rows to plot.</p>`
            : html`<div class="pair">${drawScatter(pairs, metrics.testRows)}<div>${drawErrors(pairs, metrics)}</div></div>${drawWorstRows(input)}`;
    return { id: "errors", short: "Errors", title: "Size of the errors", content };
}

type Pair = readonly [actual: number, predicted: number];

function drawScatter(pairs: readonly Pair[], testRows: number): Html {
    const values = pairs.flat().sort((a, b) => a - b);
    const [least = 0, most = 0] = [values[0], values.at(-1)];
    const margin = most > least ? (most - least) * 0.03 : Math.abs(least) * 0.1 || 1;
    const [low, high] = [least - margin, most + margin];
    const tested = countOf(testRows, "tested row");
    const drawn = pairs.length < testRows ? `${formatCount(pairs.length)} of ${tested}` : tested;
    const dense = pairs.length > 300 && " dense";
    return drawPlot({
        label: `Predicted against actual values of ${drawn}; a point on the diagonal is a correct prediction`,
        caption: html`${drawn}. Predictions on the line are correct; those below it are too low.`,
        x: "actual",
        y: "predicted",
        range: [low, high],
        draw: (x, y) => {
            const points = pairs.map(
                ([actual, predicted]) => html`<circle cx="${x(actual)}" cy="${y(predicted)}" r="3.5"/>`,
            );
            return html`<path class="diagonal" d="M${x(low)} ${y(low)}L${x(high)} ${y(high)}"/><g
                class="points${dense}">${points}</g>`;
        },
    });
}

function drawErrors(pairs: readonly Pair[], { mae = 0, rmse = 0, r2 = null, testRows }: ReportInput["metrics"]): Html {
    const errors = pairs.map(([actual, predicted]) => predicted - actual);
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
    const lines = rows.map(([label, value]) => drawRow(label, numberCell(value)));
    const table = drawTable("The errors in numbers", ["Measure", "Value"], lines, "numbers-last");
    const note =
        pairs.length < testRows &&
        html`<p class="fine">The first three figures cover all ${countOf(testRows, "tested row")}, the others
            only those drawn.</p>`;
    return html`${table}${drawHistogram(errors, sizes)}${note}`;
}

const BINS = 21;

/**
 * The distribution of the errors around zero, in equal-width bins; the outermost bins include everything beyond.
 * @param sizes absolute values of the errors, in ascending order
 */
function drawHistogram(errors: readonly number[], sizes: readonly number[]): Html {
    const reach = sizes[Math.floor(0.98 * (sizes.length - 1))] || sizes.at(-1) || 1;
    const bins = new Array<number>(BINS).fill(0);
    for (const error of errors) {
        const bin = Math.round(((error / reach + 1) / 2) * (BINS - 1));
        const index = Math.min(BINS - 1, Math.max(0, bin));
        bins[index] = (bins[index] as number) + 1;
    }
    const most = Math.max(...bins);
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
    return html`<figure class="histogram"><svg role="img" aria-label="${label}" viewBox="0 0 420 120"><g
        class="bins">${bars}</g>${axis}${ticks}</svg><figcaption>Distribution of the errors: predicted minus
        actual.</figcaption></figure>`;
}
