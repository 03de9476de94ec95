import { html, name } from "./html";
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

/**
 * The report of a training as one HTML page that needs nothing else: no network, and no script to be read. The same input
 * gives the same text.
 */
export function renderReport(input: ReportInput): string {
    const { model, source, dataset, trainer } = input;
    const kind = model.algorithm === "forest" ? "random forest" : "decision tree";
    const file = source.split("/").pop() || source;
    const tree = treeSection(input);
    const sections: (Section | undefined)[] = [
        { id: "tree-section", short: "Tree", ...tree },
        model.task === "classification" ? classesSection(input) : residualsSection(input),
        importancesSection(input),
        trialsSection(input),
        trainingSection(input),
    ];
    const warnings = dataset.warnings.length;
    return drawPage({
        title: `${model.target}: report of a ${kind}`,
        header: html`<p class="eyebrow">Training report</p><h1${
            model.target.length > 40 &&
            html`
            class="long"`
        }>${name(model.target)}</h1><p class="lead">A ${kind}${
            model.algorithm === "forest" && html` of ${countOf(model.trees.length, "tree")}`
        }, trained on ${countOf(dataset.rowCount, "row")} of <b>${name(file)}</b> with ${countOf(
            model.features.length,
            "feature",
        )}.${warnings > 0 && html` <a href="#training">${countOf(warnings, "warning")}</a>`}</p>${drawHeadline(input)}`,
        sections: sections.filter((section) => section !== undefined),
        footer: html`Made by ${trainer.name} ${trainer.version}. The model is in <code>model.json</code>, all figures
            in <code>metrics.json</code>.`,
    });
}
