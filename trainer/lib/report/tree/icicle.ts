import type { Model } from "../../model";
import { clip, type Html, html } from "../html";
import type { HueOf } from "../hues";
import { countOf, formatNumber } from "../numbers";
import { type MeanRange, meanRange, positionInRange } from "./bars";
import type { NodeView, TreeView } from "./read-tree";

const LEVEL_HEIGHT = 30;
const MOST_LEVELS = 12;
/** Percentages of the total width below which a box is not drawn, not labelled, or labelled only on a wide screen. */
const NARROWEST = 0.25;
const NARROWEST_LABEL = 5;
const NARROWEST_LABEL_ON_PHONE = 20;

/** Draws the tree at a glance: each node is as wide as its share of the rows, with its children below it. */
export function drawIcicle(tree: TreeView, model: Model, hueOf: HueOf): Html {
    const { root } = tree;
    const boxes: { node: NodeView; x: number; width: number }[] = [];
    let isDeeper = false;
    const addBox = (node: NodeView, x: number, width: number): void => {
        isDeeper ||= node.depth >= MOST_LEVELS;
        if (node.depth >= MOST_LEVELS || width < NARROWEST) {
            return;
        }
        boxes.push({ node, x, width });
        if (node.split !== undefined) {
            const { yes, no } = node.split;
            const left = (width * yes.rows) / node.rows;
            addBox(yes, x, left);
            addBox(no, x + left, width - left);
        }
    };
    addBox(root, 0, 100);
    const levels = Math.max(...boxes.map(({ node }) => node.depth)) + 1;
    const range = meanRange(root);
    const isClasses = model.task === "classification";
    const label = `The tree at a glance: ${countOf(root.leaves, "leaf", "leaves")}, each node as wide as its share of the rows`;
    const drawn = boxes.map(({ node, x, width }) => drawBox(node, x, width, model, range, hueOf));
    const legend = isClasses
        ? "The colour is that of the most common class; the stronger it is, the larger the share of that class."
        : "The stronger the colour, the higher the mean.";
    const limit = isDeeper && html` The first ${MOST_LEVELS} levels are shown.`;
    return html`<figure class="icicle"><svg role="img" aria-label="${label}"
        height="${levels * LEVEL_HEIGHT}">${drawn}</svg><figcaption>The tree at a glance: each box is as wide as its share
        of the rows, and its question leads to the boxes below it. ${legend}${limit}</figcaption></figure>`;
}

function drawBox(node: NodeView, x: number, width: number, model: Model, range: MeanRange, hueOf: HueOf): Html {
    const text = width >= NARROWEST_LABEL && clip(labelOf(node, model), 60);
    const shade = Math.round(9 * strengthOf(node, model, range));
    const wide = width < NARROWEST_LABEL_ON_PHONE && html` class="wide"`;
    const weight = node.split === undefined && html` font-weight="600"`;
    const drawnText = text && html`<text x="7" y="19"${wide}${weight}>${text}</text>`;
    const position = html`x="${percent(x)}%" y="${node.depth * LEVEL_HEIGHT}"`;
    const size = html`width="${percent(width)}%" height="${LEVEL_HEIGHT}"`;
    const { answer } = node;
    const hue = "classes" in answer ? hueOf(answer.classes[0]?.label ?? 0) : "";
    return html`<svg class="box q${shade} ${hue}" data-n="${node.index}" ${position} ${size}><rect width="100%"
        height="100%"/>${drawnText}</svg>`;
}

function labelOf({ split, answer, leaves }: NodeView, model: Model): string {
    if (split !== undefined) {
        return split.asked?.name ?? "";
    }
    if (leaves > 1) {
        return "…";
    }
    if ("mean" in answer) {
        return formatNumber(answer.mean, 3);
    }
    return model.task === "classification" ? (model.classes[answer.classes[0]?.label ?? 0] ?? "") : "";
}

/** Confidence in a node's prediction or, in a regression, the position of its mean in the range, from 0 to 1. */
function strengthOf({ answer }: NodeView, model: Model, range: MeanRange): number {
    if ("mean" in answer) {
        return positionInRange(answer.mean, range);
    }
    const chance = model.task === "classification" ? 1 / model.classes.length : 0;
    return Math.max(0, ((answer.classes[0]?.share ?? 0) - chance) / (1 - chance));
}

function percent(value: number): string {
    return String(Number(value.toFixed(2)));
}
