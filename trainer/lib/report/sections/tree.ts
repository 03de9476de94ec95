import { type Html, html } from "../html";
import type { ReportInput } from "../input";
import { countOf, formatCount } from "../numbers";
import { drawIcicle } from "../tree/icicle";
import { DRAWN, drawTree, isSmall } from "../tree/outline";
import { readTree, type TreeView } from "../tree/read-tree";
import { rowForm } from "../tree/row-form";

/** The tree, or the first tree in a forest, and a form that follows a row through it. */
export function treeSection({ model }: ReportInput): { title: string; content: Html } {
    const root = model.trees.at(0)?.root ?? {};
    const tree = readTree(root, model);
    const isForest = model.algorithm === "forest";
    const title = isForest ? `One of its ${formatCount(model.trees.length)} trees` : "The tree";
    if (tree.root.split === undefined && tree.root.leaves === 1) {
        return {
            title,
            content: html`<p>It asks no questions: every row gets the same prediction.</p>${drawTree(tree, model)}`,
        };
    }
    const text = introduction(tree, isForest, model.trees.length);
    const overview = !isSmall(tree) && drawIcicle(tree, model);
    return {
        title,
        content: html`<p>${text}</p>${rowForm(tree, model)}${overview}${TOOLS}${drawTree(tree, model)}${notDrawnText(tree)}`,
    };
}

const TOOLS = html`<div class="tools" id="tools" hidden><button type="button" id="unfold">Unfold all</button><button
    type="button" id="fold">Fold all</button></div>`;

function introduction({ root }: TreeView, isForest: boolean, trees: number): Html {
    const how = html`A row starts at the first question. Yes leads to the first branch, no to the second, until no
        question is left.`;
    return isForest
        ? html`A forest predicts the mean of ${countOf(trees, "tree")}, each grown on different rows and columns.
            The first tree is shown here as an example; it is usually less accurate than the forest. ${how}`
        : html`${countOf(root.leaves - 1, "question")} ${root.leaves === 2 ? "leads" : "lead"} to
            ${countOf(root.leaves, "leaf", "leaves")}. ${how}`;
}

function notDrawnText({ root, splits }: TreeView): Html | undefined {
    const all = root.leaves - 1;
    if (all <= DRAWN) {
        return undefined;
    }
    const followed =
        splits < all
            ? ` The form above follows a row through the first ${formatCount(splits)}.`
            : " The form above follows a row through all of them.";
    return html`<p class="fine">The ${DRAWN} questions with the most rows are drawn, of ${formatCount(all)}.${followed}
        The whole tree is in model.json.</p>`;
}
