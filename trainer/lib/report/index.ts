import { createHash } from "node:crypto";
import { type Html, html, name } from "./html";
import { huesOf } from "./hues";
import type { MetricsFile, ReportInput } from "./input";
import { countOf, formatCount, formatNumber, formatShare } from "./numbers";
import { pageScript } from "./page-script";
import { classesSection } from "./sections/classes";
import { columnsSection, summarizeColumns } from "./sections/columns";
import { importancesSection } from "./sections/importances";
import { residualsSection } from "./sections/residuals";
import { drawSection, type Section, shareBar } from "./sections/section";
import { thresholdsSection } from "./sections/thresholds";
import { trainingSection } from "./sections/training";
import { rowSection, treeSection } from "./sections/tree";
import { trialsSection } from "./sections/trials";
import { STYLES } from "./styles";

export type { ClassMeasures, Importance, MetricsFile, ReportInput, ReportTable, RunFacts } from "./input";

/** A title with more characters than this is set in smaller type. */
const LONG_TITLE = 40;

/**
 * The report on a training run as one self-contained HTML page. It does not need a network, and it can be read without
 * scripts. The same input produces the same text. Its content security policy allows only its own script and styles,
 * and no external images.
 */
export function renderReport(input: ReportInput): string {
    const { model, trainer, table } = input;
    const isForest = model.algorithm === "forest";
    const summaries = summarizeColumns(table, huesOf(input));
    const tree = treeSection(input, summaries);
    const parts: (Section | undefined)[] = [
        isForest ? rowSection(input, summaries) : tree,
        model.task === "classification" ? classesSection(input) : residualsSection(input),
        thresholdsSection(input),
        importancesSection(input),
        columnsSection(input, summaries),
        trialsSection(input),
        trainingSection(input),
        isForest ? tree : undefined,
    ];
    const sections = parts.filter((section) => section !== undefined);
    const run = input.run.id === undefined ? "" : ` (${input.run.id})`;
    const title = `${model.target}: report on a ${kindOf(model)}${run}`;
    const footer = html`Made by ${trainer.name} ${trainer.version}. The model is in <code>model.json</code>, all figures
        in <code>metrics.json</code>; <code>npm run predict</code> applies the model to a file.`;
    const script = `(${pageScript.toString()})();`;
    const policy = [
        "default-src 'none'",
        `style-src '${hashOf(STYLES)}'`,
        `script-src '${hashOf(script)}'`,
        "base-uri 'none'",
        "form-action 'none'",
    ].join("; ");
    const links = sections.map(({ id, short }) => html`<li><a href="#${id}">${short}</a></li>`);
    const nav = html`<nav aria-label="Parts of this report"><ul>${links}</ul></nav>`;
    const main = html`<main>${sections.map((section) => html`${drawSection(section)}\n`)}</main>`;
    const body = html`<header>${drawHeader(input)}</header>${nav}${main}<footer>${footer}</footer>`;
    // The policy comes first because it applies only to elements after it.
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
${html`<meta http-equiv="Content-Security-Policy" content="${policy}">`}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${html`<title>${title}</title>`}
<style>${STYLES}</style>
</head>
<body>
${body}
<script>${script}</script>
</body>
</html>
`;
}

function drawHeader(input: ReportInput): Html {
    const { model, source, dataset, run, metrics } = input;
    const long = model.target.length > LONG_TITLE && html` class="long"`;
    const trees = model.algorithm === "forest" && html` of ${countOf(model.trees.length, "tree")}`;
    const rows = countOf(dataset.rowCount, "row");
    const file = name(source.split("/").pop() || source);
    const features = countOf(model.features.length, "feature");
    const findings = metrics.findings?.length ?? 0;
    const hint = findings > 0 && html` <a href="#training">${countOf(findings, "finding")}</a>`;
    const when = html` of ${run.finishedAt.toISOString().slice(0, 10)}${run.id && html`, run ${run.id}`}`;
    const lead = html`A ${kindOf(model)}${trees}, trained on ${rows} of <b>${file}</b> with ${features}.${hint}`;
    return html`<p class="eyebrow">Training report${when}</p><h1${long}>${name(model.target)}</h1><p
        class="lead">${lead}</p>${drawHeadline(input)}`;
}

function kindOf({ algorithm }: ReportInput["model"]): string {
    return algorithm === "forest" ? "random forest" : "decision tree";
}

function hashOf(text: string): string {
    return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

const NO_BETTER = html` <strong>The model is no better than that: it has learned nothing useful.</strong>`;

/** A sentence that states the main metric, and compares it with that of predicting without a model. */
function drawHeadline(input: ReportInput): Html {
    return input.model.task === "classification" ? drawClassification(input) : drawRegression(input);
}

function drawClassification(input: ReportInput): Html {
    const { accuracy = 0, baselineAccuracy = 0, testRows, classes = [] } = input.metrics;
    const rows = countOf(testRows, "row");
    const right = formatCount(Math.round(accuracy * testRows));
    const always = formatCount(Math.round(baselineAccuracy * testRows));
    const [low, high] = wilsonInterval(accuracy, testRows).map(formatShare);
    const [commonest] = [...classes].sort((a, b) => b.support - a.support);
    const comparison = drawComparison([
        ["This model", accuracy, formatShare(accuracy)],
        ["Always the most common", baselineAccuracy, formatShare(baselineAccuracy)],
    ]);
    const words = html`Of ${rows} that the model had not seen, it predicted the right class for <b>${right}</b>. Always
        predicting ${name(commonest?.label ?? "")}, the most common class among them, would be right for ${always}.`;
    const interval = html`With ${rows} to test on, the accuracy on new rows of the same kind is likely between ${low} and
        ${high} (Wilson's 95% interval).`;
    return html`<div class="headline"><p class="figure"><b>${formatShare(accuracy)}</b> accuracy</p><div
        class="words"><p>${words}${accuracy <= baselineAccuracy && NO_BETTER}</p>${comparison}<p
        class="fine">${interval}${moreScores(input)}</p></div></div>`;
}

function drawRegression(input: ReportInput): Html {
    const { rmse = 0, r2 = null, testRows } = input.metrics;
    // R² compares the model with always predicting the mean of the tested rows.
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
        class="fine">${fit}${moreScores(input)}</p></div></div>`;
}

function drawComparison(bars: readonly [label: string, share: number, shown: string][]): Html {
    const rows = bars.map(([label, share, shown], index) => {
        const value = html`<dd>${shareBar(share)}<span>${shown}</span></dd>`;
        return html`<div class="${index > 0 && "other"}"><dt>${label}</dt>${value}</div>`;
    });
    return html`<dl class="bars">${rows}</dl>`;
}

/** The scores out of bag and in the cross-validation, if there are any. */
function moreScores({ metrics: { outOfBag, cv } }: ReportInput): Html {
    return html`${outOfBag && outOfBagText(outOfBag)}${cv && crossValidationText(cv)}`;
}

function outOfBagText({ rows, accuracy, rmse = 0 }: NonNullable<MetricsFile["outOfBag"]>): Html {
    const score = accuracy === undefined ? html`RMSE ${formatNumber(rmse, 4)} over` : html`${formatShare(accuracy)} of`;
    return html` Out of bag, where each row is predicted by the trees that did not see it: ${score}
        ${countOf(rows, "row")}.`;
}

function crossValidationText({ folds, measure, mean, std, accuracy }: NonNullable<MetricsFile["cv"]>): Html {
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
