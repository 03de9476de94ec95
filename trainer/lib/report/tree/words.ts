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

/** What leads to the left, and to the right. */
export function branchTexts(question: Question, features: readonly Feature[]): { yes: Html; no: Html } {
    const feature = features[question.column];
    const yes = html`yes`;
    switch (question.kind) {
        case "below":
            return {
                yes,
                no:
                    feature?.kind === "number" && feature.missing
                        ? html`no<span class="which">, or no value</span>`
                        : html`no`,
            };
        case "given":
            return { yes, no: html`no` };
        case "one of":
            return {
                yes,
                no: html`no<span class="which">: ${listCategories(feature, question.middle, question.end)}</span>`,
            };
    }
}

/** So many categories are named; of more the first and the last, for they are in the order of the alphabet. */
const MOST_NAMED = 3;

function listCategories(feature: Feature | undefined, first: number, end: number): Html {
    const all = (feature as TextFeature | undefined)?.categories ?? [];
    const names = (places: readonly number[]) => places.map((place) => name(all[place] ?? ""));
    if (end - first > MOST_NAMED) {
        const [from, to] = names([first, end - 1]);
        return html`from ${from} to ${to} (${countOf(end - first, "value")})`;
    }
    const listed = names(Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index));
    return html`${listed.map((item, place) => html`${separator(place, listed.length)}${item}`)}`;
}

function separator(place: number, count: number): string {
    if (place === 0) {
        return "";
    }
    return place === count - 1 ? " or " : ", ";
}

/** What a node answers: the class, or the number. */
export function answerText({ answer }: NodeView, model: Model): Html {
    if (answer === undefined) {
        return html``;
    }
    return "mean" in answer ? html`${formatNumber(answer.mean)}` : className(model, answer.classes[0]?.place);
}

/** Rows of a node and how they are made up. */
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
    const shares = answer.classes.map(({ place, share }, index) => {
        // A leaf has told the name of its first class already.
        const label = isLeaf && index === 0 ? undefined : html` ${className(model, place)}`;
        return html`${index > 0 && ", "}${formatShare(share)}${label}`;
    });
    return html`${before}${shares}${rest > 5e-4 && html`, ${formatShare(rest)} others`}`;
}

function className(model: Model, place = 0): Html {
    return name(model.task === "classification" ? (model.classes[place] ?? "") : "");
}
