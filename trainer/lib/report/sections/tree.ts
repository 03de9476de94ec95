import { clip, type Html, html, name } from "../html";
import { className, huesOf } from "../hues";
import type { ReportInput } from "../input";
import { coordinate, countOf, formatCount, formatNumber, formatShare } from "../numbers";
import { DRAWN, type NodeView, readTree, strengthOf, type TreeView } from "../tree/read-tree";
import { rowForm } from "../tree/row-form";
import type { ColumnSummary } from "./columns";
import type { Section } from "./section";

/** A form that makes predictions with a whole forest. For a single tree, the form is in the tree's section. */
export function rowSection(input: ReportInput, summaries: ReadonlyMap<string, ColumnSummary>): Section {
    return {
        id: "row-section",
        short: "Try a row",
        title: "Prediction for one row",
        content: html`<p>The prediction is the mean of all ${countOf(input.model.trees.length, "tree")}.</p>${rowForm(input, summaries)}`,
    };
}

/** A model's only tree, with a form that traces a row through it; for a forest, its first tree, without a form. */
export function treeSection(input: ReportInput, summaries: ReadonlyMap<string, ColumnSummary>): Section {
    const { model } = input;
    const tree = readTree(model, huesOf(input));
    const isForest = model.algorithm === "forest";
    const title = isForest ? `One of the ${formatCount(model.trees.length)} trees` : "The tree";
    const drawn = drawTree(tree);
    const questions = tree.root.leaves - 1;
    const rest =
        questions > DRAWN &&
        html`<p class="fine">The ${DRAWN} questions with the most rows are drawn, of ${formatCount(questions)}. The whole
            tree is in model.json.</p>`;
    const content =
        questions === 0
            ? html`<p>The tree asks no questions: every row gets the same prediction.</p>${drawn}`
            : html`<p>${introduction(tree, isForest)}</p>${!isForest && rowForm(input, summaries)}${!isSmall(tree) && drawIcicle(tree)}${TOOLS}${drawn}${rest}`;
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

const LEVEL_HEIGHT = 30;
const MOST_LEVELS = 12;
/** Percentages of the total width below which a box is not drawn, not labelled, or labelled only on a wide screen. */
const NARROWEST = 0.25;
const NARROWEST_LABEL = 5;
const NARROWEST_LABEL_ON_PHONE = 20;

/** Draws an overview of the tree: each node is as wide as its share of the rows, with its children below it. */
function drawIcicle(tree: TreeView): Html {
    const { root } = tree;
    const boxes: Html[] = [];
    let [levels, isDeeper] = [0, false];
    const addBox = (node: NodeView, x: number, width: number): void => {
        isDeeper ||= node.depth >= MOST_LEVELS;
        if (node.depth >= MOST_LEVELS || width < NARROWEST) {
            return;
        }
        levels = Math.max(levels, node.depth + 1);
        boxes.push(drawBox(node, x, width, tree));
        if (node.split !== undefined) {
            const { yes, no } = node.split;
            const left = (width * yes.rows) / node.rows;
            addBox(yes, x, left);
            addBox(no, x + left, width - left);
        }
    };
    addBox(root, 0, 100);
    const label = `The tree at a glance: ${countOf(root.leaves, "leaf", "leaves")}, each node as wide as its share of the rows`;
    const legend =
        tree.classes > 0
            ? "The colour is that of the most common class; the stronger it is, the larger the share of that class."
            : "The stronger the colour, the higher the mean.";
    const limit = isDeeper && html` The first ${MOST_LEVELS} levels are shown.`;
    return html`<figure class="icicle"><svg role="img" aria-label="${label}"
        height="${levels * LEVEL_HEIGHT}">${boxes}</svg><figcaption>The tree at a glance: each box is as wide as its share
        of the rows, and its question leads to the boxes below it. ${legend}${limit}</figcaption></figure>`;
}

function drawBox(node: NodeView, x: number, width: number, tree: TreeView): Html {
    const { answer, split, depth, index } = node;
    const first = "mean" in answer ? undefined : answer.classes[0];
    const leaf = "mean" in answer ? formatNumber(answer.mean, 3) : (first?.name ?? "");
    const label = split?.column ?? (node.leaves > 1 ? "…" : leaf);
    const text = width >= NARROWEST_LABEL && clip(label, 60);
    const shade = Math.round(9 * strengthOf(node, tree));
    const wide = width < NARROWEST_LABEL_ON_PHONE && html` class="wide"`;
    const weight = split === undefined && html` font-weight="600"`;
    const drawnText = text && html`<text x="7" y="19"${wide}${weight}>${text}</text>`;
    const position = html`x="${percent(x)}%" y="${depth * LEVEL_HEIGHT}"`;
    const size = html`width="${percent(width)}%" height="${LEVEL_HEIGHT}"`;
    return html`<svg class="box q${shade} ${first?.hue ?? ""}" data-n="${index}" ${position} ${size}><rect width="100%"
        height="100%"/>${drawnText}</svg>`;
}

function percent(value: number): string {
    return String(Number(value.toFixed(2)));
}

/** Maximum number of splits printed, and maximum number unfolded initially. */
const ON_PAPER = 40;
const OPEN = 12;

/** A tree with up to this many leaves and levels is drawn from the top down where there is room. */
const CHART_LEAVES = 7;
const CHART_LEVELS = 5;

/** The tree as nested lists in which each split can be folded. The whole tree is readable without a script. */
function drawTree(tree: TreeView): Html {
    const isChart = isSmall(tree) && tree.root.leaves <= CHART_LEAVES && levelsOf(tree.root) <= CHART_LEVELS;
    return html`<ul class="tree${isChart && " chart"}" id="tree">${drawNode(tree.root, undefined, tree, isChart)}</ul>`;
}

/** True if the tree is small enough to be seen at a glance. */
function isSmall(tree: TreeView): boolean {
    return tree.splits < CHART_LEAVES;
}

function drawNode(node: NodeView, branch: Html | undefined, tree: TreeView, isChart: boolean): Html {
    const { index, leaves, answer, split } = node;
    const edge = branch && html`<span class="edge">${branch} </span>`;
    const composition = html`<span class="rows">${compositionText(node)}</span>${nodeBar(node, tree)}`;
    if (split === undefined) {
        const first = "mean" in answer ? undefined : answer.classes[0];
        const leaf = "mean" in answer ? formatNumber(answer.mean) : className(first?.name ?? "", first?.hue ?? "");
        const text = leaves === 1 ? leaf : `${countOf(leaves - 1, "more question")}, not drawn`;
        return html`<li id="n${index}" class="${leaves === 1 ? "leaf" : "cut"}"><div class="node"><span
            class="line">${edge}<b class="answer">${text}</b></span>${composition}</div></li>`;
    }
    const { texts, yes, no, rank } = split;
    const draw = (child: NodeView, text: Html) => drawNode(child, text, tree, isChart);
    const children = html`<ul>${draw(yes, texts.yes)}${draw(no, texts.no)}</ul>`;
    const attributes = html`${rank < OPEN && html` open`}${rank < ON_PAPER && html` class="paper"`}`;
    const line = html`<span class="line">${edge}<b class="question">${texts.question}</b></span>`;
    const wires = isChart && drawWires(yes.leaves, no.leaves);
    const details = html`<summary class="node">${line}${composition}</summary>${wires}${children}`;
    const width = Math.min(leaves, CHART_LEAVES);
    return html`<li id="n${index}" class="split w${width}"><details${attributes}>${details}</details></li>`;
}

/** The rows in a node and their composition. */
function compositionText({ answer, rows, split, leaves }: NodeView): Html {
    const count = countOf(rows, "row");
    const isLeaf = split === undefined && leaves === 1;
    if ("mean" in answer) {
        return html`${count}${!isLeaf && ` · mean ${formatNumber(answer.mean)}`}`;
    }
    const rest = 1 - answer.classes.reduce((sum, { share }) => sum + share, 0);
    const shares = answer.classes.map(({ name: label, share }, index) => {
        // The name of a leaf's first class is already shown as its prediction.
        const isNamed = !isLeaf || index > 0;
        return html`${index > 0 && ", "}${formatShare(share)}${isNamed && html` ${name(label)}`}`;
    });
    return html`${count} · ${shares}${rest > 5e-4 && html`, ${formatShare(rest)} others`}`;
}

/** The shares of a node's classes side by side, or its mean as a point on a line. The text next to it says the same. */
function nodeBar(node: NodeView, tree: TreeView): Html {
    const { answer } = node;
    if ("mean" in answer) {
        const x = coordinate(3 + 94 * strengthOf(node, tree));
        return html`<svg class="bar" aria-hidden="true"><rect class="track" y="2" width="100%" height="2"/><circle
            class="fill" cx="${x}%" cy="3" r="3"/></svg>`;
    }
    let start = 0;
    const parts = answer.classes.map(({ hue, share }) => {
        const x = start;
        start += share * 100;
        return html`<rect class="fill ${hue}" x="${coordinate(x)}%" width="${coordinate(share * 100)}%" height="6"/>`;
    });
    return html`<svg class="bar" aria-hidden="true"><rect class="track" width="100%" height="6"/>${parts}</svg>`;
}

/**
 * Lines from the middle of a node to the middle of each child. The width of a child is proportional to its leaf count.
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

function levelsOf({ split }: NodeView): number {
    return split === undefined ? 0 : 1 + Math.max(levelsOf(split.yes), levelsOf(split.no));
}
