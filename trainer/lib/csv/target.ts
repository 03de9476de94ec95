import { lengthOf, type NumberList, rawOf, toDoubles, valueAt } from "../columns/number-list";
import { DataError } from "../errors";
import type { Task } from "../model";
import type { Column } from "./columns";

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

/** A number. */
export interface NumberTarget {
    task: "regression";
    name: string;
    /** The number in each row, in shared memory. */
    y: Float64Array;
    why: string;
}

/** Integers are treated as classes up to this number of distinct values ... */
const MAX_NUMERIC_CLASSES = 10;

/** ... if each occurs in at least this many rows on average. */
const MIN_ROWS_PER_NUMERIC_CLASS = 5;

/**
 * A target with more distinct values than this, or than half the number of rows, contains names or free text, not
 * classes.
 */
const MAX_CLASSES = 1000;

/**
 * Creates the target from its column.
 * @throws {DataError} for a target that cannot be learned
 */
export function makeTarget(column: Column, source: string, wanted: Task | undefined): Target {
    const { name, values } = column;
    const subject = `${source} column ${JSON.stringify(name)}`;
    const { task, why } = decideTask(column, wanted);
    if (task === "classification") {
        return { task, name, why, ...makeClasses(column, subject) };
    }
    if (column.kind === "text") {
        const first = JSON.stringify(column.categories[valueAt(values, 0)]);
        throw new DataError(`${subject} has text such as ${first}: a regression needs numbers`);
    }
    // Two values make a poor regression, and ml-cart rejects a first split that leaves no error at all.
    if (differentValues(values, 2) !== undefined) {
        throw new DataError(
            `${subject} has fewer than 3 different values: a regression needs more (--task=classification for classes)`,
        );
    }
    return { task, name, why, y: ArrayBuffer.isView(values) ? values : toDoubles(values) };
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

function makeClasses(column: Column, subject: string): { y: Uint16Array; classes: string[] } {
    const { values } = column;
    const rowCount = lengthOf(values);
    const most = Math.min(MAX_CLASSES, rowCount / 2);
    const numbers = column.kind === "number" ? differentValues(values, MAX_CLASSES) : undefined;
    const count = column.kind === "text" ? column.categories.length : (numbers?.length ?? countDifferent(values));
    if (count > most) {
        throw new DataError(`${subject} has ${count} different values in ${rowCount} rows: too many to be classes`);
    }
    const classes = column.kind === "text" ? column.categories : (numbers ?? []).map(String);
    if (classes.length < 2) {
        throw new DataError(
            `${subject} has only one class (${classes.map((label) => JSON.stringify(label))}): at least two are needed`,
        );
    }
    const y = new Uint16Array(new SharedArrayBuffer(rowCount * Uint16Array.BYTES_PER_ELEMENT));
    if (column.kind === "text") {
        y.set(column.values.ints);
    } else {
        const indexOf = new Map(numbers?.map((value, index) => [value, index]));
        for (let row = 0; row < rowCount; row++) {
            y[row] = indexOf.get(valueAt(values, row)) as number;
        }
    }
    return { y, classes };
}

/** The distinct numbers in ascending order; undefined if there are more than `most`. */
function differentValues(values: NumberList, most: number): number[] | undefined {
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
    const sorted = rawOf(values).slice().sort();
    let count = 0;
    for (let index = 0; index < sorted.length; index++) {
        count += index === 0 || sorted[index] !== sorted[index - 1] ? 1 : 0;
    }
    return count;
}
