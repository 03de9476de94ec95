import fc from "fast-check";
import {
    anyJson,
    anyJsonText,
    anyText,
    DEEP_JSON,
    expectNothingEvaluated,
    FUZZ,
    variantsOf,
} from "../../../tests/helpers/fuzz";
import { compileModel, type Feature, type Model, ModelError, parseModel } from "../../lib/model";
import { leaf, modelOf, numberFeatures, split, textFeature } from "./models";
import { predictRow } from "./predict";

const FEATURES: Feature[] = [...numberFeatures(2), textFeature("__proto__", ["constructor", "toString"])];
const CLASSIFICATION = modelOf(
    FEATURES,
    ["__proto__", "b"],
    [split(2, 0.5, leaf([1]), split(0, 3, leaf([0, 1]), leaf([0.5, 0.5])))],
);
const REGRESSION = modelOf(FEATURES, undefined, [split(1, 2, leaf(1), leaf(2)), leaf(3)]);
const MODELS: fc.Arbitrary<string> = fc.oneof(variantsOf(CLASSIFICATION), variantsOf(REGRESSION));

/** Returns the model, or the sentence that rejects it. Any other error fails the test. */
function parseOrExplain(json: string): Model | string {
    try {
        return parseModel(json);
    } catch (error) {
        if (error instanceof ModelError) {
            expect(error.message).not.toMatch(/^ {4}at /m);
            expect(error.message).toMatch(/^The model(?:'s `.*` must be .*; got| is not JSON: )/s);
            return error.message;
        }
        throw error;
    }
}

/** Predicts a row. An accepted model may reject the row, but must not fail in any other way. */
function predictOrExplain(model: Model, row: Record<string, string>): void {
    try {
        const prediction = predictRow(model, row);
        expect(prediction.task).toBe(model.task);
        expect(prediction.task === "regression" ? typeof prediction.value : typeof prediction.label).toMatch(
            /number|string/,
        );
    } catch (error) {
        expect(error).toBeInstanceOf(ModelError);
    }
}

describe("a model file", () => {
    it("is rejected in one sentence if it contains anything but a model", () => {
        fc.assert(
            fc.property(anyJsonText, (text) => {
                expect(typeof parseOrExplain(text)).toBe("string");
            }),
            FUZZ,
        );
    });

    it("either predicts or is rejected in one sentence after a change to any value", () => {
        const row = fc.oneof(
            fc.constant({ a: "1", b: "2", ["__proto__"]: "toString" }),
            fc.dictionary(fc.oneof(fc.constantFrom("a", "b"), anyText), anyText, { noNullPrototype: true }),
        );
        fc.assert(
            fc.property(MODELS, row, (json, cells) => {
                const model = parseOrExplain(json);
                if (typeof model === "object") {
                    predictOrExplain(model, cells);
                    compileModel(model);
                }
            }),
            FUZZ,
        );
        expectNothingEvaluated();
    });

    it.each(["version", "task", "features", "classes", "hyperparameters", "library", "trees"])(
        "is rejected if `%s` is nested 20,000 levels deep",
        (key) => {
            for (const deep of DEEP_JSON) {
                const json = JSON.stringify({ ...CLASSIFICATION, [key]: "DEEP" }).replace('"DEEP"', deep);
                const result = parseOrExplain(json);
                // The hyperparameters and the library are never read.
                const isUnread = ["hyperparameters", "library"].includes(key) && deep.startsWith("{");
                expect(typeof result).toBe(isUnread ? "object" : "string");
            }
        },
    );

    it("is rejected if its tree is 20,000 levels deep", () => {
        const root = `${'{"splitColumn":0,"splitValue":1,"right":{"distribution":[[1]]},"left":'.repeat(20_000)}{}${"}".repeat(20_000)}`;
        const json = JSON.stringify({ ...CLASSIFICATION, trees: [{ name: "DTClassifier", root: "DEEP" }] });

        expect(parseOrExplain(json.replace('"DEEP"', root))).toContain("must be at most 1000 levels deep");
    });

    it("keeps names such as __proto__ as classes", () => {
        const prediction = predictRow(parseModel(JSON.stringify(CLASSIFICATION)), {
            a: 1,
            b: 1,
            ["__proto__"]: "constructor",
        });

        expect(Object.entries(prediction.task === "classification" ? prediction.probabilities : {})).toEqual([
            ["__proto__", 1],
            ["b", 0],
        ]);
    });

    it("accepts any extra entries", () => {
        fc.assert(
            fc.property(anyJson, (extra) => {
                expect(typeof parseOrExplain(JSON.stringify({ ...CLASSIFICATION, extra }))).toBe("object");
            }),
            FUZZ,
        );
    });
});
