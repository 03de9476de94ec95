import { html, name } from "../html";
import type { ReportInput } from "../input";
import { alignedShare, countOf, formatNumber } from "../numbers";
import { drawLongTable, drawRow, numberCell, type Section, shareBar } from "./section";

const FIRST = 15;

/** The feature importances by permutation and by impurity; undefined if the metrics do not contain any. */
export function importancesSection({ metrics, model }: ReportInput): Section | undefined {
    const { featureImportances = [], permutationImportances = [] } = metrics;
    if (featureImportances.length === 0) {
        return undefined;
    }
    const isClasses = model.task === "classification";
    const byPermutation = new Map(permutationImportances.map(({ feature, importance }) => [feature, importance]));
    const hasPermutation = byPermutation.size > 0;
    const used = featureImportances
        .map(({ feature, importance }) => ({ feature, importance, loss: byPermutation.get(feature) ?? 0 }))
        .filter(({ importance, loss }) => importance > 0 || loss !== 0)
        .sort((a, b) => b.loss - a.loss || b.importance - a.importance);
    const measureOf = (it: (typeof used)[number]) => (hasPermutation ? it.loss : it.importance);
    const greatest = used.reduce((most, it) => Math.max(most, measureOf(it)), 0) || 1;
    const formatLoss = (loss: number) =>
        isClasses ? `${loss < 0 ? "−" : ""}${alignedShare(Math.abs(loss))}` : formatNumber(loss, 3);
    const rows = used.map((it) => {
        const bar = html`<td class="bar-cell">${shareBar(measureOf(it) / greatest)}</td>`;
        const loss = hasPermutation && numberCell(formatLoss(it.loss));
        return drawRow(name(it.feature), [bar, loss, numberCell(alignedShare(it.importance))]);
    });
    const bar = html`<span class="hidden">Importance as a bar</span>`;
    const measure = isClasses ? "Loss of accuracy" : "Added RMSE";
    const table = {
        caption: "Importance of the features",
        restCaption: countOf(used.length - FIRST, "less important feature"),
        head: ["Feature", bar, ...(hasPermutation ? [measure] : []), "Impurity"],
        kind: "importances",
    };
    const drawn =
        rows.length > 0 ? drawLongTable(table, rows, FIRST) : html`<p>None: every row gets the same prediction.</p>`;
    const permutation = html`${measure}: how much worse the model is on the rows held back
        if the values of the feature are shuffled among them. Features with the same information replace each other, so
        each of them can seem unimportant. `;
    const trees = model.algorithm === "forest" ? " and averaged over its trees" : "";
    const unused = featureImportances.length - used.length;
    const rest = unused > 0 && html` ${countOf(unused, "feature")} ${unused === 1 ? "is" : "are"} never used.`;
    return {
        id: "importances",
        short: "Features",
        title: "Influence of the features",
        content: html`${drawn}<p class="fine">${hasPermutation && permutation}Impurity: the share of the
            ${isClasses ? "impurity" : "squared error"} that the questions about a feature remove in training, weighted by
            rows${trees}; it favours features with many values.${rest}</p>`,
    };
}
