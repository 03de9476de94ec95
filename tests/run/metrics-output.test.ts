import { metricsForOutput } from "../../run/metrics";

const FILE = "models/dev/r-0123456789/metrics.json";

describe("metricsForOutput", () => {
    it("keeps numbers, short strings and booleans", () => {
        const metrics = { schema: 1, target: "y", r2: null, isForest: true };

        expect(metricsForOutput(metrics, FILE)).toEqual(metrics);
    });

    it("omits lists, objects and long strings, and names the file that contains them", () => {
        const metrics = {
            accuracy: 0.9,
            confusionMatrix: [[1]],
            classes: [{ label: "a", f1: 0.5 }],
            hyperparameters: {},
            note: "x".repeat(101),
        };

        expect(metricsForOutput(metrics, FILE)).toEqual({ accuracy: 0.9, allMetrics: FILE });
    });

    it("keeps the first 20 of many numbers", () => {
        const metrics = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`loss${index}`, index]));
        const shown = Object.keys(metricsForOutput(metrics, FILE));

        expect(shown).toHaveLength(21);
        expect(shown.slice(-2)).toEqual(["loss19", "allMetrics"]);
    });
});
