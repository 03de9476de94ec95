import { metricsForOutput } from "../../run/training-run-provider";

describe("metricsForOutput", () => {
    it("keeps numbers, strings and short lists", () => {
        const metrics = {
            schema: 1,
            target: "y",
            r2: null,
            classes: [{ label: "a", f1: 0.5 }],
            hyperparameters: { maxDepth: 3 },
        };
        expect(metricsForOutput(metrics)).toEqual(metrics);
    });

    it("omits values that would bloat the stack's state", () => {
        const row = Array.from({ length: 100 }, () => 0);
        const metrics = { accuracy: 0.9, confusionMatrix: row.map(() => row), trials: row };
        expect(metricsForOutput(metrics)).toEqual({ accuracy: 0.9, trials: row });
    });
});
