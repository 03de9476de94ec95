import { type Html, html } from "../html";
import { coordinate, formatNumber, niceTicks } from "../numbers";

/** Dimensions of the drawing: the square plot area, and the margins for the axes. */
const SIDE = 400;
const BOTTOM = 46;
const TOP = 8;

interface Plot {
    /** Describes the drawing to those who cannot see it. */
    label: string;
    caption: Html;
    /** Names of the axes, which have the same range. */
    x: string;
    y: string;
    range: readonly [low: number, high: number];
    draw(x: (value: number) => string, y: (value: number) => string): Html;
}

/** A square plot. */
export function drawPlot({ label, caption, x: nameX, y: nameY, range: [low, high], draw }: Plot): Html {
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
    const axisX = html`<text class="axis" x="${left + SIDE / 2}" y="${TOP + SIDE + 41}"
        text-anchor="middle">${nameX}</text>`;
    const axisY = html`<text class="axis" transform="translate(13 ${TOP + SIDE / 2}) rotate(-90)"
        text-anchor="middle">${nameY}</text>`;
    return html`<figure class="scatter"><svg role="img" aria-label="${label}" viewBox="0 0 ${left + SIDE + 12} ${TOP + SIDE + BOTTOM}">${grid}${draw(x, y)}${axisX}${axisY}</svg><figcaption>${caption}</figcaption></figure>`;
}

function tickText(value: number): string {
    return formatNumber(value, 6);
}
