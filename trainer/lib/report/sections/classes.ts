import { type Html, html, name } from "../html";
import type { ClassMeasures, ReportInput } from "../input";
import { alignedShare, countOf, formatCount, formatShare } from "../numbers";
import { drawLongTable, drawTable, type Section, shareBar } from "./section";

/** More classes than this make no matrix that can be read: then the commonest mistakes are listed. */
const MATRIX_CLASSES = 12;
/** A matrix of so few leaves room beside it. */
const SIDE_BY_SIDE = 3;
const MOST_MISTAKES = 20;
const FIRST_CLASSES = 20;

/** Where a classification errs: confusion matrix, or the commonest mistakes, and a line for each class. */
export function classesSection({ metrics }: ReportInput): Section {
    const { classes = [], confusionMatrix = [], testRows } = metrics;
    const matrix =
        classes.length <= MATRIX_CLASSES
            ? drawMatrix(classes, confusionMatrix, testRows)
            : drawMistakes(classes, confusionMatrix);
    return {
        id: "errors",
        short: "Errors",
        title: "Where it is right, and where it errs",
        content: html`<div class="${classes.length <= SIDE_BY_SIDE && "two"}"><div>${matrix}</div><div>${drawClasses(metrics)}</div></div>`,
    };
}

function drawMatrix(classes: readonly ClassMeasures[], matrix: readonly (readonly number[])[], testRows: number): Html {
    const steep = classes.length > 5 && " steep";
    const head = classes.map(({ label }) => html`<th scope="col"><span>${name(label)}</span></th>`);
    const lines = classes.map(({ label, support }, row) => {
        const cells = classes.map((_, column) => drawCell(matrix[row]?.[column] ?? 0, support, row === column));
        return html`<tr><th scope="row">${name(label)}</th>${cells}</tr>`;
    });
    return html`<p class="caption" id="matrix">Confusion matrix of the ${countOf(testRows, "tested row")}</p><p
        class="fine">Lines are actual classes, columns what they were predicted as. Right is what is framed; shares
        are of the line.</p><div class="scroll" role="region" aria-labelledby="matrix" tabindex="0"><table
        class="matrix${steep}" aria-labelledby="matrix"><thead><tr><td class="corner">actual ↓ predicted
        →</td>${head}</tr></thead><tbody>${lines}</tbody></table></div>`;
}

function drawCell(count: number, support: number, isRight: boolean): Html {
    const share = support === 0 ? 0 : count / support;
    const shade = count === 0 ? "none" : `${isRight ? "right" : "wrong"} q${Math.max(1, Math.round(share * 9))}`;
    return html`<td class="${shade}"><b>${formatCount(count)}</b>${
        count > 0 &&
        html`
        <small>${formatShare(share)}</small>`
    }</td>`;
}

function drawMistakes(classes: readonly ClassMeasures[], matrix: readonly (readonly number[])[]): Html {
    const mistakes = matrix
        .flatMap((line, actual) => line.map((count, predicted) => ({ actual, predicted, count })))
        .filter(({ actual, predicted, count }) => actual !== predicted && count > 0)
        .sort((a, b) => b.count - a.count);
    if (mistakes.length === 0) {
        return html`<p>No row was predicted wrongly.</p>`;
    }
    const shown = mistakes.slice(0, MOST_MISTAKES);
    const left = mistakes.length - shown.length;
    const rows = shown.map(({ actual, predicted, count }) => {
        const of = classes[actual]?.support ?? 0;
        return html`<tr><th scope="row">${name(classes[actual]?.label ?? "")}</th><td>${name(
            classes[predicted]?.label ?? "",
        )}</td><td class="number">${formatCount(count)}</td><td
        class="number">${alignedShare(of === 0 ? 0 : count / of)}</td></tr>`;
    });
    const head = ["Actual class", "Predicted as", "Rows", "Share of the class"];
    return html`${drawTable("The commonest mistakes", head, rows, "numbers-last")}${
        left > 0 &&
        html`<p class="fine">${countOf(left, "rarer pair")} of ${classes.length} classes not shown; the whole
            confusion matrix is in metrics.json.</p>`
    }`;
}

function drawClasses({ classes = [], macroPrecision = 0, macroRecall = 0, macroF1 = 0 }: ReportInput["metrics"]): Html {
    const isLong = classes.length > FIRST_CLASSES;
    const listed = isLong
        ? [...classes].sort((a, b) => Number(b.support > 0) - Number(a.support > 0) || a.f1 - b.f1)
        : classes;
    const rows = listed.map(({ label, precision, recall, f1, support }) => {
        const measured = (share: number) =>
            support === 0 ? html`<td class="number">–</td>` : html`<td class="number">${alignedShare(share)}</td>`;
        return html`<tr><th scope="row">${name(label)}</th><td
            class="bar-cell">${shareBar(recall)}</td>${measured(recall)}${measured(
                precision,
            )}${measured(f1)}<td class="number">${formatCount(support)}</td></tr>`;
    });
    const caption = isLong
        ? html`The ${FIRST_CLASSES} classes with the lowest F1, of ${formatCount(classes.length)}`
        : "The classes one by one";
    const restCaption = `The other ${countOf(classes.length - FIRST_CLASSES, "class", "classes")}`;
    const head = ["Class", html`<span class="hidden">Recall as a bar</span>`, "Recall", "Precision", "F1", "Rows"];
    return html`${drawLongTable({ caption, restCaption, head, kind: classes.length <= SIDE_BY_SIDE ? "measures slim" : "measures" }, rows, FIRST_CLASSES)}<p class="fine">Recall: of the rows of a class, the share that was found. Precision: of the rows that were called so, the share that is. F1 is their harmonic mean. On average over the classes, each counting the same: recall ${formatShare(
        macroRecall,
    )}, precision ${formatShare(macroPrecision)}, F1 ${formatShare(macroF1)}.</p>`;
}
