import { sharesOf, type TreeNode } from "../../model";

/** The prediction for a node, as if it were a leaf: the most common classes with their shares, or the mean. */
export type Answer = { classes: readonly { label: number; share: number }[] } | { mean: number };

/** Summary of the leaves below a node. */
export interface Summary {
    /** Undefined if the number of rows is unknown for some leaf below the node. */
    answer: Answer | undefined;
    leaves: number;
}

/** Maximum number of classes in a prediction. */
const MOST_CLASSES = 3;

/**
 * Adds up the leaves below each of the requested nodes.
 * @param classes number of classes, 0 for a regression
 */
export function summarize(
    root: TreeNode,
    rowsOf: RowsOf,
    classes: number,
    wanted: ReadonlySet<TreeNode>,
): Map<TreeNode, Summary> {
    const summaries = new Map<TreeNode, Summary>();
    /** One reused list of totals for each level: the rows of each class, or the number of rows and their sum. */
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
                for (let index = 0; index < totals.length; index++) {
                    totals[index] = (totals[index] as number) + (below[index] as number);
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

function addLeaf(leaf: TreeNode, rows = Number.NaN, totals: Float64Array): void {
    if (typeof leaf.distribution === "number") {
        totals[0] = rows;
        totals[1] = rows * leaf.distribution;
    } else {
        for (const [label, share] of sharesOf(leaf)) {
            totals[label] = rows * share;
        }
    }
}

function answerOfLeaf(leaf: TreeNode): Answer {
    if (typeof leaf.distribution === "number") {
        return { mean: leaf.distribution };
    }
    const shares: number[] = [];
    for (const [label, share] of sharesOf(leaf)) {
        shares[label] = share;
    }
    return {
        classes: commonest(
            Float64Array.from(shares, (share) => share ?? 0),
            1,
        ),
    };
}

function answerOf(totals: Float64Array, classes: number): Answer | undefined {
    if (classes === 0) {
        const mean = (totals[1] as number) / (totals[0] as number);
        return Number.isFinite(mean) ? { mean } : undefined;
    }
    const rows = totals.reduce((sum, count) => sum + count, 0);
    return rows > 0 ? { classes: commonest(totals, rows) } : undefined;
}

/**
 * The most common classes in descending order; equally common ones are in class order, so the first class is the
 * predicted one.
 */
function commonest(counts: ArrayLike<number>, rows: number): { label: number; share: number }[] {
    const top: { label: number; share: number }[] = [];
    for (let label = 0; label < counts.length; label++) {
        const share = (counts[label] as number) / rows;
        if (share > 0) {
            const before = top.findIndex((other) => other.share < share);
            top.splice(before < 0 ? top.length : before, 0, { label, share });
            top.length = Math.min(top.length, MOST_CLASSES);
        }
    }
    return top;
}

/** Number of training rows that reached a node; undefined if it cannot be determined. */
export type RowsOf = (node: TreeNode) => number | undefined;

/**
 * Counts rows. ml-cart does not store them for its smallest leaves, so they are derived from the parent and the
 * sibling.
 */
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
