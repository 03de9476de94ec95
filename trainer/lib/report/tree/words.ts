import type { Model } from "../../model";
import { type Html, html, name } from "../html";
import { className, type HueOf } from "../hues";
import { countOf, formatNumber, formatShare, formatThreshold } from "../numbers";
import { formatValue } from "../sections/column-summary";
import type { NodeView, Question, TreeColumn } from "./read-tree";

/** The question that a split asks: `petal length < 2.45`, `colour is blue or green`. */
export function questionText(question: Question, asked: TreeColumn | undefined): Html {
    const column = name(asked?.name ?? "");
    switch (question.kind) {
        case "below":
            return html`${column} &lt;&nbsp;${formatLimit(question.threshold, asked)}`;
        case "given":
            return html`${column} has a value`;
        case "one of":
            return html`${column} is ${listCategories(asked, question.first, question.middle)}`;
    }
}

const OR_MISSING = html`<span class="which">, or no value</span>`;

/** The labels for the left and the right branch. */
export function branchTexts(question: Question, asked: TreeColumn | undefined): { yes: Html; no: Html } {
    const feature = asked?.feature;
    const yes = html`yes`;
    switch (question.kind) {
        case "below":
            return feature?.kind === "text" || !feature?.missing
                ? { yes, no: html`no` }
                : question.missingLeft
                  ? { yes: html`yes${OR_MISSING}`, no: html`no` }
                  : { yes, no: html`no${OR_MISSING}` };
        case "given":
            return { yes, no: html`no` };
        case "one of":
            return {
                yes,
                no: html`no<span class="which">: ${listCategories(asked, question.middle, question.end)}</span>`,
            };
    }
}

/** Formats a threshold; a threshold for a date is shown as a date. */
function formatLimit(threshold: number, column: TreeColumn | undefined): string {
    const { feature, part = 0 } = column ?? {};
    const isTime = feature?.kind === "date" && feature.parts[part] === "time";
    return isTime ? formatValue(threshold, feature) : formatThreshold(threshold);
}

/** Up to this many categories are named. */
const MOST_NAMED = 3;

function listCategories(column: TreeColumn | undefined, first: number, end: number): Html {
    const all = column?.categories ?? [];
    const count = Math.max(0, end - first);
    const shown = count > MOST_NAMED ? MOST_NAMED - 1 : count;
    const listed = Array.from({ length: shown }, (_, index) => name(all[first + index] ?? ""));
    if (count > shown) {
        listed.push(html`${countOf(count - shown, "other value")}`);
    }
    if (count === 0) {
        return html`another value`;
    }
    return html`${listed.map((item, index) => html`${separator(index, listed.length)}${item}`)}`;
}

function separator(index: number, count: number): string {
    if (index === 0) {
        return "";
    }
    return index === count - 1 ? " or " : ", ";
}

/** The prediction for a node: the class or the number. */
export function answerText({ answer }: NodeView, model: Model, hueOf: HueOf): Html {
    if ("mean" in answer) {
        return html`${formatNumber(answer.mean)}`;
    }
    const label = answer.classes[0]?.label ?? 0;
    return className(labelOf(model, label), hueOf(label));
}

/** The rows in a node and their composition. */
export function compositionText({ answer, rows, split, leaves }: NodeView, model: Model): Html {
    const count = countOf(rows, "row");
    const isLeaf = split === undefined && leaves === 1;
    if ("mean" in answer) {
        return html`${count}${!isLeaf && ` · mean ${formatNumber(answer.mean)}`}`;
    }
    const rest = 1 - answer.classes.reduce((sum, { share }) => sum + share, 0);
    const shares = answer.classes.map(({ label: classIndex, share }, index) => {
        // The name of a leaf's first class is already shown as its prediction.
        const label = isLeaf && index === 0 ? undefined : html` ${name(labelOf(model, classIndex))}`;
        return html`${index > 0 && ", "}${formatShare(share)}${label}`;
    });
    return html`${count} · ${shares}${rest > 5e-4 && html`, ${formatShare(rest)} others`}`;
}

function labelOf(model: Model, index: number): string {
    return model.task === "classification" ? (model.classes[index] ?? "") : "";
}
