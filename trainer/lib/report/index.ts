import { type Html, html, name } from "./html";
import { huesOf } from "./hues";
import type { ReportInput } from "./input";
import { countOf } from "./numbers";
import { drawPage } from "./page";
import { classesSection } from "./sections/classes";
import { summarizeColumns } from "./sections/column-summary";
import { columnsSection } from "./sections/columns";
import { drawHeadline } from "./sections/headline";
import { importancesSection } from "./sections/importances";
import { residualsSection } from "./sections/residuals";
import type { Section } from "./sections/section";
import { thresholdsSection } from "./sections/thresholds";
import { trainingSection } from "./sections/training";
import { rowSection, treeSection } from "./sections/tree";
import { trialsSection } from "./sections/trials";

export type { ClassMeasures, Importance, MetricsFile, ReportInput, ReportTable, RunFacts } from "./input";

/** A title with more characters than this is set in smaller type. */
const LONG_TITLE = 40;

/**
 * The report on a training run as one self-contained HTML page. It does not need a network, and it can be read without
 * scripts. The same input produces the same text.
 */
export function renderReport(input: ReportInput): string {
    const { model, trainer, table } = input;
    const isForest = model.algorithm === "forest";
    const summaries = summarizeColumns(table, huesOf(input));
    const tree = treeSection(input, summaries);
    const sections: (Section | undefined)[] = [
        isForest ? rowSection(input, summaries) : tree,
        model.task === "classification" ? classesSection(input) : residualsSection(input),
        thresholdsSection(input),
        importancesSection(input),
        columnsSection(input, summaries),
        trialsSection(input),
        trainingSection(input),
        isForest ? tree : undefined,
    ];
    return drawPage({
        title: `${model.target}: report on a ${kindOf(model)}${input.run?.id === undefined ? "" : ` (${input.run.id})`}`,
        header: drawHeader(input),
        sections: sections.filter((section) => section !== undefined),
        footer: html`Made by ${trainer.name} ${trainer.version}. The model is in <code>model.json</code>, all figures
            in <code>metrics.json</code>; <code>npm run predict</code> applies the model to a file.`,
    });
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
