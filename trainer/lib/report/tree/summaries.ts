import { sharesOf, type TreeNode } from "../../model";

/** The prediction for a node, as if it were a leaf: the most common classes with their shares, or the mean. */
export type Answer = { classes: readonly { label: number; share: number }[] } | { mean: number };

/** Summary of the leaves below a node. */
export interface Summary {
    answer: Answer;
    leaves: number;
}

/** Maximum number of classes in a prediction. */
const MOST_CLASSES = 3;

/**
 * Adds up the leaves below each of the requested nodes.
 * @param classes number of classes, 0 for a regression
 */
export function summarize(root: TreeNode, classes: number, wanted: ReadonlySet<TreeNode>): Map<TreeNode, Summary> {
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
            addLeaf(node, totals);
        }
        if (wanted.has(node)) {
            summaries.set(node, { answer: answerOf(totals, classes), leaves });
        }
        return leaves;
    };
    visit(root, 0);
    return summaries;
}

function addLeaf(leaf: TreeNode, totals: Float64Array): void {
    const rows = leaf.numberSamples ?? 1;
    if (typeof leaf.distribution === "number") {
        totals[0] = rows;
        totals[1] = rows * leaf.distribution;
    } else {
        for (const [label, share] of sharesOf(leaf)) {
            totals[label] = rows * share;
        }
    }
}

function answerOf(totals: Float64Array, classes: number): Answer {
    if (classes === 0) {
        return { mean: (totals[1] as number) / (totals[0] as number) };
    }
    const rows = totals.reduce((sum, count) => sum + count, 0);
    return { classes: commonest(totals, rows) };
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
