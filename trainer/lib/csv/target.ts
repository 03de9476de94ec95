import { lengthOf, type NumberList, rawOf, toDoubles, valueAt } from "../columns/number-list";
import { shared } from "../columns/shared-memory";
import { DataError } from "../errors";
import { parseNumber, type Task } from "../model";
import type { Column, TextColumn } from "./columns";

export type Target = ClassTarget | NumberTarget;

/** One of several classes. */
export interface ClassTarget {
    task: "classification";
    name: string;
    /** For each row, the index of its class in `classes`, in shared memory. */
    y: Uint16Array;
    classes: string[];
    /** Reason for choosing this task. */
    why: string;
}

export interface NumberTarget {
    task: "regression";
    name: string;
    /** The number in each row, in shared memory. */
    y: Float64Array;
    why: string;
}

/** Integers are classes only if there are at most this many distinct ones. */
const MAX_NUMERIC_CLASSES = 10;

/** Integers are classes only if each occurs in at least this many rows on average. */
const MIN_ROWS_PER_NUMERIC_CLASS = 5;

/** Names of columns that count or rate something, and whose whole numbers are therefore not classes. */
const COUNT_NAMES =
    /^(n|num|number|no|count|counts|qty|quantity|amount|times|visits|affairs|rating|ratings|score|stars|points)$|^(n|num|number|no)[ _.-]|[ _.-](count|counts|visits|rating|score)$/i;

/** With larger numbers, squares overflow. */
const MAX_NUMBER = 1e150;

/** A target with more distinct values than this, or than half its rows, holds names or free text, not classes. */
const MAX_CLASSES = 1000;

/**
 * Creates the target from its column.
 * @param spellings the labels as they were written, if the column has numbers
 * @throws {DataError} for a target that cannot be learned
 */
export function makeTarget(
    column: Column,
    spellings: TextColumn | undefined,
    source: string,
    wanted: Task | undefined,
): Target {
    const { name, values } = column;
    const subject = `${source} column ${JSON.stringify(name)}`;
    const { task, why } = decideTask(column, wanted);
    if (task === "classification") {
        return { task, name, why, ...makeClasses(column, spellings, subject) };
    }
    if (column.kind === "text") {
        const first = JSON.stringify(column.dictionary.text(valueAt(values, 0)));
        throw new DataError(`${subject} has text such as ${first}: a regression needs numbers`);
    }
    // Two values are too few for a regression, and ml-cart rejects a first split that leaves no error at all.
    if (differentValues(values, 2) !== undefined) {
        throw new DataError(
            `${subject} has fewer than 3 different values: a regression needs more (--task=classification for classes)`,
        );
    }
    const y = ArrayBuffer.isView(values) ? values : toDoubles(values);
    const large = y.find((value) => Math.abs(value) > MAX_NUMBER);
    if (large !== undefined) {
        throw new DataError(`${subject} must have numbers below ${MAX_NUMBER}; got ${large}: use a larger unit`);
    }
    return { task, name, why, y };
}

/**
 * A text target means classification. A numeric target means regression, unless its numbers look like classes:
 * integers, at most 10 distinct ones, each occurring in 5 rows or more on average. The hyperparameter `task` overrides
 * this.
 */
export function decideTask(column: Column, wanted: Task | undefined): { task: Task; why: string } {
    if (wanted !== undefined) {
        return { task: wanted, why: `--task=${wanted}` };
    }
    if (column.kind === "text") {
        return { task: "classification", why: "the target is text" };
    }
    if (COUNT_NAMES.test(column.name) && (differentValues(column.values, 2)?.length ?? 3) > 2) {
        return {
            task: "regression",
            why: "the target counts or rates something; --task=classification overrides this",
        };
    }
    const different = differentValues(column.values, MAX_NUMERIC_CLASSES);
    const likeClasses =
        different !== undefined &&
        different.length * MIN_ROWS_PER_NUMERIC_CLASS <= lengthOf(column.values) &&
        different.every(Number.isInteger);
    return likeClasses
        ? {
              task: "classification",
              why: `the target has ${different.length} different whole numbers; --task=regression overrides this`,
          }
        : { task: "regression", why: "the target is numeric; --task=classification overrides this" };
}

function makeClasses(
    column: Column,
    spellings: TextColumn | undefined,
    subject: string,
): { y: Uint16Array; classes: string[] } {
    const labels = column.kind === "text" ? column : spellings;
    const rowCount = lengthOf(column.values);
    const most = Math.min(MAX_CLASSES, rowCount / 2);
    const used = labels === undefined ? [] : findUsed(labels);
    const count = labels === undefined ? countDifferent(column.values) : used.length;
    if (labels === undefined || count > most) {
        throw new DataError(
            `${subject} has ${count.toLocaleString("en-US")} different values in ${rowCount.toLocaleString("en-US")} rows: too many to be classes`,
        );
    }
    const named = used.map((entry) => ({ entry, label: labels.dictionary.text(entry) }));
    const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
    named.sort(({ label: a }, { label: b }) => (labels === column ? 0 : toNumber(a) - toNumber(b)) || byText(a, b));
    const classes = named.map(({ label }) => label);
    if (classes.length < 2) {
        throw new DataError(
            `${subject} has only one class (${classes.map((label) => JSON.stringify(label))}): at least two are needed`,
        );
    }
    const indices = new Uint16Array(labels.dictionary.size);
    for (const [index, { entry }] of named.entries()) {
        indices[entry] = index;
    }
    const y = shared(Uint16Array, rowCount);
    for (let row = 0; row < rowCount; row++) {
        y[row] = indices[labels.values.ints[row] as number] as number;
    }
    return { y, classes };
}

export function countClasses({ classes, y }: ClassTarget): { label: string; count: number }[] {
    const counts = classes.map((label) => ({ label, count: 0 }));
    for (const index of y) {
        (counts[index] as { count: number }).count++;
    }
    return counts;
}

function toNumber(label: string): number {
    return parseNumber(label, true) ?? Number.MAX_VALUE;
}

/** Returns the numbers of the strings that occur in some row. */
function findUsed({ dictionary, values }: TextColumn): number[] {
    const used = new Uint8Array(dictionary.size);
    for (const entry of values.ints) {
        used[entry] = 1;
    }
    return [...used.keys()].filter((entry) => used[entry] === 1);
}

/** The distinct numbers in ascending order; undefined if there are more than `most`. */
export function differentValues(values: NumberList, most: number): number[] | undefined {
    const rowCount = lengthOf(values);
    const different = new Set<number>();
    // Classes are mostly small integers, and looking them up in a set for every row is slow.
    const seen = new Uint8Array(256);
    for (let row = 0; row < rowCount && different.size <= most; row++) {
        const value = valueAt(values, row);
        const small = value & 255;
        if (small !== value) {
            different.add(value);
        } else if (seen[small] === 0) {
            seen[small] = 1;
            different.add(value);
        }
    }
    return different.size > most ? undefined : [...different].sort((a, b) => a - b);
}

function countDifferent(values: NumberList): number {
    const sorted: ArrayLike<number> = rawOf(values).slice().sort();
    return Array.prototype.filter.call(sorted, (value, index) => index === 0 || value !== sorted[index - 1]).length;
}

/** With more than two classes, a text column has a list of codes for each of the most frequent classes. */
const MAX_LISTS = 6;

export function countCodeLists(classes: number): number {
    return classes > 2 ? Math.min(classes, MAX_LISTS) : 1;
}
