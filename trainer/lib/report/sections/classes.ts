import { type Html, html } from "../html";
import { className, huesOf } from "../hues";
import type { ClassMeasures, ReportInput } from "../input";
import { alignedShare, countOf, formatCount, formatShare } from "../numbers";
import { drawLongTable, drawRow, drawTable, numberCell, type Section, shareBar } from "./section";
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
    const { classes = [] } = metrics;
    const hueOf = huesOf(input);
    const named = classes.map(({ label, ...measures }, index) => {
        return { ...measures, hue: hueOf(index), name: className(label, hueOf(index)) };
    });
    const matrix = classes.length <= MATRIX_CLASSES ? drawMatrix(named, metrics) : drawMistakes(named, metrics);
    const side = classes.length <= SIDE_BY_SIDE && "two";
    return {
        id: "errors",
        short: "Errors",
        title: "Correct and wrong predictions",
        content: html`<div class="${side}"><div>${matrix}</div><div>${drawClasses(named, metrics)}</div></div>${drawWorstRows(input)}`,
    };
}

interface NamedClass extends Omit<ClassMeasures, "label"> {
    hue: string;
    name: Html;
}

type Metrics = ReportInput["metrics"];

function drawMatrix(classes: readonly NamedClass[], { confusionMatrix: matrix = [], testRows }: Metrics): Html {
    const steep = classes.length > 5 && " steep";
    const head = classes.map(({ name }) => html`<th scope="col"><span>${name}</span></th>`);
    const lines = classes.map(({ name, support, hue }, row) => {
        const cells = classes.map((_, column) => {
            const count = matrix[row]?.[column] ?? 0;
            const share = support === 0 ? 0 : count / support;
            const kind = `${row === column ? `right ${hue}` : "wrong"} q${Math.max(1, Math.round(share * 9))}`;
            const shown = count > 0 && html` <small>${formatShare(share)}</small>`;
            return html`<td class="${count === 0 ? "none" : kind}"><b>${formatCount(count)}</b>${shown}</td>`;
        });
        return drawRow(name, cells);
    });
    return html`<p class="caption" id="matrix">Confusion matrix of the ${countOf(testRows, "tested row")}</p><p
        class="fine">Rows are actual classes, columns predicted ones. Framed cells are correct; shares are of the
        row.</p><div class="scroll" role="region" aria-labelledby="matrix" tabindex="0"><table
        class="matrix${steep}" aria-labelledby="matrix"><thead><tr><td class="corner">actual ↓ predicted
        →</td>${head}</tr></thead><tbody>${lines}</tbody></table></div>`;
}

function drawMistakes(classes: readonly NamedClass[], { confusionMatrix: matrix = [] }: Metrics): Html {
    const mistakes = matrix
        .flatMap((line, actual) => line.map((count, predicted) => ({ actual, predicted, count })))
        .filter(({ actual, predicted, count }) => actual !== predicted && count > 0)
        .sort((a, b) => b.count - a.count);
    if (mistakes.length === 0) {
        return html`<p>No row was predicted incorrectly.</p>`;
    }
    const left = mistakes.length - MOST_MISTAKES;
    const rows = mistakes.slice(0, MOST_MISTAKES).map(({ actual, predicted, count }) => {
        const { support = 0, name } = classes[actual] ?? {};
        const share = alignedShare(support === 0 ? 0 : count / support);
        const cells = [html`<td>${classes[predicted]?.name}</td>`, numberCell(formatCount(count)), numberCell(share)];
        return drawRow(name, cells);
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
    classes: readonly NamedClass[],
    { macroPrecision = 0, macroRecall = 0, macroF1 = 0 }: Metrics,
): Html {
    const isLong = classes.length > FIRST_CLASSES;
    const byScore = (a: NamedClass, b: NamedClass) => Number(b.support > 0) - Number(a.support > 0) || a.f1 - b.f1;
    const listed = isLong ? [...classes].sort(byScore) : classes;
    const rows = listed.map(({ name, hue, precision, recall, f1, support }) => {
        const shares = [recall, precision, f1].map((share) => (support === 0 ? "–" : alignedShare(share)));
        const numbers = [...shares, formatCount(support)].map(numberCell);
        return drawRow(name, html`<td class="bar-cell">${shareBar(recall)}</td>${numbers}`, html` class="${hue}"`);
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
