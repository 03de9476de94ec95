import type { Feature, TextFeature } from "../../model";
import { embedJson, type Html, html, name } from "../html";
import { huesOf } from "../hues";
import type { ReportInput } from "../input";
import { type ColumnSummary, formatValue } from "../sections/column-summary";
import { modelData } from "./model-data";

/** Number of features shown at first; the others are folded. */
const FIRST_FIELDS = 8;
/** Up to MOST_CHOICES categories are shown as a list; up to MOST_PROPOSALS are suggested while the user types. */
const MOST_CHOICES = 100;
const MOST_PROPOSALS = 2000;

/**
 * A form for the values of one row. The script shows the form and predicts with the model, all of which is in the page.
 * If the model is too large for that, the form is replaced by the command that applies it.
 */
export function rowForm(input: ReportInput, summaries: ReadonlyMap<string, ColumnSummary>): Html {
    const { model, metrics } = input;
    const data = modelData(model, huesOf(input));
    if (data === undefined) {
        return html`<p>The model is too large to be part of this page; <code>npm run predict</code> applies it to a
            file.</p>`;
    }
    const ranks = new Map((metrics.featureImportances ?? []).map(({ feature }, rank) => [feature, rank]));
    const rankOf = (feature: Feature) => ranks.get(feature.name) ?? ranks.size;
    const order = [...model.features.keys()].sort(
        (a, b) => rankOf(model.features[a] as Feature) - rankOf(model.features[b] as Feature) || a - b,
    );
    const fields = order.map((index) => {
        const feature = model.features[index] as Feature;
        return drawField(index, feature, summaries.get(feature.name));
    });
    const more = fields.slice(FIRST_FIELDS);
    const rest =
        more.length > 0 &&
        html`<details class="fold"><summary>${more.length} less important features</summary><div
            class="fields">${more}</div></details>`;
    const known = summaries.size > 0 && " The fields contain typical values: medians and the most common values.";
    return html`<form id="row" autocomplete="off" hidden><p class="fine">Change the values; an empty field is a missing
        value.${known}</p><div class="fields">${fields.slice(0, FIRST_FIELDS)}</div>${rest}<div class="result"><output
        id="answer" for="${order.map((column) => `c${column}`).join(" ")}"></output><button
        type="reset">Reset</button></div><ul id="shares"></ul><ol id="way" aria-label="The path of this row"></ol></form><script
        type="application/json" id="model-data">${embedJson(data)}</script>`;
}

function drawField(column: number, feature: Feature, summary: ColumnSummary | undefined): Html {
    const id = `c${column}`;
    const label = html`<label for="${id}">${name(feature.name)}</label>`;
    const typical = summary?.typical;
    if (feature.kind === "text") {
        return html`<div class="field">${label}${drawChoice(id, column, feature, String(typical ?? ""))}</div>`;
    }
    const value = typical === undefined ? "" : formatValue(typical, feature);
    const hint = feature.kind === "date" ? html` placeholder="2024-12-31"` : html` inputmode="decimal"`;
    return html`<div class="field">${label}<input id="${id}" data-column="${column}" value="${value}"${hint}></div>`;
}

function drawChoice(id: string, column: number, { categories }: TextFeature, typical: string): Html {
    if (categories.length <= MOST_CHOICES) {
        const options = categories.map((text) => {
            const selected = text === typical && html` selected`;
            return html`<option value="=${text}"${selected}>${text === "" ? "(empty)" : text}</option>`;
        });
        return html`<select id="${id}" data-column="${column}">${options}<option value="">another text</option></select>`;
    }
    const options = categories.slice(0, MOST_PROPOSALS).map((text) => html`<option>${text}</option>`);
    return html`<input id="${id}" data-column="${column}" list="l${column}" value="${typical}"><datalist
        id="l${column}">${options}</datalist>`;
}
