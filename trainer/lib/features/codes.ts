import type { ScaledInts } from "../columns/number-list";
import { sharedInts } from "../columns/shared-memory";
import type { TextColumn } from "../csv/columns";
import type { Target } from "../csv/target";
import { makeRandom } from "../random";

/** A string in fewer rows than this is treated as other. */
const MIN_ROWS = 3;

/** Rows that the mean over all rows counts for in the mean of a category. */
const SMOOTHING = 10;

/** With up to this many categories, or this many rows for each, a row hardly changes the code of its category. */
const FEW_CATEGORIES = 10;
const MANY_ROWS = 50;

/** Parts of the rows whose codes come from the other parts. */
const FOLDS = 5;

/** For more than two classes, a text column has a list of codes for each of the most frequent ones. */
const MAX_LISTS = 6;

/** Codes are whole numbers: shares in millionths, or the position between the lowest and the highest mean. */
const STEPS = { classification: 1e6, regression: 1e8 };
const MAX_CODE = 2e9;

/** The seed of the parts, which need not change with the split. */
const SEED = 0x7ea1;

/** The codes of a text column, learned from some rows. */
export interface Codes {
    categories: string[];
    codes: number[][];
    other: number[];
    /** For each list, the codes of all rows. */
    columns: ScaledInts[];
    /** For each string of the column's dictionary, its index in `categories`, or -1. */
    indices: Int32Array;
}

/**
 * Learns codes that grow with the share of a class, or with the mean of the target, among the rows of a category:
 * smoothed target statistics (Micci-Barreca, A preprocessing scheme for high-cardinality categorical attributes, 2001).
 * With many categories, the rows that are learned from get codes that come from other rows, so that the trees do not
 * mistake a row's own target for the effect of its category. All other rows get the codes of the model.
 */
export function learnCodes(column: TextColumn, target: Target, rows: Uint32Array): Codes {
    const { dictionary, values } = column;
    const counts = new Uint32Array(dictionary.size);
    for (const row of rows) {
        const entry = values.ints[row] as number;
        counts[entry] = (counts[entry] as number) + 1;
    }
    const kept = [...counts.keys()].filter((entry) => (counts[entry] as number) >= MIN_ROWS);
    const named = kept.map((entry) => ({ entry, text: dictionary.text(entry) }));
    named.sort(({ text: a }, { text: b }) => (a < b ? -1 : 1));
    const indices = new Int32Array(dictionary.size).fill(-1);
    for (const [index, { entry }] of named.entries()) {
        indices[entry] = index;
    }
    // All other strings are one more category.
    const groups = named.length + 1;
    const groupOf = (row: number) => {
        const index = indices[values.ints[row] as number] as number;
        return index < 0 ? named.length : index;
    };
    const isShared = named.length > FEW_CATEGORIES && rows.length < named.length * MANY_ROWS;
    const folds = isShared ? dealFolds(rows.length) : undefined;
    const lists = listTargets(target, rows).map((measure) => {
        const sums = new Sums(groups, folds === undefined ? 0 : FOLDS);
        for (let index = 0; index < rows.length; index++) {
            const row = rows[index] as number;
            sums.add(groupOf(row), folds?.[index] ?? 0, measure(row));
        }
        return encode(sums, target.task, values, rows, groupOf, folds);
    });
    return {
        categories: named.map(({ text }) => text),
        codes: lists.map(({ codes }) => codes.slice(0, -1)),
        other: lists.map(({ codes }) => codes.at(-1) as number),
        columns: lists.map(({ column: it }) => it),
        indices,
    };
}

function dealFolds(count: number): Uint8Array {
    const random = makeRandom(SEED, 0);
    return Uint8Array.from({ length: count }, () => random.below(FOLDS));
}

/** The numbers whose means are encoded: the target, or for each of the most frequent classes, whether a row has it. */
function listTargets(target: Target, rows: Uint32Array): ((row: number) => number)[] {
    if (target.task === "regression") {
        return [(row) => target.y[row] as number];
    }
    const counts = target.classes.map((_, index) => ({ index, count: 0 }));
    for (const row of rows) {
        (counts[target.y[row] as number] as { count: number }).count++;
    }
    const classes =
        target.classes.length === 2 ? [1] : counts.sort((a, b) => b.count - a.count).map(({ index }) => index);
    return classes.slice(0, MAX_LISTS).map((label) => (row) => (target.y[row] === label ? 1 : 0));
}

/** Counts and sums of each group, in total and for each fold. */
class Sums {
    readonly counts: Float64Array;
    readonly sums: Float64Array;
    readonly groups: number;

    constructor(groups: number, folds: number) {
        this.groups = groups;
        // The last column is for all groups together, the first line for all folds.
        this.counts = new Float64Array((groups + 1) * (folds + 1));
        this.sums = new Float64Array((groups + 1) * (folds + 1));
    }

    add(group: number, fold: number, value: number): void {
        const lines = this.counts.length > this.groups + 1 ? [0, fold + 1] : [0];
        for (const line of lines) {
            for (const column of [group, this.groups]) {
                const at = line * (this.groups + 1) + column;
                this.counts[at] = (this.counts[at] as number) + 1;
                this.sums[at] = (this.sums[at] as number) + value;
            }
        }
    }

    /** The smoothed mean of a group, without the rows of a fold. */
    meanOf(group: number, fold = -1): number {
        const all = this.#without(this.groups, fold);
        const { count, sum } = this.#without(group, fold);
        const prior = all.count === 0 ? 0 : all.sum / all.count;
        return (sum + SMOOTHING * prior) / (count + SMOOTHING);
    }

    #without(column: number, fold: number): { count: number; sum: number } {
        const at = (fold + 1) * (this.groups + 1) + column;
        const [count, sum] = [this.counts[column] as number, this.sums[column] as number];
        return fold < 0
            ? { count, sum }
            : { count: count - (this.counts[at] as number), sum: sum - (this.sums[at] as number) };
    }
}

/** The codes of all groups, and of all rows. */
function encode(
    sums: Sums,
    task: Target["task"],
    { ints }: ScaledInts,
    rows: Uint32Array,
    groupOf: (row: number) => number,
    folds: Uint8Array | undefined,
): { codes: number[]; column: ScaledInts } {
    const means = Array.from({ length: sums.groups }, (_, group) => sums.meanOf(group));
    const low = task === "classification" ? 0 : minOf(means);
    const range = task === "classification" ? 1 : maxOf(means) - low;
    const toCode = (mean: number) => {
        const code = range === 0 ? 0 : Math.round(((mean - low) / range) * STEPS[task]);
        return Math.min(Math.max(code, -MAX_CODE), MAX_CODE);
    };
    const codes = folds === undefined ? makeDistinct(means.map(toCode)) : means.map(toCode);
    const column = sharedInts(ints.length);
    for (let row = 0; row < ints.length; row++) {
        column[row] = codes[groupOf(row)] as number;
    }
    if (folds !== undefined) {
        const ofFolds = Array.from({ length: FOLDS }, (_, fold) =>
            Int32Array.from({ length: sums.groups }, (_, group) => toCode(sums.meanOf(group, fold))),
        );
        for (let index = 0; index < rows.length; index++) {
            const row = rows[index] as number;
            column[row] = ofFolds[folds[index] as number]?.[groupOf(row)] as number;
        }
    }
    return { codes, column: { ints: column, scale: 1 } };
}

/** Raises codes that equal others, so that categories with the same mean can still be told apart. */
function makeDistinct(codes: readonly number[]): number[] {
    const distinct = [...codes];
    const order = [...codes.keys()].sort((a, b) => (codes[a] as number) - (codes[b] as number) || a - b);
    for (const [position, index] of order.slice(1).entries()) {
        const before = distinct[order[position] as number] as number;
        distinct[index] = Math.max(distinct[index] as number, before + 1);
    }
    return distinct;
}

function minOf(values: readonly number[]): number {
    return values.reduce((least, value) => Math.min(least, value), Infinity);
}

function maxOf(values: readonly number[]): number {
    return values.reduce((most, value) => Math.max(most, value), -Infinity);
}
