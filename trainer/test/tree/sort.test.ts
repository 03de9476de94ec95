import fc from "fast-check";
import { lengthOf, MISSING_INT, type NumberList, toDoubles } from "../../lib/columns/number-list";
import { sortColumn } from "../../lib/tree/sort";
import { count } from "../tables";
import { CELL, makeSortScratch } from "./tables";

function sort(values: readonly number[] | NumberList): { rows: number[]; ties: number[] } {
    const list = Array.isArray(values) ? Float64Array.from(values) : (values as NumberList);
    const order = new Uint32Array(lengthOf(list));
    sortColumn(list, order, makeSortScratch(order.length));
    return { rows: Array.from(order, (word) => word >>> 1), ties: Array.from(order, (word) => word & 1) };
}

/** Computes the same order with JavaScript's own sort, which is stable. */
function sortPlainly(values: readonly number[]): { rows: number[]; ties: number[] } {
    const capped = values.map((value) => (value < Number.MAX_VALUE ? value + 0 : Number.MAX_VALUE));
    const rows = [...values.keys()].sort((a, b) => (capped[a] as number) - (capped[b] as number));
    const isTie = (row: number, place: number) => place > 0 && capped[row] === capped[rows[place - 1] as number];
    return { rows, ties: rows.map((row, place) => Number(isTie(row, place))) };
}

describe("sortColumn", () => {
    it("sorts like JavaScript, with equal values in row order and missing values last", () => {
        fc.assert(
            fc.property(fc.array(CELL, { maxLength: 300 }), (values) => {
                expect(sort(values)).toEqual(sortPlainly(values));
            }),
        );
    });

    it("sorts scaled integers like their doubles", () => {
        const int = fc.oneof(
            fc.integer({ min: -5, max: 5 }),
            fc.integer({ min: -MISSING_INT, max: MISSING_INT }),
            fc.constantFrom(MISSING_INT, MISSING_INT - 1, -MISSING_INT),
        );
        fc.assert(
            fc.property(fc.array(int, { maxLength: 300 }), fc.constantFrom(1, 100, 1e22), (values, scale) => {
                const list = { ints: Int32Array.from(values), scale };
                expect(sort(list)).toEqual(sort(toDoubles(list)));
            }),
        );
    });

    it("sorts any doubles", () => {
        fc.assert(
            fc.property(
                fc.array(fc.double({ noDefaultInfinity: true }), { minLength: 100, maxLength: 2000 }),
                (values) => {
                    expect(sort(values)).toEqual(sortPlainly(values));
                },
            ),
            { numRuns: 30 },
        );
    });

    it.each([
        ["above zero", 1_700_000_000_000],
        ["below zero", -1_700_000_000_000],
    ])("sorts long runs of numbers with equal upper halves, %s", (_, offset) => {
        const values = count(5000).map((row) => offset + ((row * 7919) % 3001));
        expect(sort(values)).toEqual(sortPlainly(values));
    });

    it("sorts long runs that are in order or all equal", () => {
        const values = [...count(200).map((row) => 2 ** 40 + row), ...count(200).map(() => 0.1)];
        expect(sort(values)).toEqual(sortPlainly(values));
    });

    it("accepts an empty list and a single row", () => {
        expect(sort([])).toEqual({ rows: [], ties: [] });
        expect(sort([Number.NaN])).toEqual({ rows: [0], ties: [0] });
    });

    it("is not affected by the previous column", () => {
        const scratch = makeSortScratch(5);
        const order = new Uint32Array(4);
        sortColumn(Float64Array.of(4, 3, 2, 1), order, scratch);
        sortColumn(Float64Array.of(1, 1, 0, 0), order, scratch);
        expect([...order]).toEqual([2 << 1, (3 << 1) | 1, 0, (1 << 1) | 1]);
    });
});
