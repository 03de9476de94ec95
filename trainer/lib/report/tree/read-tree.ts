import type { Model, TreeNode } from "../../model";
import { type TreeColumn, treeColumns } from "./columns";
import { type Answer, type Summary, summarize } from "./summaries";

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
    /** Number of splits. */
    splits: number;
}

/** Maximum number of splits that are drawn. */
export const DRAWN = 200;

/** For each text column, the range of categories that can reach a node. */
type Ranges = ReadonlyMap<number, readonly [first: number, end: number]>;

/** Reads the splits with the most rows. */
export function readTree(root: TreeNode, model: Model): TreeView {
    const chosen = chooseSplits(root);
    const columns = treeColumns(model.features);
    const ranks = new Map(chosen.map((split, rank) => [split, rank]));
    const shown = new Set([root, ...chosen.flatMap(({ left, right }) => [left as TreeNode, right as TreeNode])]);
    const summaries = summarize(root, model.task === "classification" ? model.classes.length : 0, shown);
    const view = (node: TreeNode, index: number, depth: number, ranges: Ranges): NodeView => {
        const { answer, leaves } = summaries.get(node) as Summary;
        return { index, depth, rows: rowsOf(node), answer, leaves, split: viewSplit(node, index, depth, ranges) };
    };
    const viewSplit = (node: TreeNode, index: number, depth: number, ranges: Ranges): SplitView | undefined => {
        const rank = ranks.get(node);
        if (rank === undefined) {
            return undefined;
        }
        const { question, left, right } = ask(node, columns, ranges);
        const yes = view(node.left as TreeNode, index + 1, depth + 1, left);
        return {
            question,
            asked: columns[question.column],
            yes,
            no: view(node.right as TreeNode, index + 2 * yes.leaves, depth + 1, right),
            rank,
        };
    };
    return { root: view(root, 0, 0, new Map()), splits: ranks.size };
}

/** The splits with the most rows, from the root down, so that any prefix of the list is also a tree. */
function chooseSplits(root: TreeNode): TreeNode[] {
    const chosen: TreeNode[] = [];
    const found: TreeNode[] = [];
    const add = (node: TreeNode | undefined) => {
        if (node?.left !== undefined && node.right !== undefined) {
            found.push(node);
        }
    };
    add(root);
    while (found.length > 0 && chosen.length < DRAWN) {
        const rows = found.map(rowsOf);
        const [split] = found.splice(rows.indexOf(Math.max(...rows)), 1) as [TreeNode];
        chosen.push(split);
        add(split.left);
        add(split.right);
    }
    return chosen;
}

function rowsOf({ numberSamples = 1 }: TreeNode): number {
    return numberSamples;
}

/** The question that a split asks, and the ranges of categories below it. */
function ask(
    { splitColumn: column = 0, splitValue = 0, missingLeft }: TreeNode,
    columns: readonly TreeColumn[],
    ranges: Ranges,
): { question: Question; left: Ranges; right: Ranges } {
    const asked = columns[column];
    if (asked?.feature.kind !== "text") {
        const question: Question =
            splitValue === Number.MAX_VALUE
                ? { kind: "given", column }
                : { kind: "below", column, threshold: splitValue, missingLeft: missingLeft === true };
        return { question, left: ranges, right: ranges };
    }
    const { codes } = asked;
    const [first, end] = ranges.get(column) ?? [0, codes.length];
    const above = codes.findIndex((code) => code >= splitValue);
    const middle = Math.min(Math.max(above < 0 ? codes.length : above, first), end);
    return {
        question: { kind: "one of", column, first, middle, end },
        left: new Map(ranges).set(column, [first, middle]),
        right: new Map(ranges).set(column, [middle, end]),
    };
}
