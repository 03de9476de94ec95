import { scoreClasses, scoreNumbers } from "../src/evaluate";

describe("scoreClasses", () => {
    it("matches a manual calculation", () => {
        // Actual classes: a 3 rows, b 2 rows, c 1 row.
        const metrics = scoreClasses([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2], ["a", "b", "c"]);
        expect(metrics.confusionMatrix).toEqual([
            [2, 1, 0],
            [0, 1, 1],
            [0, 0, 1],
        ]);
        expect(metrics.accuracy).toBeCloseTo(4 / 6, 12);
        expect(metrics.baselineAccuracy).toBe(0.5);
        expect(metrics.classes).toEqual([
            { label: "a", precision: 1, recall: expect.closeTo(2 / 3, 12), f1: expect.closeTo(0.8, 12), support: 3 },
            { label: "b", precision: 0.5, recall: 0.5, f1: 0.5, support: 2 },
            { label: "c", precision: 0.5, recall: 1, f1: expect.closeTo(2 / 3, 12), support: 1 },
        ]);
        expect(metrics.macroPrecision).toBeCloseTo(2 / 3, 12);
        expect(metrics.macroRecall).toBeCloseTo((2 / 3 + 0.5 + 1) / 3, 12);
        expect(metrics.macroF1).toBeCloseTo((0.8 + 0.5 + 2 / 3) / 3, 12);
    });

    it("returns 0 for a zero denominator", () => {
        const { classes } = scoreClasses([0, 0], [0, 0], ["a", "never seen"]);
        expect(classes[1]).toEqual({ label: "never seen", precision: 0, recall: 0, f1: 0, support: 0 });
    });
});

describe("scoreNumbers", () => {
    it("matches a manual calculation", () => {
        // Errors: -1, 0, 1, 2. Mean: 2.5. Variation: 5.
        const metrics = scoreNumbers([1, 2, 3, 4], [2, 2, 2, 2]);
        expect(metrics.mae).toBe(1);
        expect(metrics.rmse).toBeCloseTo(Math.sqrt(6 / 4), 12);
        expect(metrics.r2).toBeCloseTo(1 - 6 / 5, 12);
    });

    it("is 1 for a perfect prediction and 0 for the mean", () => {
        expect(scoreNumbers([1, 2, 3], [1, 2, 3])).toEqual({ mae: 0, rmse: 0, r2: 1 });
        expect(scoreNumbers([1, 2, 3], [2, 2, 2]).r2).toBe(0);
    });

    it("omits R2 if the actual values do not vary", () => {
        expect(scoreNumbers([2, 2], [1, 3])).toEqual({ mae: 1, rmse: 1, r2: null });
    });
});
