import fc from "fast-check";
import { sortColumn } from "../../../trainer/src/cart/sort";
import { count } from "../tables";
import { CELL, makeSortScratch } from "./tables";

function sort(values: readonly number[]): { rows: number[]; ties: number[] } {
    const order = new Uint32Array(values.length);
    sortColumn(Float64Array.from(values), order, makeSortScratch(values.length));
    return { rows: Array.from(order, (word) => word >>> 1), ties: Array.from(order, (word) => word & 1) };
}

/** The same by the language's own sort, which is stable. */
function sortPlainly(values: readonly number[]): { rows: number[]; ties: number[] } {
    const capped = values.map((value) => (value < Number.MAX_VALUE ? value + 0 : Number.MAX_VALUE));
    const rows = [...values.keys()].sort((a, b) => (capped[a] as number) - (capped[b] as number));
    const isTie = (row: number, place: number) => place > 0 && capped[row] === capped[rows[place - 1] as number];
    return { rows, ties: rows.map((row, place) => Number(isTie(row, place))) };
}

describe("sortColumn", () => {
    it("sorts as the language does, equal values by row, what is missing last", () => {
        fc.assert(
            fc.property(fc.array(CELL, { maxLength: 300 }), (values) => {
                expect(sort(values)).toEqual(sortPlainly(values));
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
    ])("sorts long runs of numbers whose upper halves agree, %s", (_, offset) => {
        const values = count(5000).map((row) => offset + ((row * 7919) % 3001));
        expect(sort(values)).toEqual(sortPlainly(values));
    });

    it("sorts long runs that are in order already, and those that are all equal", () => {
        const values = [...count(200).map((row) => 2 ** 40 + row), ...count(200).map(() => 0.1)];
        expect(sort(values)).toEqual(sortPlainly(values));
    });

    it("takes no rows, and one", () => {
        expect(sort([])).toEqual({ rows: [], ties: [] });
        expect(sort([Number.NaN])).toEqual({ rows: [0], ties: [0] });
    });

    it("leaves nothing behind for the next column", () => {
        const scratch = makeSortScratch(5);
        const order = new Uint32Array(4);
        sortColumn(Float64Array.of(4, 3, 2, 1), order, scratch);
        sortColumn(Float64Array.of(1, 1, 0, 0), order, scratch);
        expect([...order]).toEqual([2 << 1, (3 << 1) | 1, 0, (1 << 1) | 1]);
    });
});
