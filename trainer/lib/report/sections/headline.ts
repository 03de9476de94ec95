import { type Html, html, name } from "../html";
import type { ReportInput } from "../input";
import { countOf, formatCount, formatNumber, formatShare } from "../numbers";
import { shareBar } from "./section";

/** The measure that counts, in a sentence and against what could be had without a model. */
export function drawHeadline(input: ReportInput): Html {
    return input.model.task === "classification" ? drawClassification(input) : drawRegression(input);
}

function drawClassification(input: ReportInput): Html {
    const { accuracy = 0, baselineAccuracy = 0, testRows, classes = [] } = input.metrics;
    const right = Math.round(accuracy * testRows);
    const commonest = classes.reduce((best, item) => (item.support > best.support ? item : best), {
        label: "",
        support: -1,
    });
    const always = Math.round(baselineAccuracy * testRows);
    const [low, high] = wilsonInterval(accuracy, testRows);
    const verdict =
        accuracy > baselineAccuracy
            ? ""
            : html` <strong>So it is no better than that: it has learned nothing that helps.</strong>`;
    return html`<div class="headline"><p class="figure"><b>${formatShare(accuracy)}</b> accuracy</p><div
        class="words"><p>Of ${countOf(
            testRows,
            "row",
        )} that it had not seen, it named the right class for <b>${formatCount(right)}</b>. Always answering ${name(
            commonest.label,
        )}, the commonest class among them, would be right for ${formatCount(always)}.${verdict}</p>${drawComparison([
            ["This model", accuracy, formatShare(accuracy)],
            ["Always the commonest", baselineAccuracy, formatShare(baselineAccuracy)],
        ])}<p class="fine">With ${countOf(testRows, "row")} to test on, the accuracy on new rows of the same kind is
    likely between ${formatShare(low)} and ${formatShare(high)} (95 % interval of
    Wilson).${outOfBagText(input)}${crossValidationText(input)}</p></div></div>`;
}

function drawRegression(input: ReportInput): Html {
    const { mae = 0, rmse = 0, r2 = null, testRows } = input.metrics;
    // Of always answering the mean of the tested rows: that is what R² compares with.
    const baseline = r2 !== null && r2 < 1 ? rmse / Math.sqrt(1 - r2) : undefined;
    const better = r2 !== null && r2 > 0;
    const sentence =
        baseline === undefined
            ? r2 === null && html` The tested values do not vary, so there is nothing to compare it with.`
            : html` The root of its mean squared error is ${formatNumber(rmse, 4)}; always answering the mean would
                have ${formatNumber(baseline, 4)}.${
                    !better &&
                    html` <strong>So it is no better than that: it has learned nothing that
                  helps.</strong>`
                }`;
    return html`<div class="headline"><p class="figure"><b>${formatNumber(mae, 3)}</b> mean absolute error</p><div
        class="words"><p>For ${countOf(
            testRows,
            "row",
        )} that it had not seen, it was off by <b>${formatNumber(mae, 3)}</b> on average.${sentence}</p>${
            baseline !== undefined &&
            drawComparison([
                ["This model", rmse / Math.max(rmse, baseline), formatNumber(rmse, 4)],
                ["Always the mean", baseline / Math.max(rmse, baseline), formatNumber(baseline, 4)],
            ])
        }<p class="fine">${
            r2 !== null &&
            html`R² is ${formatNumber(r2, 3)}${better && html`: it explains ${formatShare(r2)} of the variance`}.`
        }${outOfBagText(input)}${crossValidationText(input)}</p></div></div>`;
}

function drawComparison(bars: readonly [label: string, share: number, shown: string][]): Html {
    return html`<dl class="bars">${bars.map(
        ([label, share, shown], place) =>
            html`<div class="${place > 0 && "other"}"><dt>${label}</dt><dd>${shareBar(share)}<span>${shown}</span></dd></div>`,
    )}</dl>`;
}

function outOfBagText({ metrics: { outOfBag } }: ReportInput): Html | undefined {
    if (outOfBag === undefined) {
        return undefined;
    }
    const { rows, accuracy, mae = 0 } = outOfBag;
    return accuracy === undefined
        ? html` Out of bag, where each row is predicted by the trees that did not see it: off by
            ${formatNumber(mae, 3)} on average, over ${countOf(rows, "row")}.`
        : html` Out of bag, where each row is predicted by the trees that did not see it: ${formatShare(accuracy)} of
            ${countOf(rows, "row")}.`;
}

function crossValidationText({ metrics: { cv } }: ReportInput): Html | undefined {
    if (cv === undefined) {
        return undefined;
    }
    const isShare = cv.measure === "accuracy";
    const [mean, deviation] = isShare
        ? [formatShare(cv.mean), formatShare(cv.std)]
        : [formatNumber(cv.mean, 4), formatNumber(cv.std, 3)];
    const measure = cv.measure === "rmse" ? "root mean squared error" : cv.measure;
    return html` Over ${cv.folds} folds of the other rows, its ${measure} is ${mean} on average (standard deviation
        ${deviation}).`;
}

/**
 * Wilson's score interval for a share that was seen in so many trials, 95 %.
 * E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
 */
export function wilsonInterval(share: number, trials: number): [low: number, high: number] {
    const z = 1.959964;
    const middle = share + (z * z) / (2 * trials);
    const spread = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
    const scale = 1 + (z * z) / trials;
    // At the ends of the range the formula is exact, and its rounding is not.
    return [share === 0 ? 0 : (middle - spread) / scale, share === 1 ? 1 : (middle + spread) / scale];
}
