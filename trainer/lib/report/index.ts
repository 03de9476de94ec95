import { type Html, html, name } from "./html";
import type { ReportInput } from "./input";
import { countOf } from "./numbers";
import { drawPage } from "./page";
import { classesSection } from "./sections/classes";
import { drawHeadline } from "./sections/headline";
import { importancesSection } from "./sections/importances";
import { residualsSection } from "./sections/residuals";
import type { Section } from "./sections/section";
import { trainingSection } from "./sections/training";
import { treeSection } from "./sections/tree";
import { trialsSection } from "./sections/trials";

export type { ReportDataset, ReportInput, ReportMetrics, Trial } from "./input";

/** A title with more characters than this is set in smaller type. */
const LONG_TITLE = 40;

/**
 * The report on a training run as one self-contained HTML page. It does not need a network, and it can be read without
 * scripts. The same input produces the same text.
 */
export function renderReport(input: ReportInput): string {
    const { model, trainer } = input;
    const sections: (Section | undefined)[] = [
        { id: "tree-section", short: "Tree", ...treeSection(input) },
        model.task === "classification" ? classesSection(input) : residualsSection(input),
        importancesSection(input),
        trialsSection(input),
        trainingSection(input),
    ];
    return drawPage({
        title: `${model.target}: report on a ${kindOf(model)}`,
        header: drawHeader(input),
        sections: sections.filter((section) => section !== undefined),
        footer: html`Made by ${trainer.name} ${trainer.version}. The model is in <code>model.json</code>, all figures
            in <code>metrics.json</code>.`,
    });
}

function drawHeader(input: ReportInput): Html {
    const { model, source, dataset } = input;
    const long = model.target.length > LONG_TITLE && html` class="long"`;
    const trees = model.algorithm === "forest" && html` of ${countOf(model.trees.length, "tree")}`;
    const rows = countOf(dataset.rowCount, "row");
    const file = name(source.split("/").pop() || source);
    const features = countOf(model.features.length, "feature");
    const warnings = dataset.warnings.length;
    const hint = warnings > 0 && html` <a href="#training">${countOf(warnings, "warning")}</a>`;
    const lead = html`A ${kindOf(model)}${trees}, trained on ${rows} of <b>${file}</b> with ${features}.${hint}`;
    return html`<p class="eyebrow">Training report</p><h1${long}>${name(model.target)}</h1><p
        class="lead">${lead}</p>${drawHeadline(input)}`;
}

function kindOf({ algorithm }: ReportInput["model"]): string {
    return algorithm === "forest" ? "random forest" : "decision tree";
}
