import { type Html, html, name } from "./html";
import type { ReportInput } from "./input";

/** Number of classes that have a hue. All others share a neutral colour. */
const HUES = 8;

/** The name of the CSS class for a class, given by its index. */
export type HueOf = (label: number) => string;

/** One hue for each class, or for each of the most frequent ones. A regression has none. */
export function huesOf({ model, metrics: { classes = [] } }: Pick<ReportInput, "model" | "metrics">): HueOf {
    const count = model.task === "classification" ? model.classes.length : 0;
    const supportOf = (label: number) => classes[label]?.support ?? 0;
    const labels = Array.from({ length: count }, (_, label) => label);
    const ranked = count <= HUES ? labels : labels.sort((a, b) => supportOf(b) - supportOf(a) || a - b);
    const hues = new Map(ranked.slice(0, HUES).map((label, hue) => [label, `h${hue}`]));
    return (label) => hues.get(label) ?? (count === 0 ? "" : "hx");
}

/** A class name with a dot in the class's hue. */
export function className(label: string, hue: string): Html {
    return html`<span class="dot ${hue}">${name(label)}</span>`;
}

/** The colours of the classes; undefined for a regression. */
export function drawLegend(input: ReportInput): Html | undefined {
    const { model } = input;
    if (model.task !== "classification") {
        return undefined;
    }
    const hueOf = huesOf(input);
    const items = model.classes.map((label, index) => {
        return hueOf(index) !== "hx" && html`<li>${className(label, hueOf(index))}</li>`;
    });
    const others = items.length > HUES && html`<li><span class="dot hx">all others</span></li>`;
    return html`<ul class="legend" aria-label="Colours of the classes">${items}${others}</ul>`;
}
