import { createHash } from "node:crypto";
import { type Html, html, name } from "./html";
import { huesOf } from "./hues";
import type { ReportInput } from "./input";
import { countOf } from "./numbers";
import { pageScript } from "./page-script";
import { classesSection } from "./sections/classes";
import { summarizeColumns } from "./sections/column-summary";
import { columnsSection } from "./sections/columns";
import { drawHeadline } from "./sections/headline";
import { importancesSection } from "./sections/importances";
import { residualsSection } from "./sections/residuals";
import { drawSection, type Section } from "./sections/section";
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
    const run = input.run?.id === undefined ? "" : ` (${input.run.id})`;
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
    const when = run && html` of ${run.finishedAt.toISOString().slice(0, 10)}${run.id && html`, run ${run.id}`}`;
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
