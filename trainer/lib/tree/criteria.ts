import type { TreeBuilder } from "../model";
import type { Layout } from "./entries";
import {
    type BestSplit,
    type ClassCounts,
    type GapOf,
    type Stretch,
    searchClasses,
    searchNumbers,
    searchTwoClasses,
} from "./split-search";
import type { FitTarget } from "./types";

/** A node: its stretch in the lists, and the statistics that its criterion needs. */
export interface NodeFacts extends Stretch {
    /** True if all rows have the same class or number. */
    pure: boolean;
    /** For two classes, the number of rows of class 1; for numbers, the mean. */
    center: number;
    /** For numbers, the squared error. */
    error: number;
    /** A column whose list holds the node's rows. All lists hold them, unless the limits make the node a leaf. */
    source: number;
}

/**
 * The criterion by which splits are compared: the Gini impurity of two or more classes, or the squared error of
 * numbers.
 */
export interface Criterion {
    /** Computes a node's statistics from any list that holds the node's rows from start to end. */
    describe(list: Uint32Array, start: number, end: number, source: number): NodeFacts;
    /** Prepares to search a node's columns. */
    enter(list: Uint32Array, node: NodeFacts): void;
    search(list: Uint32Array, node: NodeFacts, column: number, best: BestSplit, gapOf: GapOf): void;
    /** The gain, as defined by the model format. */
    gainOf(best: BestSplit, node: NodeFacts, left: NodeFacts, right: NodeFacts): number;
    /** Impurity of a node, multiplied by its number of rows. */
    impurityOf(list: Uint32Array, node: NodeFacts): number;
    /** Impurity that a split removes, multiplied by the number of rows. */
    importanceOf(gain: number, node: NodeFacts): number;
    addLeaf(builder: TreeBuilder, list: Uint32Array, node: NodeFacts): void;
}

/** Rounds the shares and numbers in leaves to multiples of a power of 2, so that sums over trees are exact. */
export type Rounding = (value: number) => number;

export function makeCriterion(target: FitTarget, layout: Layout, round: Rounding): Criterion {
    if (target.task === "regression") {
        return squaredError(target.y, layout, round);
    }
    return target.classes.length <= 2 && layout.classMask !== 0
        ? binaryGini(layout, round)
        : gini(target.y, target.classes.length, layout, round);
}

function binaryGini(layout: Layout, round: Rounding): Criterion {
    const { classShift, weightMask } = layout;
    return {
        describe(list, start, end, source) {
            let rows = 0;
            let ones = 0;
            for (let index = start; index < end; index++) {
                const entry = list[index] as number;
                const weight = ((entry >>> 1) & weightMask) + 1;
                rows += weight;
                ones += weight * ((entry >>> classShift) & 1);
            }
            return { start, end, rows, pure: ones === 0 || ones === rows, center: ones, error: 0, source };
        },
        enter() {},
        search(list, node, column, best, gapOf) {
            searchTwoClasses(list, node, column, layout, node.center, best, gapOf);
        },
        gainOf({ leftSum, leftRows }, { rows }) {
            return (2 * (leftSum / rows) ** 2) / (leftRows * (rows - leftRows));
        },
        impurityOf: (_, { rows, center: ones }) => (2 * ones * (rows - ones)) / rows,
        importanceOf: (gain, { rows }) => gain * rows,
        addLeaf(builder, _, { rows, center: ones }) {
            builder.addLeaf(0, rows);
            if (ones < rows) {
                builder.addShare(0, round((rows - ones) / rows));
            }
            if (ones > 0) {
                builder.addShare(1, round(ones / rows));
            }
        },
    };
}

/** Below this, the integers that make up the gain are exact as doubles: the fourth power is less than 2^53. */
const EXACT_ROWS = 9000;

function gini(labels: Uint16Array, classCount: number, layout: Layout, round: Rounding): Criterion {
    const { rowShift, classShift, classMask, weightMask } = layout;
    const all = new Float64Array(classCount);
    const counts: ClassCounts = { left: new Float64Array(classCount), all, squares: 0 };
    const labelOf = (entry: number) =>
        classMask === 0 ? (labels[entry >>> rowShift] as number) : (entry >>> classShift) & classMask;
    const countRows = (list: Uint32Array, { start, end }: NodeFacts) => {
        all.fill(0);
        for (let index = start; index < end; index++) {
            const entry = list[index] as number;
            const label = labelOf(entry);
            all[label] = (all[label] as number) + ((entry >>> 1) & weightMask) + 1;
        }
        return all.reduce((squares, count) => squares + count * count, 0);
    };
    return {
        describe(list, start, end, source) {
            const first = labelOf(list[start] as number);
            let rows = 0;
            let pure = true;
            for (let index = start; index < end; index++) {
                const entry = list[index] as number;
                rows += ((entry >>> 1) & weightMask) + 1;
                pure &&= labelOf(entry) === first;
            }
            return { start, end, rows, pure, center: 0, error: 0, source };
        },
        enter(list, node) {
            counts.squares = countRows(list, node);
        },
        search(list, node, column, best, gapOf) {
            searchClasses(list, node, column, layout, counts, labels, best, gapOf);
        },
        gainOf({ leftSum, rightSum, leftRows }, { rows }) {
            const { squares } = counts;
            const rightRows = rows - leftRows;
            if (rows < EXACT_ROWS) {
                const gained = rows * (leftSum * rightRows + rightSum * leftRows) - squares * leftRows * rightRows;
                return gained / (rows * rows * leftRows * rightRows);
            }
            const [n, l, r] = [BigInt(rows), BigInt(leftRows), BigInt(rightRows)];
            const gained = n * (BigInt(leftSum) * r + BigInt(rightSum) * l) - BigInt(squares) * l * r;
            return Number(gained) / Number(n * n * l * r);
        },
        impurityOf: (list, node) => node.rows - countRows(list, node) / node.rows,
        importanceOf: (gain, { rows }) => gain * rows,
        addLeaf(builder, list, node) {
            countRows(list, node);
            builder.addLeaf(0, node.rows);
            for (let label = 0; label < classCount; label++) {
                const count = all[label] as number;
                if (count > 0) {
                    builder.addShare(label, round(count / node.rows));
                }
            }
        },
    };
}

function squaredError(numbers: Float64Array, layout: Layout, round: Rounding): Criterion {
    const { rowShift, weightMask } = layout;
    return {
        describe(list, start, end, source) {
            const first = numbers[(list[start] as number) >>> rowShift] as number;
            let rows = 0;
            let sum = 0;
            let pure = true;
            // Summing differences from the first number loses less precision than summing the numbers.
            for (let index = start; index < end; index++) {
                const entry = list[index] as number;
                const weight = ((entry >>> 1) & weightMask) + 1;
                const above = (numbers[entry >>> rowShift] as number) - first;
                rows += weight;
                sum += weight * above;
                pure &&= above === 0;
            }
            const mean = first + sum / rows;
            let error = 0;
            for (let index = start; index < end; index++) {
                const entry = list[index] as number;
                const above = (numbers[entry >>> rowShift] as number) - mean;
                error += (((entry >>> 1) & weightMask) + 1) * above * above;
            }
            return { start, end, rows, pure, center: mean, error, source };
        },
        enter() {},
        search(list, node, column, best, gapOf) {
            searchNumbers(list, node, column, layout, numbers, node.center, best, gapOf);
        },
        gainOf: (_best, _node, left, right) => left.error + right.error,
        impurityOf: (_, { error }) => error,
        importanceOf: (gain, { error }) => Math.max(0, error - gain),
        addLeaf: (builder, _, { rows, center }) => builder.addLeaf(round(center), rows),
    };
}
