import {
    type CompactTree,
    compactTrees,
    endOf,
    type Feature,
    LEAF,
    listParts,
    type Model,
    sharesAt,
    type TextFeature,
} from "../../model";
import { type Html, html, name } from "../html";
import type { HueOf } from "../hues";
import { countOf, formatNumber } from "../numbers";
import { formatValue } from "../sections/columns";

/** A column that the trees compare: a feature, or one part of a feature. */
interface TreeColumn {
    feature: Feature;
    name: string;
    /** True for the date itself, as opposed to a part such as the month. */
    isTime: boolean;
    /** For text, its categories in the order of their codes in this column, and the codes themselves. */
    categories: readonly string[];
    codes: readonly number[];
}

/** The prediction for a node, as if it were a leaf: the most common classes with their shares, or the mean. */
export type Answer = { classes: readonly ClassShare[] } | { mean: number };

export interface ClassShare {
    /** Index of the class, its name and its hue. */
    label: number;
    name: string;
    hue: string;
    share: number;
}

/** A node as the report shows it. */
export interface NodeView {
    /** Index among all nodes of the tree, depth first, left before right. */
    index: number;
    depth: number;
    /** Training rows that reached the node. */
    rows: number;
    answer: Answer;
    /** Number of leaves below the node; 1 for a leaf. */
    leaves: number;
    /** Undefined for a leaf, and for a split that is not in the report. */
    split: SplitView | undefined;
}

export interface SplitView {
    /** Name of the column that the question is about. */
    column: string;
    /** `petal length < 2.45` or `colour is blue or green`, with the labels of the branches. "Yes" goes left. */
    texts: { question: Html; yes: Html; no: Html };
    yes: NodeView;
    no: NodeView;
    /** Rank of the split by number of rows. For any n, the splits with ranks below n form the top of the tree. */
    rank: number;
}

/** The part of a tree that is in the report. */
export interface TreeView {
    root: NodeView;
    splits: number;
    /** Number of classes; 0 for a regression. */
    classes: number;
    /** The smallest and the largest mean among the nodes shown. */
    range: [low: number, high: number];
}

/** Maximum number of splits that are drawn. */
export const DRAWN = 200;

/** For each text column, the range of categories that can reach a node. */
type Ranges = ReadonlyMap<number, readonly [first: number, end: number]>;

/** Reads the splits with the most rows in the model's first tree. */
export function readTree(model: Model, hueOf: HueOf): TreeView {
    const tree = compactTrees(model)[0] as CompactTree;
    const columns = treeColumns(model.features);
    const ranks = new Map(chooseSplits(tree).map((split, rank) => [split, rank]));
    const classes = model.task === "classification" ? model.classes : [];
    const range: TreeView["range"] = [Infinity, -Infinity];
    const view = (node: number, depth: number, ranges: Ranges): NodeView => {
        const { shares, mean, leaves } = summarize(tree, node, classes.length);
        [range[0], range[1]] = [Math.min(range[0], mean), Math.max(range[1], mean)];
        const named = shares.map((it) => ({ ...it, name: classes[it.label] as string, hue: hueOf(it.label) }));
        const answer = classes.length > 0 ? { classes: named } : { mean };
        return { index: node, depth, rows: rowsOf(tree, node), answer, leaves, split: viewSplit(node, depth, ranges) };
    };
    const viewSplit = (node: number, depth: number, ranges: Ranges): SplitView | undefined => {
        const rank = ranks.get(node);
        if (rank === undefined) {
            return undefined;
        }
        const index = tree.columns[node] as number;
        const column = columns[index] as TreeColumn;
        const { codes } = column;
        const [first, end] = ranges.get(index) ?? [0, codes.length];
        const above = codes.findIndex((code) => code >= (tree.values[node] as number));
        const middle = Math.min(Math.max(above < 0 ? codes.length : above, first), end);
        const isText = column.feature.kind === "text";
        const within = (from: number, to: number): Ranges => (isText ? new Map(ranges).set(index, [from, to]) : ranges);
        const texts = isText
            ? describeChoice(column, column.categories.slice(first, middle), column.categories.slice(middle, end))
            : describeThreshold(column, tree.values[node] as number, tree.missingLeft[node] === 1);
        const yes = view(node + 1, depth + 1, within(first, middle));
        const no = view(tree.links[node] as number, depth + 1, within(middle, end));
        return { column: column.name, texts, yes, no, rank };
    };
    return { root: view(0, 0, new Map()), splits: ranks.size, classes: classes.length, range };
}

/** Confidence in a node's prediction or, in a regression, the position of its mean within the range, from 0 to 1. */
export function strengthOf({ answer }: NodeView, { classes, range: [low, high] }: TreeView): number {
    if ("mean" in answer) {
        return high > low ? (answer.mean - low) / (high - low) : 0.5;
    }
    return Math.max(0, ((answer.classes[0]?.share ?? 0) - 1 / classes) / (1 - 1 / classes));
}

/** The trees' columns, indexed by the column numbers in splits. */
function treeColumns(features: readonly Feature[]): TreeColumn[] {
    return listParts(features).map(({ feature: index, part }) => {
        const feature = features[index] as Feature;
        const isTime = feature.kind === "date" && feature.parts[part] === "time";
        const name = feature.kind === "date" && !isTime ? `${feature.name}, ${feature.parts[part]}` : feature.name;
        const sorted = feature.kind === "text" ? sort(feature, part) : { categories: [], codes: [] };
        return { feature, name, isTime, ...sorted };
    });
}

function sort({ categories, codes }: TextFeature, part: number): Pick<TreeColumn, "categories" | "codes"> {
    const list = codes[part] as number[];
    const order = [...categories.keys()].sort((a, b) => (list[a] as number) - (list[b] as number));
    return {
        categories: order.map((index) => categories[index] as string),
        codes: order.map((index) => list[index] as number),
    };
}

/** The splits with the most rows, from the root down, so that any prefix of the list is also a tree. */
function chooseSplits(tree: CompactTree): number[] {
    const chosen: number[] = [];
    let found = [0];
    for (;;) {
        found = found.filter((node) => tree.columns[node] !== LEAF);
        if (found.length === 0 || chosen.length === DRAWN) {
            return chosen;
        }
        const rows = found.map((node) => rowsOf(tree, node));
        const [split] = found.splice(rows.indexOf(Math.max(...rows)), 1) as [number];
        chosen.push(split);
        found.push(split + 1, tree.links[split] as number);
    }
}

function rowsOf({ samples }: CompactTree, node: number): number {
    return samples[node] || 1;
}

/** Maximum number of classes in a prediction. */
const MOST_CLASSES = 3;

/** Adds up the leaves below a node. Equally common classes are in class order, so the first one is predicted. */
function summarize(tree: CompactTree, node: number, classes: number) {
    const totals = new Float64Array(classes);
    let [leaves, rows, sum] = [0, 0, 0];
    const end = endOf(tree, node);
    for (let leaf = node; leaf < end; leaf++) {
        if (tree.columns[leaf] === LEAF) {
            const ofLeaf = rowsOf(tree, leaf);
            leaves++;
            rows += ofLeaf;
            sum += ofLeaf * (tree.values[leaf] as number);
            for (const [label, share] of sharesAt(tree, leaf)) {
                totals[label] = (totals[label] as number) + ofLeaf * share;
            }
        }
    }
    const shares = [...totals.entries()]
        .filter(([, total]) => total > 0)
        .sort(([a, ofA], [b, ofB]) => ofB - ofA || a - b)
        .slice(0, MOST_CLASSES)
        .map(([label, total]) => ({ label, share: total / rows }));
    return { shares, mean: sum / rows, leaves };
}

function describeThreshold({ feature, name: title, isTime }: TreeColumn, threshold: number, missingLeft: boolean) {
    if (threshold === Number.MAX_VALUE) {
        return { question: html`${name(title)} has a value`, yes: html`yes`, no: html`no` };
    }
    // Enough digits to show on which side of the threshold a value is.
    const limit = isTime ? formatValue(threshold, feature) : formatNumber(threshold, 7);
    const orMissing = feature.kind !== "text" && feature.missing && html`<span class="which">, or no value</span>`;
    return {
        question: html`${name(title)} &lt;&nbsp;${limit}`,
        yes: html`yes${missingLeft && orMissing}`,
        no: html`no${!missingLeft && orMissing}`,
    };
}

function describeChoice({ name: title }: TreeColumn, left: readonly string[], right: readonly string[]) {
    return {
        question: html`${name(title)} is ${listCategories(left)}`,
        yes: html`yes`,
        no: html`no<span class="which">: ${listCategories(right)}</span>`,
    };
}

/** Up to this many categories are named. */
const MOST_NAMED = 3;

function listCategories(categories: readonly string[]): Html {
    if (categories.length === 0) {
        return html`another value`;
    }
    const items = categories
        .slice(0, categories.length > MOST_NAMED ? MOST_NAMED - 1 : MOST_NAMED)
        .map((it) => name(it));
    if (categories.length > items.length) {
        items.push(html`${countOf(categories.length - items.length, "other value")}`);
    }
    return html`${items.map((item, index) => html`${index > 0 && (index < items.length - 1 ? ", " : " or ")}${item}`)}`;
}
