/// <reference path="../../trainer/src/ml-cart.d.ts" />
import { join } from "node:path";
import fc from "fast-check";
import { parseArguments } from "../../trainer/src/arguments";
import { UsageError } from "../../trainer/src/errors";
import { type ClassificationModel, predictEncoded, type RegressionModel } from "../../trainer/src/model-format";
import { estimateFitSeconds, fitTree, measureTree, treeOptions } from "../../trainer/src/tree";
import { count } from "./tables";

// The trainer's own copy: this package is no dependency of the project around it.
const cart: typeof import("ml-cart") = require(join(__dirname, "../../trainer/node_modules/ml-cart"));

const DEFAULTS = parseArguments(["--target=y"]);
const CLASSES = treeOptions(DEFAULTS, "classification");
const NUMBERS = treeOptions(DEFAULTS, "regression");

const base: Omit<RegressionModel, "task" | "trees"> = {
    format: "gcp-trainer-model",
    version: 1,
    algorithm: "tree",
    target: "y",
    features: [],
    rows: 0,
    hyperparameters: {},
    library: { name: "ml-cart", version: "2.1.1" },
};

function rowsOf(columns: number) {
    const cell = fc.integer({ min: -20, max: 20 });
    return fc.array(
        fc.tuple(fc.array(cell, { minLength: columns, maxLength: columns }), fc.integer({ min: 0, max: 3 })),
        {
            minLength: 4,
            maxLength: 60,
        },
    );
}

describe("treeOptions", () => {
    it("are ml-cart's defaults, with a depth that JSON can hold", () => {
        const common = { splitFunction: "mean", minNumSamples: 3, maxDepth: 64 };
        expect(CLASSES).toEqual({ ...common, gainFunction: "gini", gainThreshold: 0.01 });
        expect(NUMBERS).toEqual({ ...common, gainFunction: "regression", gainThreshold: 0 });
    });

    it("refuse a gain function of the other task", () => {
        const parse = () => treeOptions(parseArguments(["--target=y", "--gainFunction=gini"]), "regression");
        expect(parse).toThrow(new UsageError(['`gainFunction` must be "regression" for a regression; got "gini"']));
    });
});

describe("fitTree", () => {
    it("gives JSON that ml-cart loads, and that predicts classes as ml-cart does", () => {
        fc.assert(
            fc.property(rowsOf(2), (rows) => {
                const x = rows.map(([features]) => features);
                const y = rows.map(([, label]) => label);
                const tree = fitTree({ task: "classification", options: CLASSES, x, y });
                const model: ClassificationModel = {
                    ...base,
                    task: "classification",
                    classes: ["0", "1", "2", "3"],
                    trees: [tree],
                };
                const predicted = x.map((features) => predictEncoded(model, features));
                const expected = cart.DecisionTreeClassifier.load(tree).predict(x);
                expect(predicted.map((it) => it.task === "classification" && Number(it.label))).toEqual(expected);
            }),
        );
    });

    it("gives JSON that ml-cart loads, and that predicts numbers as ml-cart does", () => {
        fc.assert(
            fc.property(rowsOf(2), (rows) => {
                const x = rows.map(([features]) => features);
                const y = rows.map(([[first = 0, second = 0], noise]) => first * 3 + second + noise);
                const tree = fitTree({ task: "regression", options: NUMBERS, x, y });
                const model: RegressionModel = { ...base, task: "regression", trees: [tree] };
                const predicted = x.map((features) => predictEncoded(model, features));
                const expected = cart.DecisionTreeRegression.load(tree).predict(x);
                expect(predicted.map((it) => it.task === "regression" && it.value)).toEqual(expected);
            }),
        );
    });

    it("makes the split that leaves no error, which ml-cart by itself turns down", () => {
        const x = count(30).map((value) => [value]);
        const y = count(30).map((value) => Math.floor(value / 10));
        const tree = fitTree({ task: "regression", options: NUMBERS, x, y });
        const model: RegressionModel = { ...base, task: "regression", trees: [tree] };
        expect(x.map((features) => predictEncoded(model, features))).toEqual(
            y.map((value) => ({ task: "regression", value })),
        );
    });

    it("obeys maxDepth and minNumSamples", () => {
        const x = count(64).map((value) => [value]);
        const y = count(64).map((value) => value % 7);
        const grow = (options: object) =>
            measureTree(fitTree({ task: "classification", options: { ...CLASSES, ...options }, x, y }).root);
        expect(grow({ maxDepth: 2 }).depth).toBeLessThanOrEqual(2);
        expect(grow({ minNumSamples: 64 })).toEqual({ depth: 0, leaves: 1 });
        expect(grow({ minNumSamples: 1 }).leaves).toBeGreaterThan(grow({ minNumSamples: 20 }).leaves);
    });

    it("grows the same tree from the same rows", () => {
        const x = count(40).map((value) => [value % 6, value % 5]);
        const y = count(40).map((value) => value % 3);
        const request = { task: "classification" as const, options: CLASSES, x, y };
        expect(fitTree(request)).toEqual(fitTree(request));
    });
});

describe("estimateFitSeconds", () => {
    it("grows with the square of the rows", () => {
        expect(estimateFitSeconds(10_000, 4)).toBeCloseTo(14, 6);
        expect(estimateFitSeconds(100_000, 4)).toBeCloseTo(1400, 6);
    });
});
