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

/** A column in the trees. It contains a feature, or one part of a feature. */
export interface TreeColumn {
    feature: Feature;
    name: string;
    part: number;
    /** For text, its categories in the order of their codes in this column, and these codes. */
    categories: readonly string[];
    codes: readonly number[];
}

/** The prediction for a node, as if it were a leaf: the most common classes with their shares, or the mean. */
export type Answer = { classes: readonly { label: number; share: number }[] } | { mean: number };

/** The question that a split asks. "Yes" goes left. */
export type Question =
    /** Is the number below the threshold? A missing one is not, unless the split sends it to the left. */
    | { kind: "below"; column: number; threshold: number; missingLeft: boolean }
    /** Is there a number at all? */
    | { kind: "given"; column: number }
    /**
     * Is the text one of the categories from `first` up to, but not including, `middle`? The categories that can reach
     * the node end before `end`.
     */
    | { kind: "one of"; column: number; first: number; middle: number; end: number };

/** A node as the report shows it. */
export interface NodeView {
    /** Index among all nodes of the tree, depth first, left before right. */
    index: number;
    depth: number;
    /** Training rows that reached the node. */
    rows: number;
    answer: Answer;
    /** Number of leaves below; 1 for a leaf. */
    leaves: number;
    /** Undefined for a leaf, and for a split that is not in the report. */
    split: SplitView | undefined;
}

export interface SplitView {
    question: Question;
    /** The column that the question is about; undefined in a damaged model. */
    asked: TreeColumn | undefined;
    yes: NodeView;
    no: NodeView;
    /** Rank of the split by number of rows. For any n, the splits with ranks below n form the top of the tree. */
    rank: number;
}

/** The part of a tree that is in the report. */
export interface TreeView {
    root: NodeView;
    splits: number;
}

/** Maximum number of splits that are drawn. */
export const DRAWN = 200;

/** For each text column, the range of categories that can reach a node. */
type Ranges = ReadonlyMap<number, readonly [first: number, end: number]>;

/** Reads the splits with the most rows in the model's first tree. */
export function readTree(model: Model): TreeView {
    const tree = compactTrees(model)[0] as CompactTree;
    const columns = treeColumns(model.features);
    const ranks = new Map(chooseSplits(tree).map((split, rank) => [split, rank]));
    const view = (node: number, depth: number, ranges: Ranges): NodeView => {
        const summary = summarize(tree, node, model);
        return { index: node, depth, rows: rowsOf(tree, node), ...summary, split: viewSplit(node, depth, ranges) };
    };
    const viewSplit = (node: number, depth: number, ranges: Ranges): SplitView | undefined => {
        const rank = ranks.get(node);
        if (rank === undefined) {
            return undefined;
        }
        const { question, left, right } = ask(tree, node, columns, ranges);
        const yes = view(node + 1, depth + 1, left);
        const no = view(tree.links[node] as number, depth + 1, right);
        return { question, asked: columns[question.column], yes, no, rank };
    };
    return { root: view(0, 0, new Map()), splits: ranks.size };
}

/** The trees' columns, indexed by the column numbers in splits. */
function treeColumns(features: readonly Feature[]): TreeColumn[] {
    return listParts(features).map(({ feature: index, part }) => {
        const feature = features[index] as Feature;
        const isTime = feature.kind === "date" && feature.parts[part] === "time";
        const name = feature.kind === "date" && !isTime ? `${feature.name}, ${feature.parts[part]}` : feature.name;
        return { feature, name, part, ...(feature.kind === "text" ? sort(feature, part) : NO_CODES) };
    });
}

const NO_CODES = { categories: [], codes: [] };

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
function summarize(tree: CompactTree, node: number, model: Model): { answer: Answer; leaves: number } {
    const totals = new Float64Array(model.task === "classification" ? model.classes.length : 0);
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
    const common = [...totals.keys()]
        .filter((label) => (totals[label] as number) > 0)
        .sort((a, b) => (totals[b] as number) - (totals[a] as number) || a - b)
        .slice(0, MOST_CLASSES)
        .map((label) => ({ label, share: (totals[label] as number) / rows }));
    return { answer: model.task === "classification" ? { classes: common } : { mean: sum / rows }, leaves };
}

/** The question that a split asks, and the ranges of categories below it. */
function ask(
    tree: CompactTree,
    node: number,
    columns: readonly TreeColumn[],
    ranges: Ranges,
): { question: Question; left: Ranges; right: Ranges } {
    const [column, value] = [tree.columns[node] as number, tree.values[node] as number];
    const asked = columns[column];
    if (asked?.feature.kind !== "text") {
        const question: Question =
            value === Number.MAX_VALUE
                ? { kind: "given", column }
                : { kind: "below", column, threshold: value, missingLeft: tree.missingLeft[node] === 1 };
        return { question, left: ranges, right: ranges };
    }
    const { codes } = asked;
    const [first, end] = ranges.get(column) ?? [0, codes.length];
    const above = codes.findIndex((code) => code >= value);
    const middle = Math.min(Math.max(above < 0 ? codes.length : above, first), end);
    return {
        question: { kind: "one of", column, first, middle, end },
        left: new Map(ranges).set(column, [first, middle]),
        right: new Map(ranges).set(column, [middle, end]),
    };
}
