import { type Html, html, name } from "../html";
import type { ClassMeasures, ReportInput } from "../input";
import { countOf, formatCount, formatNumber, formatShare } from "../numbers";
import { shareBar } from "./section";

const NO_BETTER = html` <strong>The model is no better than that: it has learned nothing useful.</strong>`;

/** The main metric, in a sentence and compared with predicting without a model. */
export function drawHeadline(input: ReportInput): Html {
    return input.model.task === "classification" ? drawClassification(input) : drawRegression(input);
}

function drawClassification(input: ReportInput): Html {
    const { accuracy = 0, baselineAccuracy = 0, testRows, classes = [] } = input.metrics;
    const rows = countOf(testRows, "row");
    const right = formatCount(Math.round(accuracy * testRows));
    const always = formatCount(Math.round(baselineAccuracy * testRows));
    const [low, high] = wilsonInterval(accuracy, testRows).map(formatShare);
    const commonest = name(mostFrequent(classes));
    const comparison = drawComparison([
        ["This model", accuracy, formatShare(accuracy)],
        ["Always the most common", baselineAccuracy, formatShare(baselineAccuracy)],
    ]);
    const words = html`Of ${rows} that the model had not seen, it predicted the right class for <b>${right}</b>. Always
        predicting ${commonest}, the most common class among them, would be right for ${always}.`;
    const interval = html`With ${rows} to test on, the accuracy on new rows of the same kind is likely between ${low} and
        ${high} (Wilson's 95% interval).`;
    return html`<div class="headline"><p class="figure"><b>${formatShare(accuracy)}</b> accuracy</p><div
        class="words"><p>${words}${accuracy <= baselineAccuracy && NO_BETTER}</p>${comparison}<p
        class="fine">${interval}${outOfBagText(input)}${crossValidationText(input)}</p></div></div>`;
}

function mostFrequent(classes: readonly ClassMeasures[]): string {
    const none = { label: "", support: -1 };
    return classes.reduce((best, item) => (item.support > best.support ? item : best), none).label;
}

function drawRegression(input: ReportInput): Html {
    const { rmse = 0, r2 = null, testRows } = input.metrics;
    // R² compares with always predicting the mean of the tested rows.
    const baseline = r2 !== null && r2 < 1 ? rmse / Math.sqrt(1 - r2) : undefined;
    const isBetter = r2 !== null && r2 > 0;
    const comparison =
        baseline !== undefined &&
        drawComparison([
            ["This model", rmse / Math.max(rmse, baseline), formatNumber(rmse, 4)],
            ["Always the mean", baseline / Math.max(rmse, baseline), formatNumber(baseline, 4)],
        ]);
    const sentence =
        baseline === undefined
            ? r2 === null && html` The tested values do not vary, so there is nothing to compare it with.`
            : html` Always predicting the mean would give ${formatNumber(baseline, 4)}.${!isBetter && NO_BETTER}`;
    const off = formatNumber(rmse, 4);
    const words = html`For ${countOf(testRows, "row")} that the model had not seen, its root mean squared error (RMSE) is
        <b>${off}</b>, in the unit of the target.`;
    const explained = isBetter && html`: it explains ${formatShare(r2)} of the variance`;
    const fit = r2 !== null && html`R² is ${formatNumber(r2, 3)}${explained}.`;
    return html`<div class="headline"><p class="figure"><b>${off}</b> RMSE</p><div
        class="words"><p>${words}${sentence}</p>${comparison}<p
        class="fine">${fit}${outOfBagText(input)}${crossValidationText(input)}</p></div></div>`;
}

function drawComparison(bars: readonly [label: string, share: number, shown: string][]): Html {
    const rows = bars.map(([label, share, shown], index) => {
        const value = html`<dd>${shareBar(share)}<span>${shown}</span></dd>`;
        return html`<div class="${index > 0 && "other"}"><dt>${label}</dt>${value}</div>`;
    });
    return html`<dl class="bars">${rows}</dl>`;
}

function outOfBagText({ metrics: { outOfBag } }: ReportInput): Html | undefined {
    if (outOfBag === undefined) {
        return undefined;
    }
    const { rows, accuracy, rmse = 0 } = outOfBag;
    return accuracy === undefined
        ? html` Out of bag, where each row is predicted by the trees that did not see it: RMSE
            ${formatNumber(rmse, 4)} over ${countOf(rows, "row")}.`
        : html` Out of bag, where each row is predicted by the trees that did not see it: ${formatShare(accuracy)} of
            ${countOf(rows, "row")}.`;
}

function crossValidationText({ metrics: { cv } }: ReportInput): Html | undefined {
    if (cv === undefined) {
        return undefined;
    }
    const { folds, measure, mean, std, accuracy } = cv;
    const deviation = html` (standard deviation ${measure === "rmse" ? formatNumber(std, 3) : formatShare(std)})`;
    const score =
        measure === "rmse"
            ? html`RMSE is ${formatNumber(mean, 4)} on average${deviation}`
            : measure === "accuracy"
              ? html`accuracy is ${formatShare(mean)} on average${deviation}`
              : accuracy === undefined
                ? html`Brier score is ${formatNumber(mean, 4)} on average`
                : html`accuracy is ${formatShare(accuracy)} on average`;
    return html` Over ${folds} folds of the other rows, its ${score}.`;
}

/**
 * Wilson's 95% score interval for a proportion observed over a number of trials.
 * E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
 */
export function wilsonInterval(share: number, trials: number): [low: number, high: number] {
    const z = 1.959964;
    const middle = share + (z * z) / (2 * trials);
    const spread = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
    const scale = 1 + (z * z) / trials;
    // At 0 and 1 the exact result of the formula is known, but rounding errors would change it.
    return [share === 0 ? 0 : (middle - spread) / scale, share === 1 ? 1 : (middle + spread) / scale];
}
