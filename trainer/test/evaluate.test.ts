import { scoreClasses, scoreNumbers, scoreProbabilities } from "../src/evaluate";

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

    it("returns 0 if a denominator is 0", () => {
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

    it("returns an R2 of 1 for perfect predictions and of 0 for the mean", () => {
        expect(scoreNumbers([1, 2, 3], [1, 2, 3])).toEqual({ mae: 0, rmse: 0, r2: 1 });
        expect(scoreNumbers([1, 2, 3], [2, 2, 2]).r2).toBe(0);
    });

    it("omits R2 if the actual values do not vary", () => {
        expect(scoreNumbers([2, 2], [1, 3])).toEqual({ mae: 1, rmse: 1, r2: null });
    });
});

describe("scoreProbabilities", () => {
    it("matches scikit-learn for two classes, with ties", () => {
        // log_loss, brier_score_loss, roc_auc_score and average_precision_score from scikit-learn 1.9.
        const actual = [0, 1, 1, 0, 1, 0];
        const ofOne = [0.1, 0.4, 0.8, 0.4, 0.9, 0.6];
        const values = Float64Array.from(ofOne.flatMap((share) => [1 - share, share]));
        const { ofClasses, ...metrics } = scoreProbabilities(actual, values, 2);
        expect(metrics).toEqual({
            logLoss: expect.closeTo(0.46287861169069383, 12),
            brierScore: expect.closeTo(0.15666666666666668, 12),
            rocAuc: expect.closeTo(0.8333333333333334, 12),
            averagePrecision: expect.closeTo((0.8055555555555556 + 0.8666666666666667) / 2, 12),
        });
        expect(ofClasses).toEqual([
            {
                rocAuc: expect.closeTo(0.8333333333333334, 12),
                averagePrecision: expect.closeTo(0.8055555555555556, 12),
            },
            {
                rocAuc: expect.closeTo(0.8333333333333334, 12),
                averagePrecision: expect.closeTo(0.8666666666666667, 12),
            },
        ]);
    });

    it("sums over more than two classes, and ignores classes that cannot be ranked", () => {
        const values = Float64Array.of(1, 0, 0, 0.5, 0.5, 0, 0, 1, 0);
        const metrics = scoreProbabilities([0, 1, 1], values, 3);
        expect(metrics).toEqual({
            logLoss: expect.closeTo(Math.LN2 / 3, 12),
            brierScore: expect.closeTo(0.5 / 3, 12),
            rocAuc: 1,
            averagePrecision: 1,
            ofClasses: [
                { rocAuc: 1, averagePrecision: 1 },
                { rocAuc: 1, averagePrecision: 1 },
                { rocAuc: null, averagePrecision: null },
            ],
        });
    });

    it("limits the loss for a class that was predicted to be impossible", () => {
        expect(scoreProbabilities([1], Float64Array.of(1, 0), 2)).toMatchObject({
            logLoss: expect.closeTo(-Math.log(1e-15), 9),
            rocAuc: null,
            averagePrecision: null,
        });
    });
});
