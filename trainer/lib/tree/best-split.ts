/** The best split found so far for a node. */
export interface BestSplit {
    /** Column that the split compares; -1 while there is no split. */
    column: number;
    /** Index in the column's list of the first entry that goes right. */
    index: number;
    /** Sum of the weights of the rows that go left. */
    leftRows: number;
    /** The value that is maximised. */
    score: number;
    /** For classes, the integers that make up the score; see the two searches. */
    leftSum: number;
    rightSum: number;
    /** See GapOf; -1 if it has not been computed yet. */
    gap: number;
}

/**
 * Distance between the values on the two sides of a split, as a share of the column's range in the fit. Among equally
 * good splits, the one with the widest gap wins (docs/adr/0006), and among these the first one searched.
 */
export type GapOf = (column: number, index: number) => number;

/** The initial score, while there is no split yet. Every real score is higher. */
export function noSplit(): BestSplit {
    return { column: -1, index: -1, leftRows: 0, score: -1, leftSum: 0, rightSum: 0, gap: -1 };
}

/** @param order above 0: better than the best split so far; 0: equally good */
export function isBetter(order: number, column: number, index: number, best: BestSplit, gapOf: GapOf): boolean {
    if (order > 0) {
        best.gap = -1;
        return true;
    }
    if (order < 0) {
        return false;
    }
    if (best.gap < 0) {
        best.gap = gapOf(best.column, best.index);
    }
    const gap = gapOf(column, index);
    if (gap > best.gap) {
        best.gap = gap;
        return true;
    }
    return false;
}

/** Replaces the best split with another one. */
export function setBest(
    best: BestSplit,
    column: number,
    index: number,
    leftRows: number,
    score: number,
    leftSum: number,
    rightSum: number,
): void {
    best.column = column;
    best.index = index;
    best.leftRows = leftRows;
    best.score = score;
    best.leftSum = leftSum;
    best.rightSum = rightSum;
}
