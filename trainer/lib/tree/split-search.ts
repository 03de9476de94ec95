import type { Layout } from "./entries";

/** A node's stretch in every list. */
export interface Stretch {
    start: number;
    end: number;
    /** Sum of the weights. */
    rows: number;
}

/** The best split found so far for a node. */
export interface BestSplit {
    /** Column that the split compares; -1 while there is no split. */
    column: number;
    /** Index in the column's list of the first entry that goes right. */
    index: number;
    /** Sum of the weights of the rows that go left. */
    leftRows: number;
    /** The score, which the search maximises. */
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

/** The initial score, before any split has been found. Every real score is higher. */
export function noSplit(): BestSplit {
    return { column: -1, index: -1, leftRows: 0, score: -1, leftSum: 0, rightSum: 0, gap: -1 };
}

/**
 * Replaces the best split with a better one.
 * @param order above 0: better than the best split so far; 0: equally good
 */
function replaceBest(
    best: BestSplit,
    order: number,
    column: number,
    index: number,
    leftRows: number,
    score: number,
    leftSum: number,
    rightSum: number,
    gapOf: GapOf,
): boolean {
    if (order < 0) {
        return false;
    }
    let gap = -1;
    if (order === 0) {
        if (best.gap < 0) {
            best.gap = gapOf(best.column, best.index);
        }
        gap = gapOf(column, index);
        if (!(gap > best.gap)) {
            return false;
        }
    }
    best.column = column;
    best.index = index;
    best.leftRows = leftRows;
    best.score = score;
    best.leftSum = leftSum;
    best.rightSum = rightSum;
    best.gap = gap;
    return true;
}

/**
 * Scores this close to the best are compared again, exactly. A score is computed in a few steps, each with a relative
 * error of at most 2^-53.
 */
const CLOSE = 2 ** -49;

/** Sums of numbers depend slightly on the order of summation, so scores this close are treated as equal. */
const SUM_NOISE = 2 ** -40;

/**
 * Searches a column for a better split when there are two classes: the one with the largest gain in Gini impurity. If c
 * of the l rows on the left and C of all n rows are in class 1, the gain is
 *
 *     2 (c n - C l)^2 / (n^2 l (n - l))
 *
 * and the score is (c n - C l)^2 / (l (n - l)): only integers are subtracted, and a split that is not better is
 * rejected without a division. `leftSum` is |c n - C l|.
 * @param ones rows of class 1 in the node, C
 */
export function searchTwoClasses(
    list: Uint32Array,
    { start, end, rows }: Stretch,
    column: number,
    { classShift, weightMask }: Layout,
    ones: number,
    best: BestSplit,
    gapOf: GapOf,
): void {
    let limit = best.score * (1 - CLOSE);
    // `| 0` keeps both in integer registers, which doubles the speed of the loop.
    let left = 0;
    let leftOnes = 0;
    for (let index = start; index < end; index++) {
        const entry = list[index] as number;
        if ((entry & 1) === 0) {
            const difference = leftOnes * rows - ones * left;
            const product = left * (rows - left);
            // Before the first entry the product is 0.
            if (difference * difference >= limit * product && product > 0) {
                const score = (difference * difference) / product;
                const order = compareOfTwo(score, Math.abs(difference), product, rows, best);
                if (replaceBest(best, order, column, index, left, score, Math.abs(difference), 0, gapOf)) {
                    limit = score * (1 - CLOSE);
                }
            }
        }
        const weight = (((entry >>> 1) & weightMask) + 1) | 0;
        left = (left + weight) | 0;
        leftOnes = (leftOnes + (weight & -((entry >>> classShift) & 1))) | 0;
    }
}

/** Above 0 if the score is above the best one; 0 if they are exactly equal. */
function compareOfTwo(score: number, difference: number, product: number, rows: number, best: BestSplit): number {
    if (score > best.score * (1 + CLOSE)) {
        return 1;
    }
    const bestProduct = best.leftRows * (rows - best.leftRows);
    if (difference === best.leftSum && product === bestProduct) {
        return 0;
    }
    return compare(BigInt(difference) ** 2n * BigInt(bestProduct), BigInt(best.leftSum) ** 2n * BigInt(product));
}

function compare(a: bigint, b: bigint): number {
    return a > b ? 1 : a < b ? -1 : 0;
}

/** Memory for counting the rows of each class. */
export interface ClassCounts {
    /** Rows on the left; all 0 between searches. */
    left: Float64Array;
    /** Rows in the node. */
    all: Float64Array;
    /** Sum of the squares of `all`. */
    squares: number;
}

/**
 * Searches a column for a better split, for any number of classes. The gain in Gini impurity is largest where
 *
 *     (sum over k of l_k^2) / l + (sum over k of r_k^2) / r
 *
 * is largest, where l_k and r_k are the rows of class k on the left and on the right. Both sums are integers, updated
 * for each entry. `leftSum` and `rightSum` are the two sums.
 * @param labels class of each row, used if entries do not hold it
 */
export function searchClasses(
    list: Uint32Array,
    { start, end, rows }: Stretch,
    column: number,
    { rowShift, classShift, classMask, weightMask }: Layout,
    counts: ClassCounts,
    labels: ArrayLike<number>,
    best: BestSplit,
    gapOf: GapOf,
): void {
    const { left: lefts, all } = counts;
    let limit = best.score * (1 - CLOSE);
    let left = 0;
    let leftSum = 0;
    let rightSum = counts.squares;
    for (let index = start; index < end; index++) {
        const entry = list[index] as number;
        if ((entry & 1) === 0) {
            const right = rows - left;
            // Before the first entry this is 0 / 0, which is NaN.
            const score = (leftSum * right + rightSum * left) / (left * right);
            if (score >= limit) {
                const order = compareOfMany(score, leftSum, rightSum, left, rows, best);
                if (replaceBest(best, order, column, index, left, score, leftSum, rightSum, gapOf)) {
                    limit = score * (1 - CLOSE);
                }
            }
        }
        const label = classMask === 0 ? (labels[entry >>> rowShift] as number) : (entry >>> classShift) & classMask;
        const weight = ((entry >>> 1) & weightMask) + 1;
        const count = lefts[label] as number;
        left += weight;
        leftSum += weight * (2 * count + weight);
        rightSum += weight * (weight - 2 * ((all[label] as number) - count));
        lefts[label] = count + weight;
    }
    if (end - start > lefts.length) {
        lefts.fill(0);
        return;
    }
    for (let index = start; index < end; index++) {
        const entry = list[index] as number;
        lefts[classMask === 0 ? (labels[entry >>> rowShift] as number) : (entry >>> classShift) & classMask] = 0;
    }
}

/** Above 0 if the score is above the best one; 0 if they are exactly equal. */
function compareOfMany(
    score: number,
    leftSum: number,
    rightSum: number,
    left: number,
    rows: number,
    best: BestSplit,
): number {
    if (score > best.score * (1 + CLOSE)) {
        return 1;
    }
    const isSame = leftSum === best.leftSum && rightSum === best.rightSum && left === best.leftRows;
    const isMirrored = leftSum === best.rightSum && rightSum === best.leftSum && left === rows - best.leftRows;
    if (isSame || isMirrored) {
        return 0;
    }
    const [l, r] = [BigInt(left), BigInt(rows - left)];
    const [m, s] = [BigInt(best.leftRows), BigInt(rows - best.leftRows)];
    const numerator = BigInt(leftSum) * r + BigInt(rightSum) * l;
    const bestNumerator = BigInt(best.leftSum) * s + BigInt(best.rightSum) * m;
    return compare(numerator * m * s, bestNumerator * l * r);
}

/**
 * Searches a column for a better split of numbers: the one that leaves the smallest squared error. If s is the sum of
 * the differences between the numbers of the left rows and the mean of the node, the error shrinks by
 * n s^2 / (l (n - l)); the score is s^2 / (l (n - l)).
 * @param numbers number of each row
 * @param mean mean of the node
 */
export function searchNumbers(
    list: Uint32Array,
    { start, end, rows }: Stretch,
    column: number,
    { rowShift, weightMask }: Layout,
    numbers: Float64Array,
    mean: number,
    best: BestSplit,
    gapOf: GapOf,
): void {
    let limit = best.score * (1 - SUM_NOISE);
    let left = 0;
    let sum = 0;
    for (let index = start; index < end; index++) {
        const entry = list[index] as number;
        if ((entry & 1) === 0) {
            const product = left * (rows - left);
            if (sum * sum >= limit * product && product > 0) {
                const score = (sum * sum) / product;
                const order = score > best.score * (1 + SUM_NOISE) ? 1 : 0;
                if (replaceBest(best, order, column, index, left, score, 0, 0, gapOf)) {
                    limit = score * (1 - SUM_NOISE);
                }
            }
        }
        const weight = (((entry >>> 1) & weightMask) + 1) | 0;
        left = (left + weight) | 0;
        sum += weight * ((numbers[entry >>> rowShift] as number) - mean);
    }
}
