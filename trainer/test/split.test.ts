import fc from "fast-check";
import { allRows } from "../lib/columns/shared-memory";
import { splitFolds, splitRows } from "../src/split";
import { count, repeat } from "./tables";

const labelLists = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 200 });
const fractions = fc.double({ min: 0.05, max: 0.5, noNaN: true });
const seeds = fc.integer({ min: 0, max: 4294967295 });

describe("splitRows", () => {
    it("assigns every row to one side, in ascending order", () => {
        fc.assert(
            fc.property(labelLists, fractions, seeds, (labels, fraction, seed) => {
                const { train, test } = splitRows(allRows(labels.length), labels, fraction, seed);
                expect([...train, ...test].sort((a, b) => a - b)).toEqual(count(labels.length));
                expect(train).toEqual(Uint32Array.from(train).sort());
                expect(test).toEqual(Uint32Array.from(test).sort());
            }),
        );
    });

    it("holds back the same share of each class: at least one row, but never all of them", () => {
        fc.assert(
            fc.property(labelLists, fractions, seeds, (labels, fraction, seed) => {
                const { test } = splitRows(allRows(labels.length), labels, fraction, seed);
                for (const label of new Set(labels)) {
                    const rows = labels.filter((other) => other === label).length;
                    const held = test.filter((row) => labels[row] === label).length;
                    const share = Math.min(Math.max(Math.round(rows * fraction), 1), rows - 1);
                    expect(held).toBe(rows === 1 ? 0 : share);
                }
            }),
        );
    });

    it("returns the same rows for the same seed, and different rows for another seed", () => {
        const labels = repeat([0, 1, 2], 150);
        expect(splitRows(allRows(150), labels, 0.2, 7)).toEqual(splitRows(allRows(150), labels, 0.2, 7));
        expect(splitRows(allRows(150), labels, 0.2, 7)).not.toEqual(splitRows(allRows(150), labels, 0.2, 8));
    });

    it("selects all rows with about the same probability", () => {
        const counts = new Array<number>(10).fill(0);
        for (let seed = 0; seed < 2000; seed++) {
            for (const row of splitRows(allRows(10), undefined, 0.2, seed).test) {
                counts[row] = (counts[row] ?? 0) + 1;
            }
        }
        // The expected count is 400, with a standard deviation of 18.
        expect(Math.min(...counts)).toBeGreaterThan(310);
        expect(Math.max(...counts)).toBeLessThan(490);
    });

    it("is the same on every machine and with every version of Node.js", () => {
        expect(splitRows(allRows(20), undefined, 0.2, 42).test).toEqual(Uint32Array.of(0, 4, 13, 19));
    });
});

describe("splitFolds", () => {
    const rowLists = fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 2, maxLength: 100 });
    const foldCounts = fc.integer({ min: 2, max: 20 });
    const labelOf = (row: number) => row % 3;
    const labels = Array.from({ length: 301 }, (_, row) => labelOf(row));

    it("tests every row once, and trains on all the others", () => {
        fc.assert(
            fc.property(rowLists, foldCounts, seeds, (list, folds, seed) => {
                const rows = Uint32Array.from(list).sort();
                const splits = splitFolds(rows, labels, folds, seed);
                expect(splits).toHaveLength(folds);
                expect(Uint32Array.from(splits.flatMap(({ test }) => [...test])).sort()).toEqual(rows);
                for (const { train, test } of splits) {
                    expect(Uint32Array.from([...train, ...test]).sort()).toEqual(rows);
                    expect(train).toEqual(Uint32Array.from(train).sort());
                }
            }),
        );
    });

    it("creates folds whose sizes differ by at most one row, overall and by class", () => {
        fc.assert(
            fc.property(rowLists, foldCounts, seeds, (list, folds, seed) => {
                const splits = splitFolds(Uint32Array.from(list).sort(), labels, folds, seed);
                for (const counted of [
                    () => true,
                    ...[0, 1, 2].map((label) => (row: number) => labelOf(row) === label),
                ]) {
                    const sizes = splits.map(({ test }) => test.filter(counted).length);
                    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
                }
            }),
        );
    });

    it("depends only on the seed", () => {
        const rows = Uint32Array.from(count(100));
        expect(splitFolds(rows, undefined, 5, 1)).toEqual(splitFolds(rows, undefined, 5, 1));
        expect(splitFolds(rows, undefined, 5, 1)).not.toEqual(splitFolds(rows, undefined, 5, 2));
    });
});
