import type { TreeNode } from "../../model";

/** What a node answers, or would answer if it was a leaf: the commonest classes with their shares, or the mean. */
export type Answer = { classes: readonly { place: number; share: number }[] } | { mean: number };

/** What there is below a node. */
export interface Summary {
    /** Undefined where the rows of the leaves below are not all known. */
    answer: Answer | undefined;
    leaves: number;
}

/** More classes than so many are not told of a node. */
const MOST_CLASSES = 3;

/**
 * Adds up the leaves below each node that is wanted.
 * @param classes their number, or 0 for a regression
 */
export function summarize(
    root: TreeNode,
    rowsOf: RowsOf,
    classes: number,
    wanted: ReadonlySet<TreeNode>,
): Map<TreeNode, Summary> {
    const summaries = new Map<TreeNode, Summary>();
    /** One list of totals for each level, used again and again: rows of each class, or the rows and their sum. */
    const levels: Float64Array[] = [];
    const totalsAt = (level: number) => {
        levels[level] ??= new Float64Array(classes === 0 ? 2 : classes);
        return levels[level].fill(0);
    };
    const visit = (node: TreeNode, level: number): number => {
        const totals = totalsAt(level);
        let leaves = 1;
        if (node.left !== undefined && node.right !== undefined) {
            leaves = 0;
            for (const child of [node.left, node.right]) {
                leaves += visit(child, level + 1);
                const below = levels[level + 1] as Float64Array;
                for (let place = 0; place < totals.length; place++) {
                    totals[place] = (totals[place] as number) + (below[place] as number);
                }
            }
        } else {
            addLeaf(node, rowsOf(node), totals);
        }
        if (wanted.has(node)) {
            const answer = leaves === 1 ? answerOfLeaf(node) : answerOf(totals, classes);
            summaries.set(node, { answer, leaves });
        }
        return leaves;
    };
    visit(root, 0);
    return summaries;
}

function addLeaf({ distribution }: TreeNode, rows = Number.NaN, totals: Float64Array): void {
    if (typeof distribution === "number") {
        totals[0] = rows;
        totals[1] = rows * distribution;
    } else {
        for (const [place, share] of (distribution?.[0] ?? []).entries()) {
            totals[place] = rows * share;
        }
    }
}

function answerOfLeaf({ distribution }: TreeNode): Answer {
    return typeof distribution === "number"
        ? { mean: distribution }
        : { classes: commonest(distribution?.[0] ?? [], 1) };
}

function answerOf(totals: Float64Array, classes: number): Answer | undefined {
    if (classes === 0) {
        const mean = (totals[1] as number) / (totals[0] as number);
        return Number.isFinite(mean) ? { mean } : undefined;
    }
    const rows = totals.reduce((sum, count) => sum + count, 0);
    return rows > 0 ? { classes: commonest(totals, rows) } : undefined;
}

/** The greatest first; of equal ones the first class, which is the one that is predicted. */
function commonest(counts: ArrayLike<number>, rows: number): { place: number; share: number }[] {
    const top: { place: number; share: number }[] = [];
    for (let place = 0; place < counts.length; place++) {
        const share = (counts[place] as number) / rows;
        if (share > 0) {
            const before = top.findIndex((other) => other.share < share);
            top.splice(before < 0 ? top.length : before, 0, { place, share });
            top.length = Math.min(top.length, MOST_CLASSES);
        }
    }
    return top;
}

/** How many training rows came to a node; undefined where neither the model nor its neighbours tell. */
export type RowsOf = (node: TreeNode) => number | undefined;

/** ml-cart notes no rows for its smallest leaves: they are what the sibling leaves over. */
export function countRows(root: TreeNode, allRows: number): RowsOf {
    const derived = new Map<TreeNode, number>();
    const rowsOf: RowsOf = (node) => node.numberSamples ?? derived.get(node);
    if (root.numberSamples === undefined) {
        derived.set(root, allRows);
    }
    const waiting = [root];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
        const { left, right } = node;
        if (left === undefined || right === undefined) {
            continue;
        }
        const rows = rowsOf(node);
        if (rows !== undefined && left.numberSamples === undefined && right.numberSamples !== undefined) {
            derived.set(left, rows - right.numberSamples);
        }
        if (rows !== undefined && right.numberSamples === undefined && left.numberSamples !== undefined) {
            derived.set(right, rows - left.numberSamples);
        }
        waiting.push(left, right);
    }
    return rowsOf;
}
