import { html, name } from "../html";
import type { ReportInput } from "../input";
import { alignedShare, countOf } from "../numbers";
import { drawLongTable, type Section, shareBar } from "./section";

const FIRST = 15;

/** The feature importances; undefined if the metrics do not contain any. */
export function importancesSection({ metrics, model }: ReportInput): Section | undefined {
    const all = metrics.featureImportances ?? [];
    const used = all.filter(({ importance }) => importance > 0);
    if (all.length === 0) {
        return undefined;
    }
    const greatest = used[0]?.importance ?? 1;
    const rows = used.map(
        ({ feature, importance }) =>
            html`<tr><th scope="row">${name(feature)}</th><td class="bar-cell">${shareBar(importance / greatest)}</td><td
                class="number">${alignedShare(importance)}</td></tr>`,
    );
    const unused = all.length - used.length;
    const trees = model.algorithm === "forest" ? " and averaged over its trees" : "";
    const table = {
        caption: "Importance of the features, adding up to 100 %",
        restCaption: countOf(used.length - FIRST, "less important feature"),
        head: ["Feature", html`<span class="hidden">Importance as a bar</span>`, "Importance"],
        kind: "importances",
    };
    const drawn =
        rows.length > 0 ? drawLongTable(table, rows, FIRST) : html`<p>Nothing: it predicts the same for every row.</p>`;
    const measure = model.task === "classification" ? "impurity" : "squared error";
    const rest = unused > 0 && html` ${countOf(unused, "feature")} ${unused === 1 ? "is" : "are"} never used.`;
    return {
        id: "importances",
        short: "Features",
        title: "What its predictions depend on",
        content: html`${drawn}<p class="fine">The share of the ${measure} that the questions about a feature remove,
            weighted by rows${trees}.${rest}</p>`,
    };
}
