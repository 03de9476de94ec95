import fc from "fast-check";
import { splitRows } from "../../trainer/src/split";
import { count, repeat } from "./tables";

const labelLists = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 200 });
const fractions = fc.double({ min: 0.05, max: 0.5, noNaN: true });
const seeds = fc.integer({ min: 0, max: 4294967295 });

describe("splitRows", () => {
    it("puts every row on one side, in ascending order", () => {
        fc.assert(
            fc.property(labelLists, fractions, seeds, (labels, fraction, seed) => {
                const { train, test } = splitRows(labels.length, labels, fraction, seed);
                expect([...train, ...test].sort((a, b) => a - b)).toEqual(count(labels.length));
                expect(train).toEqual([...train].sort((a, b) => a - b));
                expect(test).toEqual([...test].sort((a, b) => a - b));
            }),
        );
    });

    it("holds back the same share of each class, at least one row and never the last", () => {
        fc.assert(
            fc.property(labelLists, fractions, seeds, (labels, fraction, seed) => {
                const { test } = splitRows(labels.length, labels, fraction, seed);
                for (const label of new Set(labels)) {
                    const rows = labels.filter((other) => other === label).length;
                    const held = test.filter((row) => labels[row] === label).length;
                    const share = Math.min(Math.max(Math.round(rows * fraction), 1), rows - 1);
                    expect(held).toBe(rows === 1 ? 0 : share);
                }
            }),
        );
    });

    it("gives the same rows for the same seed, and others for another", () => {
        const labels = repeat([0, 1, 2], 150);
        expect(splitRows(150, labels, 0.2, 7)).toEqual(splitRows(150, labels, 0.2, 7));
        expect(splitRows(150, labels, 0.2, 7)).not.toEqual(splitRows(150, labels, 0.2, 8));
    });

    it("gives each row about the same chance", () => {
        const counts = new Array<number>(10).fill(0);
        for (let seed = 0; seed < 2000; seed++) {
            for (const row of splitRows(10, undefined, 0.2, seed).test) {
                counts[row] = (counts[row] ?? 0) + 1;
            }
        }
        // 400 are expected, with a standard deviation of 18.
        expect(Math.min(...counts)).toBeGreaterThan(310);
        expect(Math.max(...counts)).toBeLessThan(490);
    });

    it("is the same on every machine and with every version of Node.js", () => {
        expect(splitRows(20, undefined, 0.2, 42).test).toEqual([0, 4, 13, 19]);
    });
});
