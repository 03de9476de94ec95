import { type Html, html } from "../html";
import { className, type HueOf, huesOf } from "../hues";
import type { ClassMeasures, ReportInput } from "../input";
import { alignedShare, countOf, formatCount, formatShare } from "../numbers";
import { drawLongTable, drawTable, type Section, shareBar } from "./section";
import { drawWorstRows } from "./worst-rows";

/** A matrix with more classes than this is unreadable, so the most common mistakes are listed instead. */
const MATRIX_CLASSES = 12;
/** A matrix with up to this many classes leaves room for a table next to it. */
const SIDE_BY_SIDE = 3;
const MOST_MISTAKES = 20;
const FIRST_CLASSES = 20;

/** The errors in a classification: confusion matrix or most common mistakes, and a line for each class. */
export function classesSection(input: ReportInput): Section {
    const { metrics } = input;
    const { classes = [], confusionMatrix = [], testRows } = metrics;
    const hueOf = huesOf(input);
    const matrix =
        classes.length <= MATRIX_CLASSES
            ? drawMatrix(classes, confusionMatrix, testRows, hueOf)
            : drawMistakes(classes, confusionMatrix, hueOf);
    const side = classes.length <= SIDE_BY_SIDE && "two";
    return {
        id: "errors",
        short: "Errors",
        title: "Correct and wrong predictions",
        content: html`<div class="${side}"><div>${matrix}</div><div>${drawClasses(metrics, hueOf)}</div></div>${drawWorstRows(input)}`,
    };
}

function drawMatrix(
    classes: readonly ClassMeasures[],
    matrix: readonly (readonly number[])[],
    testRows: number,
    hueOf: HueOf,
): Html {
    const steep = classes.length > 5 && " steep";
    const named = classes.map(({ label }, index) => className(label, hueOf(index)));
    const head = named.map((label) => html`<th scope="col"><span>${label}</span></th>`);
    const lines = classes.map(({ support }, row) => {
        const cells = classes.map((_, column) =>
            drawCell(matrix[row]?.[column] ?? 0, support, row === column && hueOf(row)),
        );
        return html`<tr><th scope="row">${named[row]}</th>${cells}</tr>`;
    });
    return html`<p class="caption" id="matrix">Confusion matrix of the ${countOf(testRows, "tested row")}</p><p
        class="fine">Rows are actual classes, columns predicted ones. Framed cells are correct; shares are of the
        row.</p><div class="scroll" role="region" aria-labelledby="matrix" tabindex="0"><table
        class="matrix${steep}" aria-labelledby="matrix"><thead><tr><td class="corner">actual ↓ predicted
        →</td>${head}</tr></thead><tbody>${lines}</tbody></table></div>`;
}

/** @param hue the hue of the class in a cell of correct predictions, otherwise false */
function drawCell(count: number, support: number, hue: string | false): Html {
    const share = support === 0 ? 0 : count / support;
    const shade =
        count === 0 ? "none" : `${hue === false ? "wrong" : `right ${hue}`} q${Math.max(1, Math.round(share * 9))}`;
    const shown = count > 0 && html` <small>${formatShare(share)}</small>`;
    return html`<td class="${shade}"><b>${formatCount(count)}</b>${shown}</td>`;
}

function drawMistakes(classes: readonly ClassMeasures[], matrix: readonly (readonly number[])[], hueOf: HueOf): Html {
    const mistakes = matrix
        .flatMap((line, actual) => line.map((count, predicted) => ({ actual, predicted, count })))
        .filter(({ actual, predicted, count }) => actual !== predicted && count > 0)
        .sort((a, b) => b.count - a.count);
    if (mistakes.length === 0) {
        return html`<p>No row was predicted incorrectly.</p>`;
    }
    const shown = mistakes.slice(0, MOST_MISTAKES);
    const left = mistakes.length - shown.length;
    const rows = shown.map(({ actual, predicted, count }) => {
        const support = classes[actual]?.support ?? 0;
        const [actualName, predictedName] = [actual, predicted].map((label) => {
            return className(classes[label]?.label ?? "", hueOf(label));
        });
        const share = alignedShare(support === 0 ? 0 : count / support);
        return html`<tr><th scope="row">${actualName}</th><td>${predictedName}</td><td
            class="number">${formatCount(count)}</td><td class="number">${share}</td></tr>`;
    });
    const head = ["Actual class", "Predicted as", "Rows", "Share of the class"];
    const table = drawTable("The most common mistakes", head, rows, "numbers-last");
    const hidden =
        left > 0 &&
        html`<p class="fine">${countOf(left, "rarer pair")} of ${classes.length} classes not shown; the whole
            confusion matrix is in metrics.json.</p>`;
    return html`${table}${hidden}`;
}

function drawClasses(
    { classes = [], macroPrecision = 0, macroRecall = 0, macroF1 = 0 }: ReportInput["metrics"],
    hueOf: HueOf,
): Html {
    const isLong = classes.length > FIRST_CLASSES;
    const all = classes.map((measures, index) => ({ ...measures, hue: hueOf(index) }));
    const listed = isLong ? all.sort((a, b) => Number(b.support > 0) - Number(a.support > 0) || a.f1 - b.f1) : all;
    const rows = listed.map(({ label, precision, recall, f1, support, hue }) => {
        const measures = [recall, precision, f1].map((share) => {
            const shown = support === 0 ? "–" : alignedShare(share);
            return html`<td class="number">${shown}</td>`;
        });
        return html`<tr class="${hue}"><th scope="row">${className(label, hue)}</th><td class="bar-cell">${shareBar(recall)}</td>${measures}<td
            class="number">${formatCount(support)}</td></tr>`;
    });
    const caption = isLong
        ? html`The ${FIRST_CLASSES} classes with the lowest F1, of ${formatCount(classes.length)}`
        : "The classes one by one";
    const restCaption = `The other ${countOf(classes.length - FIRST_CLASSES, "class", "classes")}`;
    const head = ["Class", html`<span class="hidden">Recall as a bar</span>`, "Recall", "Precision", "F1", "Rows"];
    const kind = classes.length <= SIDE_BY_SIDE ? "measures slim" : "measures";
    const table = drawLongTable({ caption, restCaption, head, kind }, rows, FIRST_CLASSES);
    const [recall, precision, f1] = [macroRecall, macroPrecision, macroF1].map(formatShare);
    return html`${table}<p class="fine">Recall: the share of the rows of a class that was found. Precision: the share of
        the rows predicted as a class that belongs to it. F1 is their harmonic mean. Unweighted means over the classes:
        recall ${recall}, precision ${precision}, F1 ${f1}.</p>`;
}
