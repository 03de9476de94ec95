import type { Feature, Model, TextFeature } from "../../model";
import { embedJson, type Html, html, name } from "../html";
import { formatNumber } from "../numbers";
import type { NodeView, TreeView } from "./read-tree";
import { type TreeData, treeData } from "./tree-data";

/** Number of columns shown at first; the others are folded. */
const FIRST_COLUMNS = 8;
/** Up to MOST_CHOICES categories are shown as a list; up to MOST_PROPOSALS are suggested while the user types. */
const MOST_CHOICES = 100;
const MOST_PROPOSALS = 2000;

/** A form for the values of one row. The script shows it and marks the path of the row through the tree. */
export function rowForm(tree: TreeView, model: Model): Html {
    const data = treeData(tree, model);
    const asked = spansOf(data);
    const ofFeatures = new Map(columnsByRank(tree.root).map((column) => [tree.columns[column]?.index ?? 0, column]));
    const columns = [...ofFeatures.keys()];
    const fields = columns.map((index) =>
        drawField(index, model.features[index] as Feature, asked.get(ofFeatures.get(index) ?? 0)),
    );
    const more = fields.slice(FIRST_COLUMNS);
    const first = html`<div class="fields">${fields.slice(0, FIRST_COLUMNS)}</div>`;
    const rest =
        more.length > 0 &&
        html`<details class="fold"><summary>${more.length} more columns that the tree asks about</summary><div
            class="fields">${more}</div></details>`;
    const inputs = columns.map((column) => `c${column}`).join(" ");
    const result = html`<div class="result"><output id="answer" for="${inputs}"></output><button
        type="reset">Clear</button></div><ol id="way" aria-label="The path of this row"></ol>`;
    return html`<form id="row" autocomplete="off" hidden>${first}${rest}${result}</form><script
        type="application/json" id="tree-data">${embedJson(data)}</script>`;
}

/** Columns ordered by their first question: those asked about the most rows come first. */
function columnsByRank(root: NodeView): number[] {
    const ranks = new Map<number, number>();
    const visit = ({ split }: NodeView): void => {
        if (split !== undefined) {
            const { column } = split.question;
            ranks.set(column, Math.min(split.rank, ranks.get(column) ?? Infinity));
            visit(split.yes);
            visit(split.no);
        }
    };
    visit(root);
    return [...ranks].sort(([, a], [, b]) => a - b).map(([column]) => column);
}

function drawField(column: number, feature: Feature, span: readonly [number, number] | undefined): Html {
    const id = `c${column}`;
    const label = html`<label for="${id}">${name(feature.name)}</label>`;
    if (feature.kind === "text") {
        return html`<div class="field">${label}${drawChoice(id, column, feature)}</div>`;
    }
    if (feature.kind === "date") {
        return html`<div class="field">${label}<input id="${id}" data-column="${column}" type="text"
            placeholder="2024-12-31"></div>`;
    }
    const hint = span && html`<span class="hint" id="h${column}">${describeSpan(span)}</span>`;
    const missing =
        feature.missing && html`<label class="check"><input type="checkbox" data-missing="${column}"> no value</label>`;
    return html`<div class="field">${label}<input id="${id}" data-column="${column}" inputmode="decimal"
        aria-describedby="h${column}">${hint}${missing}</div>`;
}

function drawChoice(id: string, column: number, { categories }: TextFeature): Html {
    if (categories.length <= MOST_CHOICES) {
        const options = categories.map(
            (text) => html`<option value="=${text}">${text === "" ? "(empty)" : text}</option>`,
        );
        return html`<select id="${id}" data-column="${column}"><option value="">choose …</option>${options}</select>`;
    }
    if (categories.length <= MOST_PROPOSALS) {
        const options = categories.map((text) => html`<option>${text}</option>`);
        return html`<input id="${id}" data-column="${column}" list="l${column}"><datalist
            id="l${column}">${options}</datalist>`;
    }
    return html`<input id="${id}" data-column="${column}" aria-describedby="h${column}"><span class="hint"
        id="h${column}">any text</span>`;
}

function describeSpan([low, high]: readonly [number, number]): Html {
    if (low > high) {
        return html`asked only whether there is a value`;
    }
    return low === high
        ? html`splits at ${formatNumber(low)}`
        : html`splits at ${formatNumber(low)} to ${formatNumber(high)}`;
}

/** The smallest and the largest threshold for each numeric column. */
function spansOf({ column, threshold }: TreeData): Map<number, [number, number]> {
    const spans = new Map<number, [number, number]>();
    for (const [node, asked] of column.entries()) {
        const value = threshold[node];
        if (asked >= 0 && typeof value === "number") {
            const [low, high] = spans.get(asked) ?? [Infinity, -Infinity];
            const given = value === Number.MAX_VALUE;
            spans.set(asked, given ? [low, high] : [Math.min(low, value), Math.max(high, value)]);
        }
    }
    return spans;
}
