import fc from "fast-check";
import { compileModel, type Model, parseModel, type TreeNode } from "../../lib/model";
import { leaf, modelOf, numberFeatures, split } from "./models";
import { type Prediction, predictEncoded } from "./predict";

const FEATURES = 3;

/** Predictions of the compiled model for some rows, in the format of `predictEncoded`. */
function predictCompiled(model: Model, rows: number[][]): Prediction[] {
    const predictor = compileModel(model);
    const values = new Float64Array(rows.length * predictor.width);
    const labels = new Int32Array(rows.length);
    predictor.predict(Float64Array.from(rows.flat()), rows.length, values, labels);
    return rows.map((_, row) => {
        const own = [...values.subarray(row * predictor.width, (row + 1) * predictor.width)];
        return model.task === "regression"
            ? { task: model.task, value: own[0] as number }
            : {
                  task: model.task,
                  label: model.classes[labels[row] as number] as string,
                  probabilities: Object.fromEntries(model.classes.map((label, place) => [label, own[place] as number])),
              };
    });
}

/** Values that are often below, equal to or above thresholds. NaN represents a missing value. */
const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(Number.NaN), fc.double({ noNaN: true }));

function tree(leaves: fc.Arbitrary<TreeNode>): fc.Arbitrary<TreeNode> {
    return fc.letrec<{ node: TreeNode }>((tie) => ({
        node: fc.oneof(
            { maxDepth: 5, withCrossShrink: true },
            leaves,
            fc
                .tuple(fc.nat(FEATURES - 1), fc.integer({ min: -3, max: 3 }), tie("node"), tie("node"))
                .map(([column, threshold, left, right]) => split(column, threshold, left, right)),
        ),
    })).node;
}

const share = fc.constantFrom(0, 0.25, 1 / 3, 0.5, 1);
const shares = fc.array(share, { minLength: 1, maxLength: 4 }).map(leaf);
const rows = fc.array(fc.array(value, { minLength: FEATURES, maxLength: FEATURES }), { minLength: 1, maxLength: 20 });

describe("a compiled model", () => {
    it("predicts the same classes as predictEncoded, bit for bit", () => {
        fc.assert(
            fc.property(fc.array(tree(shares), { minLength: 1, maxLength: 8 }), rows, (roots, table) => {
                const model = modelOf(numberFeatures(FEATURES), ["p", "q", "r", "s"], roots);

                expect(predictCompiled(model, table)).toEqual(table.map((row) => predictEncoded(model, row)));
            }),
        );
    });

    it("predicts the same numbers as predictEncoded, bit for bit", () => {
        const numbers = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map(leaf);
        fc.assert(
            fc.property(fc.array(tree(numbers), { minLength: 1, maxLength: 8 }), rows, (roots, table) => {
                const model = modelOf(numberFeatures(FEATURES), undefined, roots);

                expect(predictCompiled(model, table)).toEqual(table.map((row) => predictEncoded(model, row)));
            }),
        );
    });

    it("predicts the same as predictEncoded for more rows than one batch", () => {
        const model = modelOf(numberFeatures(1), ["p", "q"], [split(0, 0, leaf([1]), leaf([0.5, 0.5]))]);
        const table = Array.from({ length: 1300 }, (_, row) => [row % 3 === 0 ? -1 : 1]);

        expect(predictCompiled(model, table)).toEqual(table.map((row) => predictEncoded(model, row)));
    });
});

describe("a forest", () => {
    const forest = modelOf(
        numberFeatures(1),
        ["p", "q", "r"],
        [
            split(0, 5, leaf([0, 1]), leaf([0, 0, 1])),
            split(0, 7, leaf([0, 0, 1]), leaf([1])),
            split(0, 9, leaf([0, 0.5, 0.5]), leaf([0.5, 0.25, 0.25])),
        ],
    );

    it.each([
        ["the first of several classes with the same sum", 4, "q", { p: 0, q: 0.5, r: 0.5 }],
        ["the class with the largest sum", 6, "r", { p: 0, q: 1 / 6, r: 2.5 / 3 }],
        [
            "the branch of the largest numbers for a missing value",
            Number.NaN,
            "p",
            { p: 0.5, q: 0.25 / 3, r: 1.25 / 3 },
        ],
    ])("chooses %s", (_, number, label, probabilities) => {
        expect(predictEncoded(forest, [number])).toEqual({ task: "classification", label, probabilities });
        expect(predictCompiled(forest, [[number]])).toEqual([{ task: "classification", label, probabilities }]);
    });

    it("predicts the mean of its trees' numbers", () => {
        const model = modelOf(numberFeatures(1), undefined, [leaf(1), leaf(2), leaf(6)]);

        expect(predictEncoded(model, [0])).toEqual({ task: "regression", value: 3 });
    });

    it("can be parsed and compiled with thousands of leaves", () => {
        const deep = (from: number, to: number): TreeNode => {
            const middle = (from + to) / 2;
            return to - from <= 1 ? leaf(from) : split(0, middle, deep(from, middle), deep(middle, to));
        };
        const model = parseModel(JSON.stringify(modelOf(numberFeatures(1), undefined, [deep(0, 8192), deep(0, 8192)])));

        expect(predictCompiled(model, [[0], [4095.5], [8191]]).map((it) => "value" in it && it.value)).toEqual([
            0, 4095, 8191,
        ]);
    });
});
