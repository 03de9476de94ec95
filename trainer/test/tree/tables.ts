import fc from "fast-check";
import { type SortScratch, sortColumn } from "../../lib/tree/sort";
import type { FitTable, FitTarget, GrowthOptions } from "../../lib/tree/types";
import type { PlainTable } from "./naive";

/** Limits under which a tree is split as far as possible. */
export const UNLIMITED: GrowthOptions = { maxDepth: 64, minNumSamples: 1, gainThreshold: 0 };

export function shareNumbers(values: ArrayLike<number>): Float64Array {
    const shared = new Float64Array(new SharedArrayBuffer(8 * values.length));
    shared.set(values);
    return shared;
}

export function shareLabels(values: ArrayLike<number>): Uint16Array {
    const shared = new Uint16Array(new SharedArrayBuffer(2 * values.length));
    shared.set(values);
    return shared;
}

export function makeSortScratch(rows: number): SortScratch {
    return { keys: [new Uint32Array(rows), new Uint32Array(rows)], rows: new Uint32Array(rows) };
}

/** @param classCount 0 if `y` contains numbers */
export function makeTable({ columns, y }: PlainTable, classCount: number): FitTable {
    const target: FitTarget =
        classCount > 0
            ? { task: "classification", y: shareLabels(y), classes: new Array<string>(classCount).fill("") }
            : { task: "regression", y: shareNumbers(y) };
    const shared = columns.map(shareNumbers);
    const orders = shared.map((column) => {
        const order = new Uint32Array(column.length);
        sortColumn(column, order, makeSortScratch(column.length));
        return order;
    });
    return { columns: shared, target, orders };
}

/** Values that could break a comparison, a sort key or a mean of two numbers, mixed with many equal values. */
export const CELL = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -3, max: 3 }) },
    { weight: 2, arbitrary: fc.double({ noDefaultInfinity: true }) },
    {
        weight: 2,
        arbitrary: fc.constantFrom(
            Number.NaN,
            -0,
            0,
            Number.MIN_VALUE,
            -Number.MIN_VALUE,
            Number.MAX_VALUE,
            -Number.MAX_VALUE,
            Number.MAX_VALUE * (1 - Number.EPSILON / 2),
            1 + Number.EPSILON,
            1,
            1 - Number.EPSILON / 2,
            2 ** 40 + 1,
            2 ** 40,
        ),
    },
);

/** Tables with few rows and integer targets. */
export function plainTables(options: { labels: number; maxRows?: number }): fc.Arbitrary<PlainTable> {
    return fc
        .tuple(fc.integer({ min: 1, max: options.maxRows ?? 40 }), fc.integer({ min: 1, max: 4 }))
        .chain(([rows, columns]) => {
            const ofLength = { minLength: rows, maxLength: rows };
            return fc.record({
                columns: fc.array(fc.array(CELL, ofLength), { minLength: columns, maxLength: columns }),
                y: fc.array(fc.integer({ min: 0, max: options.labels - 1 }), ofLength),
            });
        });
}
