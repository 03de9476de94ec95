import fc from "fast-check";
import { chooseLayout, divideLists, fillList, type Layout, makeSample } from "../../lib/tree/entries";
import { makeTable } from "./tables";

interface Entry {
    row: number;
    label: number;
    weight: number;
    tie: number;
}

function read(list: Uint32Array, { rowShift, classShift, classMask, weightMask }: Layout): Entry[] {
    return Array.from(list, (entry) => ({
        row: entry >>> rowShift,
        label: (entry >>> classShift) & classMask,
        weight: ((entry >>> 1) & weightMask) + 1,
        tie: entry & 1,
    }));
}

function makeList(column: number[], labels: number[], weights: number[], layout: Layout): Uint32Array {
    const table = makeTable({ columns: [column], y: labels }, 8);
    const sample = makeSample(Uint8Array.from(weights), labels, layout);
    const list = new Uint32Array(sample.entries);
    fillList(list, table.orders[0] as Uint32Array, sample, layout);
    return list;
}

describe("chooseLayout", () => {
    it("allocates bits to row, class, weight and tie as needed", () => {
        expect(chooseLayout(1_000_000, 2, true)).toEqual({ rowShift: 5, classShift: 4, classMask: 1, weightMask: 7 });
        expect(chooseLayout(1_000_000, 1000, false)).toEqual({
            rowShift: 11,
            classShift: 1,
            classMask: 1023,
            weightMask: 0,
        });
    });

    it("assigns the remaining bits to the weight", () => {
        expect(chooseLayout(1 << 20, 1000, true)).toMatchObject({ classMask: 1023, weightMask: 1 });
        expect(chooseLayout(1 << 21, 1000, true)).toMatchObject({ classMask: 1023, weightMask: 0 });
    });

    it("omits the class if it does not fit", () => {
        expect(chooseLayout(2 ** 22 + 1, 1000, false)).toEqual({
            rowShift: 1,
            classShift: 1,
            classMask: 0,
            weightMask: 0,
        });
    });

    it("does not need a class for a regression", () => {
        expect(chooseLayout(2 ** 31, 0, true)).toEqual({ rowShift: 1, classShift: 1, classMask: 0, weightMask: 0 });
    });
});

describe("fillList", () => {
    it("adds the rows whose weight is not 0 in order, and never marks the first of equal rows as a tie", () => {
        const layout = chooseLayout(5, 8, false);
        const list = makeList([2, 1, 2, 1, 2], [0, 1, 2, 3, 4], [0, 0, 1, 1, 1], layout);
        expect(read(list, layout)).toEqual([
            { row: 3, label: 3, weight: 1, tie: 0 },
            { row: 2, label: 2, weight: 1, tie: 0 },
            { row: 4, label: 4, weight: 1, tie: 1 },
        ]);
    });

    it("creates several tied entries for a row with a large weight", () => {
        const layout = chooseLayout(2, 8, true);
        const list = makeList([1, 0], [5, 6], [20, 3], layout);
        expect(read(list, layout)).toEqual([
            { row: 1, label: 6, weight: 3, tie: 0 },
            { row: 0, label: 5, weight: 8, tie: 0 },
            { row: 0, label: 5, weight: 8, tie: 1 },
            { row: 0, label: 5, weight: 4, tie: 1 },
        ]);
    });
});

describe("divideLists", () => {
    it("keeps the order and the ties of both sides", () => {
        const row = fc.record({ value: fc.integer({ min: 0, max: 5 }), weight: fc.nat(12), left: fc.boolean() });
        fc.assert(
            fc.property(fc.array(row, { minLength: 1, maxLength: 150 }), (rows) => {
                const column = rows.map(({ value }) => value);
                const labels = rows.map((_, index) => index % 8);
                const weightsOf = (side: boolean[]) =>
                    rows.map(({ weight, left }) => (side.includes(left) ? weight : 0));
                const layout = chooseLayout(rows.length, 8, true);
                const [all, left, right] = [[true, false], [true], [false]].map((side) =>
                    makeList(column, labels, weightsOf(side), layout),
                ) as [Uint32Array, Uint32Array, Uint32Array];
                const marks = new Uint32Array(8);
                const stretch = { start: 0, end: all.length, index: left.length };

                divideLists([all], left, stretch, layout.rowShift, { marks, scratch: new Uint32Array(all.length) });

                expect([...all]).toEqual([...left, ...right]);
                expect(marks.every((word) => word === 0)).toBe(true);
            }),
        );
    });

    it("changes nothing outside its range", () => {
        const layout = chooseLayout(4, 8, false);
        const list = makeList([1, 2, 3, 4], [0, 0, 0, 0], [1, 1, 1, 1], layout);
        const before = [...list];
        const by = Uint32Array.of(0, list[2] as number);
        const memory = { marks: new Uint32Array(1), scratch: new Uint32Array(4) };
        divideLists([list], by, { start: 1, end: 3, index: 2 }, layout.rowShift, memory);
        expect([...list]).toEqual([before[0], before[2], before[1], before[3]]);
    });
});
