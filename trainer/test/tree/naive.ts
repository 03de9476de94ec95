import type { TreeNode } from "../../lib/model";

/** A plain table with one list per column and integer targets. */
export interface PlainTable {
    columns: number[][];
    y: number[];
}

interface Growth {
    maxDepth: number;
    minNumSamples: number;
    gainThreshold: number;
}

interface Candidate {
    column: number;
    threshold: number;
    left: number[];
    right: number[];
    /** The value to maximise, as a ratio of two integers. */
    score: [bigint, bigint];
    /** The gap, which decides between splits with equal scores. */
    gap: number;
}

/**
 * Grows the tree by the rules of trainer/lib/tree, but tries every split with exact fractions. It is the oracle for the
 * fast search. Numeric targets must be integers.
 * @param rows row numbers; a row may occur more than once
 */
export function growNaively(
    table: PlainTable,
    task: "classification" | "regression",
    rows: number[],
    growth: Growth,
    depth = 0,
    ranges = table.columns.map((values) => rangeOf(rows.map((row) => values[row] as number))),
): TreeNode {
    const { y } = table;
    const pure = new Set(rows.map((row) => y[row])).size === 1;
    const stops = pure || depth >= growth.maxDepth || rows.length <= growth.minNumSamples;
    const best = stops ? undefined : bestSplit(table, task, rows, ranges);
    const gain = best === undefined ? 0 : gainOf(best, task, y);
    if (best === undefined || (growth.gainThreshold > 0 && gain <= growth.gainThreshold)) {
        return { numberSamples: rows.length, distribution: distributionOf(rows, task, y) };
    }
    return {
        splitColumn: best.column,
        splitValue: best.threshold,
        ...(sendsMissingLeft(table, best) ? { missingLeft: true as const } : {}),
        gain,
        numberSamples: rows.length,
        left: growNaively(table, task, best.left, growth, depth + 1, ranges),
        right: growNaively(table, task, best.right, growth, depth + 1, ranges),
    };
}

/** True if no row in the node lacks a value in the split's column, and most of the rows go left. */
function sendsMissingLeft({ columns }: PlainTable, { column, left, right }: Candidate): boolean {
    return (
        left.length > right.length &&
        [...left, ...right].every((row) => (columns[column]?.[row] ?? NaN) < Number.MAX_VALUE)
    );
}

/** Half the gap; see GapOf. */
function rangeOf(values: number[]): number {
    const numbers = values.filter((value) => value < Number.MAX_VALUE);
    return Math.max(...numbers) / 2 - Math.min(...numbers) / 2;
}

/** Finds the best split for some rows. Ties go to the widest gap, then the first column, then the lowest threshold. */
function bestSplit(table: PlainTable, task: string, rows: number[], ranges: number[]): Candidate | undefined {
    let best: Candidate | undefined;
    for (const [column, values] of table.columns.entries()) {
        const capped = (row: number) => Math.min(nanToInfinity(values[row] as number), Number.MAX_VALUE);
        const different = [...new Set(rows.map((row) => capped(row) + 0))].sort((a, b) => a - b);
        for (const [index, below] of different.slice(0, -1).entries()) {
            const above = different[index + 1] as number;
            const left = rows.filter((row) => capped(row) <= below);
            const right = rows.filter((row) => capped(row) > below);
            const score = scoreOf(left, right, task, table.y);
            const isLast = above === Number.MAX_VALUE;
            const gap = isLast ? 0 : (above / 2 - below / 2) / (ranges[column] as number);
            const order = best === undefined ? 1n : score[0] * best.score[1] - best.score[0] * score[1];
            if (order > 0n || (order === 0n && gap > (best?.gap ?? 0))) {
                best = { column, threshold: isLast ? above : between(below, above), left, right, score, gap };
            }
        }
    }
    return best;
}

function nanToInfinity(value: number): number {
    return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
}

function between(below: number, above: number): number {
    const middle = Number.isFinite(below + above) ? (below + above) / 2 : below / 2 + above / 2;
    return middle > below ? middle : above;
}

/**
 * Scores a split, where larger is better: the total over both sides of (sum of squares / rows) for classes, and of
 * (square of the sum / rows) for numbers.
 */
function scoreOf(left: number[], right: number[], task: string, y: number[]): [bigint, bigint] {
    const [l, r] = [BigInt(left.length), BigInt(right.length)];
    const measure = task === "classification" ? sumOfSquares : squareOfSum;
    return [measure(left, y) * r + measure(right, y) * l, l * r];
}

function sumOfSquares(rows: number[], y: number[]): bigint {
    return countClasses(rows, y).reduce((sum, count) => sum + BigInt(count) ** 2n, 0n);
}

function squareOfSum(rows: number[], y: number[]): bigint {
    return rows.reduce((sum, row) => sum + BigInt(y[row] as number), 0n) ** 2n;
}

function gainOf({ left, right }: Candidate, task: string, y: number[]): number {
    if (task === "regression") {
        return squaredError(left, y) + squaredError(right, y);
    }
    const all = [...left, ...right];
    return gini(all, y) - (gini(left, y) * left.length + gini(right, y) * right.length) / all.length;
}

export function gini(rows: number[], y: number[]): number {
    return 1 - countClasses(rows, y).reduce((sum, count) => sum + (count / rows.length) ** 2, 0);
}

export function squaredError(rows: number[], y: number[]): number {
    const mean = rows.reduce((sum, row) => sum + (y[row] as number), 0) / rows.length;
    return rows.reduce((sum, row) => sum + ((y[row] as number) - mean) ** 2, 0);
}

function distributionOf(rows: number[], task: string, y: number[]): number[][] | number {
    return task === "classification"
        ? [countClasses(rows, y).map((count) => count / rows.length)]
        : rows.reduce((sum, row) => sum + (y[row] as number), 0) / rows.length;
}

/** Counts the rows per class, up to the last class that occurs. */
function countClasses(rows: number[], y: number[]): number[] {
    const counts = new Array<number>(Math.max(...rows.map((row) => y[row] as number)) + 1).fill(0);
    for (const row of rows) {
        counts[y[row] as number] = (counts[y[row] as number] as number) + 1;
    }
    return counts;
}
