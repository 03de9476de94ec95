import type { Model } from "../../model-format";
import { type Html, html } from "../html";
import { countOf } from "../numbers";
import { type MeanRange, meanRange, nodeBar } from "./bars";
import type { NodeView, SplitView, TreeView } from "./read-tree";
import { answerText, branchTexts, compositionText, questionText } from "./words";

/** Splits that are drawn at all, that are drawn on paper, and that are open at first. */
export const DRAWN = 200;
const ON_PAPER = 40;
const OPEN = 12;

/** A tree up to so many leaves, and levels, is drawn from the top down where there is room. */
const CHART_LEAVES = 7;
const CHART_LEVELS = 5;

/** The tree as lists in lists: each split can be folded, and read without a script. */
export function drawTree(tree: TreeView, model: Model): Html {
    const context = { model, range: meanRange(tree.root) };
    const fits = tree.splits < CHART_LEAVES && tree.root.leaves <= CHART_LEAVES && levelsOf(tree.root) <= CHART_LEVELS;
    return html`<ul class="tree${fits && " chart"}" id="tree">${drawNode(tree.root, undefined, context)}</ul>`;
}

/** Whether the tree is small enough to be seen at a glance. */
export function isSmall(tree: TreeView): boolean {
    return tree.splits < CHART_LEAVES;
}

interface Context {
    model: Model;
    range: MeanRange;
}

function drawNode(node: NodeView, branch: { text: Html; side: "yes" | "no" } | undefined, context: Context): Html {
    const { model, range } = context;
    const edge = branch && html`<span class="edge ${branch.side}">${branch.text}</span>`;
    const composition = html`<span class="rows">${compositionText(node, model)}</span>${nodeBar(node, range)}`;
    if (node.split === undefined || node.split.rank >= DRAWN) {
        const isLeaf = node.leaves === 1;
        return html`<li id="n${node.index}" class="${isLeaf ? "leaf" : "cut"}"><div class="node">${edge}<b class="answer">${
            isLeaf ? answerText(node, model) : cutText(node)
        }</b>${composition}</div></li>`;
    }
    const { question, yes, no, rank } = node.split;
    const texts = branchTexts(question, model.features);
    return html`<li id="n${node.index}" class="split"><details${rank < OPEN && html` open`}${
        rank < ON_PAPER && html` class="paper"`
    }><summary class="node">${edge}<b class="question">${questionText(question, model.features)}</b>${composition}</summary><ul>${drawNode(
        yes,
        { text: texts.yes, side: "yes" },
        context,
    )}${drawNode(no, { text: texts.no, side: "no" }, context)}</ul></details></li>`;
}

function cutText({ leaves }: NodeView): Html {
    return html`${countOf(leaves - 1, "more question")}, not drawn`;
}

function levelsOf({ split }: NodeView): number {
    return split === undefined ? 0 : 1 + Math.max(...childrenOf(split).map(levelsOf));
}

function childrenOf({ yes, no }: SplitView): NodeView[] {
    return [yes, no];
}
