import { countLeaves } from "../../lib/tree/flat-tree";
import { growTree } from "../../lib/tree/grow";
import { count } from "../tables";
import { grow, predict, rootOf } from "./growing";
import { gini } from "./naive";
import { makeTable, UNLIMITED } from "./tables";

describe("growTree", () => {
    it("obeys maxDepth, minNumSamples and gainThreshold", () => {
        const plain = { columns: [count(64)], y: count(64).map((value) => value % 7) };
        const table = makeTable(plain, 7);
        expect(grow(table, { ...UNLIMITED, maxDepth: 2 })).toMatchObject({ depth: 2 });
        expect(countLeaves(grow(table, { ...UNLIMITED, maxDepth: 2 }))).toBe(3);
        expect(countLeaves(grow(table, { ...UNLIMITED, minNumSamples: 64 }))).toBe(1);
        expect(countLeaves(grow(table, { ...UNLIMITED, minNumSamples: 63 }))).toBe(2);
        expect(countLeaves(grow(table, { ...UNLIMITED, gainThreshold: 1 }))).toBe(1);
        expect(countLeaves(grow(table))).toBe(64);
    });

    it("makes a split without gain if the next split separates everything", () => {
        const table = makeTable(
            {
                columns: [
                    [0, 0, 1, 1],
                    [0, 1, 0, 1],
                ],
                y: [0, 1, 1, 0],
            },
            2,
        );
        const tree = grow(table);
        expect([...tree.gains]).toEqual([0, 0.5, 0, 0, 0.5, 0, 0]);
        expect(countLeaves(tree)).toBe(4);
        expect(countLeaves(grow(table, { ...UNLIMITED, gainThreshold: 1e-9 }))).toBe(1);
    });

    it("splits numbers until all are equal or the error is small enough", () => {
        const table = makeTable({ columns: [count(8)], y: [1, 1, 2, 2, 9, 9, 9, 8] }, 0);
        expect(countLeaves(grow(table))).toBe(4);
        expect(countLeaves(grow(table, { ...UNLIMITED, gainThreshold: 1.75 }))).toBe(1);
        expect(countLeaves(grow(table, { ...UNLIMITED, gainThreshold: 1.7 }))).toBe(2);
    });

    it("creates a leaf for rows with equal values in every column", () => {
        const columns = [
            [1, 1, 1],
            [Number.NaN, Number.NaN, Number.NaN],
            [0, -0, 0],
        ];
        expect(rootOf(grow(makeTable({ columns, y: [0, 1, 1] }, 2)))).toEqual({
            numberSamples: 3,
            distribution: [[1 / 3, 2 / 3]],
        });
        expect(rootOf(grow(makeTable({ columns, y: [3, 4, 8] }, 0)))).toEqual({ numberSamples: 3, distribution: 5 });
    });

    it("sends missing values to the right, and splits them off if that is best", () => {
        const nan = Number.NaN;
        const tree = grow(makeTable({ columns: [[nan, 1, nan, 2, 3]], y: [1, 0, 1, 0, 0] }, 2));
        expect(rootOf(tree)).toMatchObject({ splitValue: Number.MAX_VALUE, left: { numberSamples: 3 } });
    });

    it("finds a threshold for adjacent values with no number between them", () => {
        const next = 1 + Number.EPSILON;
        expect(rootOf(grow(makeTable({ columns: [[1, next]], y: [0, 1] }, 2))).splitValue).toBe(next);
        expect(rootOf(grow(makeTable({ columns: [[0, Number.MIN_VALUE]], y: [0, 1] }, 2))).splitValue).toBe(
            Number.MIN_VALUE,
        );
        const [low, high] = [1e308, 1.5e308];
        expect(rootOf(grow(makeTable({ columns: [[low, high]], y: [0, 1] }, 2))).splitValue).toBe(1.25e308);
    });

    it("distinguishes 1000 classes, and accepts a single one", () => {
        const plain = { columns: [count(2000).map((row) => row >> 1)], y: count(2000).map((row) => row >> 1) };
        // All splits have the same gain, so the lowest threshold is chosen each time.
        const tree = grow(makeTable(plain, 1000), { ...UNLIMITED, maxDepth: 999 });
        expect(countLeaves(tree)).toBe(1000);
        expect(plain.y.map((_, row) => predict(tree, plain.columns, row))).toEqual(plain.y);
        expect(rootOf(grow(makeTable({ columns: [[1, 2]], y: [0, 0] }, 1)))).toEqual({
            numberSamples: 2,
            distribution: [[1]],
        });
    });

    it("finds a very small gain in many rows", () => {
        const rows = 40_000;
        const y = count(rows).map((row) => (row === 7 ? 2 : row % 2));
        const tree = grow(makeTable({ columns: [count(rows).map((row) => (row === 7 ? 1 : 0))], y }, 3), {
            ...UNLIMITED,
            maxDepth: 1,
        });
        const [left, right] = [y.keys()].flatMap((keys) => {
            const all = [...keys];
            return [all.filter((row) => row !== 7), [7]];
        }) as [number[], number[]];
        const expected = gini([...y.keys()], y) - (gini(left, y) * left.length + gini(right, y)) / rows;
        expect(tree.gains[0]).toBeCloseTo(expected, 12);
        expect(tree.gains[0]).toBeGreaterThan(0);
    });

    it("stays exact for numbers far from zero", () => {
        const y = count(100).map((row) => 1e9 + (row < 50 ? 0 : 1e-4) + (row % 2) * 1e-6);
        const tree = grow(makeTable({ columns: [count(100).map((row) => row % 2), count(100)], y }, 0), {
            ...UNLIMITED,
            maxDepth: 1,
        });
        expect(tree.columns[0]).toBe(1);
        expect(tree.values[0]).toBe(49.5);
    });

    it("reports the share of the impurity that each feature removes", () => {
        // The first split, on column 1, removes an impurity of 0.375 * 8. Of its two sides with 4 rows each, only the
        // right one is split.
        const columns = [
            [0, 0, 0, 0, 0, 0, 1, 1],
            [0, 0, 0, 0, 1, 1, 1, 1],
        ];
        const table = makeTable({ columns: [...columns, count(8).map(() => 5)], y: [0, 0, 0, 0, 1, 1, 2, 2] }, 3);
        // The Gini impurity is 1 - (16 + 4 + 4) / 64 = 0.625 at the root and 0.25 after column 1. The right side goes
        // from 0.5 to 0.
        expect([...grow(table).importances]).toEqual([
            expect.closeTo((0.5 * 4) / (0.375 * 8 + 0.5 * 4), 12),
            expect.closeTo((0.375 * 8) / (0.375 * 8 + 0.5 * 4), 12),
            0,
        ]);
        // For numbers, the squared error is 5.5 in total, 1 after column 1, and 0 after column 0.
        const numbers = makeTable({ columns, y: [0, 0, 0, 0, 1, 1, 2, 2] }, 0);
        expect([...grow(numbers).importances]).toEqual([expect.closeTo(1 / 5.5, 12), expect.closeTo(4.5 / 5.5, 12)]);
        expect([...grow(table, { ...UNLIMITED, maxDepth: 0 }).importances]).toEqual([0, 0, 0]);
    });

    it("requires at least one row", () => {
        const table = makeTable({ columns: [[1, 2]], y: [0, 1] }, 2);
        const request = { growth: UNLIMITED, weights: new Uint8Array(2), weighted: false };
        expect(() =>
            growTree(table, { ...request, weights: Uint8Array.of(1, 2), weighted: true, inPlace: true }),
        ).toThrow(new RangeError("A tree grown in place needs rows that count once; got `weighted`"));
        expect(() => growTree(table, request)).toThrow(new RangeError("A tree needs at least one row; got none"));
    });
});
