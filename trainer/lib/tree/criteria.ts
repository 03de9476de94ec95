import type { TreeBuilder } from "../model";
import type { BestSplit, GapOf } from "./best-split";
import type { Layout } from "./entries";
import { type ClassCounts, type Stretch, searchClasses, searchNumbers, searchTwoClasses } from "./split-search";
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
    /** Prepares for searching a node's columns. */
    enter(list: Uint32Array, node: NodeFacts): void;
    search(list: Uint32Array, node: NodeFacts, column: number, best: BestSplit, gapOf: GapOf): void;
    /** The gain, as defined by the model format. */
    gainOf(best: BestSplit, node: NodeFacts, left: NodeFacts, right: NodeFacts): number;
    /** True if the gain is large enough for a split. */
    meetsThreshold(gain: number, threshold: number): boolean;
    /** Impurity of a node, multiplied by its number of rows. */
    impurityOf(list: Uint32Array, node: NodeFacts): number;
    /** Impurity that a split removes, multiplied by the number of rows. */
    importanceOf(gain: number, node: NodeFacts): number;
    addLeaf(builder: TreeBuilder, list: Uint32Array, node: NodeFacts): void;
}

/** Rounds the shares and numbers of leaves to multiples of a power of 2, so that sums over trees are exact. */
export type Rounding = (value: number) => number;

/** The criterion for a target. */
export function makeCriterion(target: FitTarget, layout: Layout, round: Rounding): Criterion {
    if (target.task === "regression") {
        return new SquaredError(target.y, layout, round);
    }
    return target.classCount <= 2 && layout.classMask !== 0
        ? new BinaryGini(layout, round)
        : new Gini(target.y, target.classCount, layout, round);
}

class BinaryGini implements Criterion {
    readonly #layout: Layout;
    readonly #round: Rounding;

    constructor(layout: Layout, round: Rounding) {
        this.#layout = layout;
        this.#round = round;
    }

    describe(list: Uint32Array, start: number, end: number, source: number): NodeFacts {
        const { classShift, weightMask } = this.#layout;
        let rows = 0;
        let ones = 0;
        for (let index = start; index < end; index++) {
            const entry = list[index] as number;
            const weight = ((entry >>> 1) & weightMask) + 1;
            rows += weight;
            ones += weight * ((entry >>> classShift) & 1);
        }
        return { start, end, rows, pure: ones === 0 || ones === rows, center: ones, error: 0, source };
    }

    enter(): void {}

    search(list: Uint32Array, node: NodeFacts, column: number, best: BestSplit, gapOf: GapOf): void {
        searchTwoClasses(list, node, column, this.#layout, node.center, best, gapOf);
    }

    gainOf({ leftSum, leftRows }: BestSplit, { rows }: NodeFacts): number {
        return (2 * (leftSum / rows) ** 2) / (leftRows * (rows - leftRows));
    }

    impurityOf(_list: Uint32Array, { rows, center: ones }: NodeFacts): number {
        return (2 * ones * (rows - ones)) / rows;
    }

    meetsThreshold(gain: number, threshold: number): boolean {
        return threshold === 0 || gain > threshold;
    }

    importanceOf(gain: number, { rows }: NodeFacts): number {
        return gain * rows;
    }

    addLeaf(builder: TreeBuilder, _list: Uint32Array, { rows, center: ones }: NodeFacts): void {
        builder.addLeaf(0, rows);
        if (ones < rows) {
            builder.addShare(0, this.#round((rows - ones) / rows));
        }
        if (ones > 0) {
            builder.addShare(1, this.#round(ones / rows));
        }
    }
}

/** Below this, the integers that make up the gain are exact as doubles: the fourth power is less than 2^53. */
const EXACT_ROWS = 9000;

class Gini implements Criterion {
    readonly #counts: ClassCounts;

    readonly #labels: Uint16Array;
    readonly #classCount: number;
    readonly #layout: Layout;
    readonly #round: Rounding;

    constructor(labels: Uint16Array, classCount: number, layout: Layout, round: Rounding) {
        this.#labels = labels;
        this.#classCount = classCount;
        this.#layout = layout;
        this.#round = round;

        this.#counts = { left: new Float64Array(classCount), all: new Float64Array(classCount), squares: 0 };
    }

    describe(list: Uint32Array, start: number, end: number, source: number): NodeFacts {
        const { weightMask } = this.#layout;
        const first = this.#labelOf(list[start] as number);
        let rows = 0;
        let pure = true;
        for (let index = start; index < end; index++) {
            const entry = list[index] as number;
            rows += ((entry >>> 1) & weightMask) + 1;
            pure &&= this.#labelOf(entry) === first;
        }
        return { start, end, rows, pure, center: 0, error: 0, source };
    }

    enter(list: Uint32Array, { start, end }: NodeFacts): void {
        this.#count(list, start, end);
        let squares = 0;
        for (const count of this.#counts.all) {
            squares += count * count;
        }
        this.#counts.squares = squares;
    }

    search(list: Uint32Array, node: NodeFacts, column: number, best: BestSplit, gapOf: GapOf): void {
        searchClasses(list, node, column, this.#layout, this.#counts, this.#labels, best, gapOf);
    }

    gainOf({ leftSum, rightSum, leftRows }: BestSplit, { rows }: NodeFacts): number {
        const { squares } = this.#counts;
        const rightRows = rows - leftRows;
        if (rows < EXACT_ROWS) {
            const gained = rows * (leftSum * rightRows + rightSum * leftRows) - squares * leftRows * rightRows;
            return gained / (rows * rows * leftRows * rightRows);
        }
        const [n, l, r] = [BigInt(rows), BigInt(leftRows), BigInt(rightRows)];
        const gained = n * (BigInt(leftSum) * r + BigInt(rightSum) * l) - BigInt(squares) * l * r;
        return Number(gained) / Number(n * n * l * r);
    }

    impurityOf(list: Uint32Array, { start, end, rows }: NodeFacts): number {
        this.#count(list, start, end);
        return rows - this.#counts.all.reduce((sum, count) => sum + count * count, 0) / rows;
    }

    meetsThreshold(gain: number, threshold: number): boolean {
        return threshold === 0 || gain > threshold;
    }

    importanceOf(gain: number, { rows }: NodeFacts): number {
        return gain * rows;
    }

    addLeaf(builder: TreeBuilder, list: Uint32Array, { start, end, rows }: NodeFacts): void {
        this.#count(list, start, end);
        builder.addLeaf(0, rows);
        for (let label = 0; label < this.#classCount; label++) {
            const count = this.#counts.all[label] as number;
            if (count > 0) {
                builder.addShare(label, this.#round(count / rows));
            }
        }
    }

    #count(list: Uint32Array, start: number, end: number): void {
        const { all } = this.#counts;
        const { weightMask } = this.#layout;
        all.fill(0);
        for (let index = start; index < end; index++) {
            const entry = list[index] as number;
            const label = this.#labelOf(entry);
            all[label] = (all[label] as number) + ((entry >>> 1) & weightMask) + 1;
        }
    }

    #labelOf(entry: number): number {
        const { rowShift, classShift, classMask } = this.#layout;
        return classMask === 0 ? (this.#labels[entry >>> rowShift] as number) : (entry >>> classShift) & classMask;
    }
}

class SquaredError implements Criterion {
    readonly #numbers: Float64Array;
    readonly #layout: Layout;
    readonly #round: Rounding;

    constructor(numbers: Float64Array, layout: Layout, round: Rounding) {
        this.#numbers = numbers;
        this.#layout = layout;
        this.#round = round;
    }

    describe(list: Uint32Array, start: number, end: number, source: number): NodeFacts {
        const numbers = this.#numbers;
        const { rowShift, weightMask } = this.#layout;
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
    }

    enter(): void {}

    search(list: Uint32Array, node: NodeFacts, column: number, best: BestSplit, gapOf: GapOf): void {
        searchNumbers(list, node, column, this.#layout, this.#numbers, node.center, best, gapOf);
    }

    gainOf(_best: BestSplit, _node: NodeFacts, left: NodeFacts, right: NodeFacts): number {
        return left.error + right.error;
    }

    impurityOf(_list: Uint32Array, { error }: NodeFacts): number {
        return error;
    }

    meetsThreshold(gain: number, threshold: number): boolean {
        return threshold === 0 || gain > threshold;
    }

    importanceOf(gain: number, { error }: NodeFacts): number {
        return Math.max(0, error - gain);
    }

    addLeaf(builder: TreeBuilder, _list: Uint32Array, { rows, center }: NodeFacts): void {
        builder.addLeaf(this.#round(center), rows);
    }
}
