import { type Html, html } from "../html";
import { huesOf } from "../hues";
import type { ReportInput } from "../input";
import { countOf, formatCount } from "../numbers";
import { drawIcicle } from "../tree/icicle";
import { drawTree, isSmall } from "../tree/outline";
import { DRAWN, readTree, type TreeView } from "../tree/read-tree";
import { rowForm } from "../tree/row-form";
import type { ColumnSummary } from "./column-summary";
import type { Section } from "./section";

/** A form that predicts with a whole forest. A tree's form is in the section about the tree. */
export function rowSection(input: ReportInput, summaries: ReadonlyMap<string, ColumnSummary>): Section | undefined {
    if (input.model.algorithm === "tree") {
        return undefined;
    }
    return {
        id: "row-section",
        short: "Try a row",
        title: "Prediction for one row",
        content: html`<p>The prediction is the mean of all ${countOf(input.model.trees.length, "tree")}.</p>${rowForm(input, summaries)}`,
    };
}

/** The tree, with a form that follows a row through it, or the first tree in a forest. */
export function treeSection(input: ReportInput, summaries: ReadonlyMap<string, ColumnSummary>): Section {
    const { model } = input;
    const tree = readTree(model);
    const isForest = model.algorithm === "forest";
    const title = isForest ? `One of the ${formatCount(model.trees.length)} trees` : "The tree";
    const drawn = drawTree(tree, model, huesOf(input));
    const content =
        tree.root.leaves === 1
            ? html`<p>The tree asks no questions: every row gets the same prediction.</p>${drawn}`
            : html`<p>${introduction(tree, isForest)}</p>${!isForest && rowForm(input, summaries)}${!isSmall(tree) && drawIcicle(tree, model, huesOf(input))}${TOOLS}${drawn}${notDrawnText(tree)}`;
    return { id: "tree-section", short: isForest ? "One tree" : "Tree", title, content };
}

const TOOLS = html`<div class="tools" id="tools" hidden><button type="button" id="unfold">Unfold all</button><button
    type="button" id="fold">Fold all</button></div>`;

function introduction({ root }: TreeView, isForest: boolean): Html {
    const how = html`A row starts at the first question. Yes leads to the first branch, no to the second, until no
        question is left.`;
    return isForest
        ? html`The trees are grown on different rows and columns. The first one is shown here as an example; it is
            usually less accurate than the forest. ${how}`
        : html`${countOf(root.leaves - 1, "question")} ${root.leaves === 2 ? "leads" : "lead"} to
            ${countOf(root.leaves, "leaf", "leaves")}. ${how}`;
}

function notDrawnText({ root }: TreeView): Html | undefined {
    const all = root.leaves - 1;
    return all <= DRAWN
        ? undefined
        : html`<p class="fine">The ${DRAWN} questions with the most rows are drawn, of ${formatCount(all)}. The whole tree
            is in model.json.</p>`;
}
