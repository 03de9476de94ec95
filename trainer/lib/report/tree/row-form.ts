import {
    compactTrees,
    type DatePart,
    type Feature,
    LEAF,
    listParts,
    type Model,
    sharesAt,
    type TextFeature,
} from "../../model";
import { clip, embedJson, type Html, html, name } from "../html";
import { type HueOf, huesOf } from "../hues";
import type { ReportInput } from "../input";
import { type ColumnSummary, formatValue } from "../sections/columns";

/** Number of features shown at first; the others are folded. */
const FIRST_FIELDS = 8;
/** Up to MOST_CHOICES categories are shown as a list; up to MOST_PROPOSALS are suggested while the user types. */
const MOST_CHOICES = 100;
const MOST_PROPOSALS = 2000;

/**
 * A form for the values of one row. The page contains the whole model, with which its script predicts the row. If the
 * model is too large for a page, the command that applies the model is shown instead of the form.
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
    const order = [...model.features.entries()].sort(([, a], [, b]) => rankOf(a) - rankOf(b));
    const fields = order.map(([index, feature]) => drawField(index, feature, summaries.get(feature.name)));
    const more = fields.slice(FIRST_FIELDS);
    const rest =
        more.length > 0 &&
        html`<details class="fold"><summary>${more.length} less important features</summary><div
            class="fields">${more}</div></details>`;
    return html`<form id="row" autocomplete="off" hidden><p class="fine">Change the values; an empty field is a missing
        value. The fields contain typical values: medians and the most common values.</p><div class="fields">${fields.slice(0, FIRST_FIELDS)}</div>${rest}<div class="result"><output
        id="answer" for="${order.map(([column]) => `c${column}`).join(" ")}"></output><button
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

/** The whole model for `page-script.ts`. Nodes are numbered depth first, left before right, tree after tree. */
export interface ModelData {
    fields: readonly FieldData[];
    /** For each column that the trees compare, the index of its field and its number among the field's parts. */
    columns: readonly (readonly [field: number, part: number])[];
    /** Names of the classes and of their hues; undefined for a regression. */
    classes: readonly string[] | undefined;
    hues: readonly string[];
    /**
     * For a split, twice its column, plus 1 if rows without a value go left. For a leaf, -1 minus the index of its
     * answer.
     */
    nodes: number[];
    /** The thresholds of the splits, in the order of the nodes. */
    thresholds: number[];
    /** For classes, alternating indices and shares; for a regression, a number. */
    answers: number[][];
}

/** A feature, for which the form has a field. */
export interface FieldData {
    name: string;
    kind: Feature["kind"];
    parts: readonly DatePart[];
    /** For text, the categories and, for each part, their codes and the code of all other strings. */
    categories: readonly string[];
    codes: readonly (readonly number[])[];
    other: readonly number[];
}

/** Maximum size of the model in the report, in characters. */
const MAX_SIZE = 2_500_000;

/** Collects the model for the script; undefined if it is too large for a page. */
function modelData(model: Model, hueOf: HueOf): ModelData | undefined {
    const classes = model.task === "classification" ? model.classes : undefined;
    const fields = model.features.map(describeField);
    const data: ModelData = {
        fields,
        columns: listParts(model.features).map(({ feature, part }) => [feature, part]),
        classes: classes?.map((label) => clip(label)),
        hues: classes?.map((_, label) => hueOf(label)) ?? [],
        nodes: [],
        thresholds: [],
        answers: [],
    };
    const answers = new Map<string, number>();
    let size = JSON.stringify([data.fields, data.classes, data.hues]).length;
    for (const tree of compactTrees(model)) {
        for (const [node, column] of tree.columns.entries()) {
            const value = tree.values[node] as number;
            size += 5;
            if (column !== LEAF) {
                size += String(value).length;
                data.nodes.push(2 * column + (tree.missingLeft[node] as number));
                data.thresholds.push(value);
            } else {
                const answer = classes === undefined ? [value] : sharesAt(tree, node).flat();
                const key = answer.join();
                const known = answers.get(key) ?? answers.size;
                if (known === answers.size) {
                    answers.set(key, known);
                    data.answers.push(answer);
                    size += key.length;
                }
                data.nodes.push(-1 - known);
            }
            if (size > MAX_SIZE) {
                return undefined;
            }
        }
    }
    return data;
}

function describeField(feature: Feature): FieldData {
    const { name, kind } = feature;
    const texts = kind === "text" ? feature : { categories: [], codes: [], other: [] };
    const { categories, codes, other } = texts;
    return { name: clip(name), kind, parts: kind === "date" ? feature.parts : [], categories, codes, other };
}
