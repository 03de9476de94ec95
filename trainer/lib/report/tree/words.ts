import type { Feature, Model, TextFeature } from "../../model";
import { type Html, html, name } from "../html";
import { countOf, formatNumber, formatShare, formatThreshold } from "../numbers";
import type { NodeView, Question } from "./read-tree";

/** The question of a split: `petal length < 2.45`, `colour is blue or green`. */
export function questionText(question: Question, features: readonly Feature[]): Html {
    const feature = features[question.column];
    const column = name(feature?.name ?? "");
    switch (question.kind) {
        case "below":
            return html`${column} &lt;&nbsp;${formatThreshold(question.threshold)}`;
        case "given":
            return html`${column} has a value`;
        case "one of":
            return html`${column} is ${listCategories(feature, question.first, question.middle)}`;
    }
}

const NO_OR_MISSING = html`no<span class="which">, or no value</span>`;

/** The labels of the left and the right branch. */
export function branchTexts(question: Question, features: readonly Feature[]): { yes: Html; no: Html } {
    const feature = features[question.column];
    const yes = html`yes`;
    switch (question.kind) {
        case "below":
            return { yes, no: feature?.kind === "number" && feature.missing ? NO_OR_MISSING : html`no` };
        case "given":
            return { yes, no: html`no` };
        case "one of":
            return {
                yes,
                no: html`no<span class="which">: ${listCategories(feature, question.middle, question.end)}</span>`,
            };
    }
}

/**
 * Lists of up to this many categories are shown in full. A longer list is sorted, so naming its first and last is
 * enough.
 */
const MOST_NAMED = 3;

function listCategories(feature: Feature | undefined, first: number, end: number): Html {
    const all = (feature as TextFeature | undefined)?.categories ?? [];
    const names = (indices: readonly number[]) => indices.map((index) => name(all[index] ?? ""));
    if (end - first > MOST_NAMED) {
        const [from, to] = names([first, end - 1]);
        return html`from ${from} to ${to} (${countOf(end - first, "value")})`;
    }
    const listed = names(Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index));
    return html`${listed.map((item, index) => html`${separator(index, listed.length)}${item}`)}`;
}

function separator(index: number, count: number): string {
    if (index === 0) {
        return "";
    }
    return index === count - 1 ? " or " : ", ";
}

/** The prediction of a node: the class or the number. */
export function answerText({ answer }: NodeView, model: Model): Html {
    if (answer === undefined) {
        return html``;
    }
    return "mean" in answer ? html`${formatNumber(answer.mean)}` : className(model, answer.classes[0]?.label);
}

/** The rows of a node and their composition. */
export function compositionText({ answer, rows, split, leaves }: NodeView, model: Model): Html {
    const count = rows === undefined ? undefined : html`${countOf(rows, "row")}`;
    const isLeaf = split === undefined && leaves === 1;
    if (answer === undefined || ("mean" in answer && isLeaf)) {
        return html`${count}`;
    }
    const before = count === undefined ? "" : html`${count} · `;
    if ("mean" in answer) {
        return html`${before}mean ${formatNumber(answer.mean)}`;
    }
    const rest = 1 - answer.classes.reduce((sum, { share }) => sum + share, 0);
    const shares = answer.classes.map(({ label: classIndex, share }, index) => {
        // The name of a leaf's first class is already shown as its prediction.
        const label = isLeaf && index === 0 ? undefined : html` ${className(model, classIndex)}`;
        return html`${index > 0 && ", "}${formatShare(share)}${label}`;
    });
    return html`${before}${shares}${rest > 5e-4 && html`, ${formatShare(rest)} others`}`;
}

function className(model: Model, index = 0): Html {
    return name(model.task === "classification" ? (model.classes[index] ?? "") : "");
}
