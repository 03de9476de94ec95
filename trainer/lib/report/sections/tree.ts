import { type Html, html } from "../html";
import type { ReportInput } from "../input";
import { countOf, formatCount } from "../numbers";
import { drawIcicle } from "../tree/icicle";
import { DRAWN, drawTree, isSmall } from "../tree/outline";
import { readTree, type TreeView } from "../tree/read-tree";
import { rowForm } from "../tree/row-form";

/** The tree, and a form to follow a row through it. Of a forest: its first tree. */
export function treeSection({ model }: ReportInput): { title: string; content: Html } {
    const root = model.trees[0]?.root ?? {};
    const tree = readTree(root, model);
    const isForest = model.algorithm === "forest";
    const title = isForest ? `One of its ${formatCount(model.trees.length)} trees` : "The tree";
    if (tree.root.split === undefined && tree.root.leaves === 1) {
        return {
            title,
            content: html`<p>It asks nothing: every row gets the same answer.</p>${drawTree(tree, model)}`,
        };
    }
    return {
        title,
        content: html`<p>${introduction(tree, isForest, model.trees.length)}</p>${rowForm(tree, model)}${
            !isSmall(tree) && drawIcicle(tree, model)
        }<div class="tools" id="tools" hidden><button type="button" id="unfold">Unfold all</button><button
        type="button" id="fold">Fold all</button></div>${drawTree(tree, model)}${notDrawnText(tree)}`,
    };
}

function introduction({ root }: TreeView, isForest: boolean, trees: number): Html {
    const how = html`A row starts at the first question. Yes leads to the first branch, no to the second, until no
        question is left.`;
    return isForest
        ? html`A forest answers with the mean of ${countOf(trees, "tree")}, each grown on other rows and asking for
            other columns. This is the first, as an example; alone it mostly answers worse than all together. ${how}`
        : html`${countOf(root.leaves - 1, "question")} lead to ${countOf(root.leaves, "leaf", "leaves")}. ${how}`;
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
    return html`<p class="fine">Drawn are the ${DRAWN} questions that the most rows come to, of
        ${formatCount(all)}.${followed} The whole tree is in model.json.</p>`;
}
