import fc from "fast-check";
import { type Model, ModelError } from "../../lib/model";
import { type Prediction, predictRow, type Row } from "../model/predict";
import { CASES, ODD_NAMES } from "./cases";
import { PRODUCER } from "./data";
import { type Case, describeWithOnnxruntime, type Judgement, judge } from "./onnxruntime";
import { randomCase } from "./random-case";

type Output = (number | string | null)[];

function predictOrRefuse(model: Model, row: Row): Prediction | undefined {
    try {
        return predictRow(model, row);
    } catch (error) {
        if (error instanceof ModelError) {
            return undefined;
        }
        throw error;
    }
}

/** The expected outputs from this project's own prediction: labels (if there are classes) and 64-bit numbers. */
function expectedOf({ model, rows }: Case): { labels: Output; numbers: Output } {
    const predictions = rows.map((row) => predictOrRefuse(model, row));
    return {
        labels: predictions.map((it) => (it?.task === "classification" ? it.label : "")),
        numbers: predictions.flatMap((it): Output => {
            if (model.task === "regression") {
                return [it?.task === "regression" ? it.value : null];
            }
            return model.classes.map((label) =>
                it?.task === "classification" ? (it.probabilities[label] ?? null) : null,
            );
        }),
    };
}

/**
 * Compares 32-bit numbers with this project's predictions. They must be equal after rounding; the mean of several trees
 * may differ by one bit.
 */
function expectNumbers(actual: Output, expected: Output, trees: number): void {
    const wrong = expected.flatMap((value, place) => {
        const other = actual[place];
        if (typeof value !== "number" || typeof other !== "number") {
            return value === other ? [] : [{ place, value, other }];
        }
        const rounded = Math.fround(value);
        const right = trees === 1 ? other === rounded : Math.abs(other - rounded) <= 2 ** -23 * Math.abs(rounded);
        return right ? [] : [{ place, value, other }];
    });
    expect(wrong).toEqual([]);
    expect(actual).toHaveLength(expected.length);
}

function expectEqual(case_: Case, { results, alone }: Judgement): void {
    const { labels, numbers } = expectedOf(case_);
    const { model } = case_;
    const ofNumbers = model.task === "classification" ? 1 : 0;
    if (model.task === "classification") {
        expect(results[0]).toEqual(labels);
        expect(alone[0]).toEqual(labels.slice(0, alone[0]?.length));
    }
    expectNumbers(results[ofNumbers] ?? [], numbers, model.trees.length);
    const first = alone[ofNumbers] ?? [];
    expectNumbers(first, numbers.slice(0, first.length), model.trees.length);
}

describeWithOnnxruntime("model.onnx in onnxruntime", () => {
    const random = Object.fromEntries(
        fc.sample(randomCase, { seed: 42, numRuns: 200 }).map((it, place) => [`random ${place}`, () => it]),
    );
    const makers: Record<string, () => Case | Promise<Case>> = { ...CASES, ...random };
    const cases: Record<string, Case> = {};
    let judgements: Record<string, Judgement>;

    beforeAll(async () => {
        for (const [name, make] of Object.entries(makers)) {
            cases[name] = await make();
        }
        judgements = await judge(cases);
    });

    it.each(Object.keys(makers))("predicts the same as predictRow for every row: %s", (name) => {
        expectEqual(cases[name] as Case, judgements[name] as Judgement);
    });

    it("has one named input per column, and describes its outputs", () => {
        const { inputs, outputs } = judgements["customers, a tree"] as Judgement;

        expect(inputs).toEqual([
            ["city", "tensor(string)", ["rows", 1]],
            ["months", "tensor(double)", ["rows", 1]],
            ["fee", "tensor(double)", ["rows", 1]],
            ["rating (1–5)", "tensor(double)", ["rows", 1]],
            ["plan", "tensor(string)", ["rows", 1]],
        ]);
        expect(outputs).toEqual([
            ["label", "tensor(string)", ["rows"]],
            ["probabilities", "tensor(float)", ["rows", 2]],
        ]);
        expect(judgements["prices, a forest"]?.outputs).toEqual([["value", "tensor(float)", ["rows", 1]]]);
    });

    it("renames an output if a column has the same name", () => {
        const names = (name: string) => judgements[name]?.outputs.map(([output]) => output);

        expect(names("odd names, classes")).toEqual(["label_", "probabilities_"]);
        expect(names("odd names, a number")).toEqual(["value_"]);
        expect(judgements["odd names, a number"]?.inputs.map(([input]) => input)).toEqual(ODD_NAMES);
    });

    it("contains its own description", () => {
        const { producer, doc, metadata, irVersion, operatorSets } = judgements["iris, a forest"] as Judgement;

        expect(producer).toEqual([PRODUCER.name, PRODUCER.version]);
        expect(doc).toBe(
            'Predicts "target", one of 3 classes, from 4 columns: a forest of 100 trees, fitted on 10 rows.',
        );
        expect(metadata).toEqual({
            task: "classification",
            target: "target",
            classes: '["Iris-setosa","Iris-versicolor","Iris-virginica"]',
            algorithm: "forest",
            trees: "100",
            rows: "10",
            hyperparameters: "{}",
        });
        expect({ irVersion, operatorSets }).toEqual({ irVersion: 8, operatorSets: { "": 17, "ai.onnx.ml": 3 } });
    });

    it("is tested on rows with values that are new to the model, and on ties", () => {
        const labels = (name: string) => new Set(judgements[name]?.results[0]);

        expect(labels("new values, a tree")).toEqual(new Set(["leaves", "stays"]));
        expect(labels("ties between two classes")).toEqual(new Set(["no", "yes"]));
        const shares = judgements["ties between two classes"]?.results[1] ?? [];
        expect(shares.filter((share) => share === 0.5).length).toBeGreaterThan(20);
    });
});
