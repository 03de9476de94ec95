import type { Model } from "../../model";
import { type Html, html } from "../html";
import type { HueOf } from "../hues";
import { countOf } from "../numbers";
import { type MeanRange, meanRange, nodeBar } from "./bars";
import type { NodeView, SplitView, TreeView } from "./read-tree";
import { answerText, branchTexts, compositionText, questionText } from "./words";

/** Maximum numbers of splits that are printed, and that are unfolded initially. */
const ON_PAPER = 40;
const OPEN = 12;

/** A tree with up to this many leaves and levels is drawn from the top down where there is room. */
const CHART_LEAVES = 7;
const CHART_LEVELS = 5;

/** The tree as nested lists: each split can be folded, and all of it can be read without a script. */
export function drawTree(tree: TreeView, model: Model, hueOf: HueOf): Html {
    const isChart =
        tree.splits < CHART_LEAVES && tree.root.leaves <= CHART_LEAVES && levelsOf(tree.root) <= CHART_LEVELS;
    const context = { model, hueOf, range: meanRange(tree.root), isChart };
    return html`<ul class="tree${isChart && " chart"}" id="tree">${drawNode(tree.root, undefined, context)}</ul>`;
}

/** True if the tree is small enough to be seen at a glance. */
export function isSmall(tree: TreeView): boolean {
    return tree.splits < CHART_LEAVES;
}

interface Context {
    model: Model;
    hueOf: HueOf;
    range: MeanRange;
    isChart: boolean;
}

function drawNode(node: NodeView, branch: Html | undefined, context: Context): Html {
    const { model, hueOf, range } = context;
    const edge = branch && html`<span class="edge">${branch} </span>`;
    const composition = html`<span class="rows">${compositionText(node, model)}</span>${nodeBar(node, range, hueOf)}`;
    if (node.split === undefined) {
        const isLeaf = node.leaves === 1;
        const answer = isLeaf ? answerText(node, model, hueOf) : cutText(node);
        return html`<li id="n${node.index}" class="${isLeaf ? "leaf" : "cut"}"><div class="node"><span
            class="line">${edge}<b class="answer">${answer}</b></span>${composition}</div></li>`;
    }
    const { question, asked, yes, no, rank } = node.split;
    const texts = branchTexts(question, asked);
    const children = html`<ul>${drawNode(yes, texts.yes, context)}${drawNode(no, texts.no, context)}</ul>`;
    const attributes = html`${rank < OPEN && html` open`}${rank < ON_PAPER && html` class="paper"`}`;
    const line = html`<span class="line">${edge}<b class="question">${questionText(question, asked)}</b></span>`;
    const wires = context.isChart && drawWires(yes.leaves, no.leaves);
    const details = html`<summary class="node">${line}${composition}</summary>${wires}${children}`;
    const width = Math.min(node.leaves, CHART_LEAVES);
    return html`<li id="n${node.index}" class="split w${width}"><details${attributes}>${details}</details></li>`;
}

/**
 * Lines from the middle of a node to the middles of its children, whose widths are proportional to their numbers of
 * leaves.
 */
function drawWires(left: number, right: number): Html {
    const share = left / (left + right);
    const wires = [share / 2, (1 + share) / 2].map((middle, side) => {
        const x = Number((100 * middle).toFixed(2));
        return html`<g class="${side === 0 ? "to-yes" : "to-no"}"><line x1="50%" x2="${x}%" y1="20" y2="20"/><line
            x1="${x}%" x2="${x}%" y1="20" y2="68"/></g>`;
    });
    return html`<svg class="wires" aria-hidden="true" height="68"><line class="trunk" x1="50%" x2="50%"
        y2="20"/>${wires}</svg>`;
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
