import { type Feature, type Model, ModelError, parseModel, type TextFeature } from "../../lib/model";
import { textFeature } from "./models";
import { predictRow } from "./predict";

const MODEL: Model = {
    format: "gcp-trainer-model",
    version: 2,
    algorithm: "tree",
    task: "classification",
    target: "kind",
    classes: ["cat", "dog"],
    features: [{ name: "weight", kind: "number", missing: false }, textFeature("sound", ["bark", "meow"])],
    reading: { missing: [], onBadCell: "stop" },
    rows: 10,
    hyperparameters: {},
    library: { name: "ml-cart", version: "2.1.1" },
    trees: [
        {
            name: "DTClassifier",
            options: {},
            root: {
                splitColumn: 1,
                splitValue: 0.5,
                left: { distribution: [[0, 1]] },
                right: {
                    splitColumn: 0,
                    splitValue: 6,
                    left: { distribution: [[1]] },
                    right: { distribution: [[0.75, 0.25]] },
                },
            },
        },
    ],
};

/** Returns the model as JSON after applying a change. */
function changed(change: (model: Record<string, never> & { [key: string]: unknown }) => void): string {
    const copy = structuredClone(MODEL) as unknown as Parameters<typeof change>[0];
    change(copy);
    return JSON.stringify(copy);
}

describe("parseModel", () => {
    it("reads the trainer's output", () => {
        expect(parseModel(JSON.stringify(MODEL))).toEqual(MODEL);
    });

    it.each([
        ["nothing", "", "The model is not JSON: "],
        ["a list", "[]", "The model's `model` must be an object; got []"],
        ["an unrelated file", "{}", 'The model\'s `format` must be "gcp-trainer-model"; got nothing'],
        ["a later version", changed((model) => Object.assign(model, { version: 3 })), "`version` must be 1 or 2"],
        ["an unknown task", changed((model) => Object.assign(model, { task: "rank" })), "`task` must be"],
        [
            "no features",
            changed((model) => Object.assign(model, { features: [] })),
            "`features` must be a list that is not empty",
        ],
        [
            "a feature of unknown kind",
            changed((model) => Object.assign(model, { features: [{ name: "a", kind: "bool" }] })),
            '`features[0].kind` must be "number", "date" or "text"; got "bool"',
        ],
        ["no classes", changed((model) => Object.assign(model, { classes: undefined })), "`classes` must be a list"],
        [
            "a tree for the other task",
            changed((model) => Object.assign(model, { task: "regression" })),
            '`trees[0].name` must be "DTRegression"; got "DTClassifier"',
        ],
        [
            "a split on a column that does not exist",
            JSON.stringify(MODEL).replace('"splitColumn":0', '"splitColumn":2'),
            "`trees[0].root.right.splitColumn` must be an integer from 0 to 1; got 2",
        ],
        [
            "a node with one child",
            JSON.stringify(MODEL).replace('"left":{"distribution":[[1]]},', ""),
            "`trees[0].root.right.left` must be an object; got nothing",
        ],
        [
            "a leaf with too many classes",
            JSON.stringify(MODEL).replace("[[1]]", "[[1,0,0]]"),
            "`trees[0].root.right.left.distribution[0]` must be 1 to 2 numbers; got [1,0,0]",
        ],
        [
            "a share that is not a number",
            JSON.stringify(MODEL).replace("[[1]]", '[["1"]]'),
            '`trees[0].root.right.left.distribution[0]` must be numbers, 0 or more; got ["1"]',
        ],
        ["an endless tree", deepModel(), "levels deep"],
        [
            "several trees where one is expected",
            changed((model) => Object.assign(model, { trees: [...MODEL.trees, ...MODEL.trees] })),
            "`trees` must be one tree; got 2",
        ],
        [
            "categories in the wrong order",
            JSON.stringify(MODEL).replace('["bark","meow"]', '["meow","bark"]'),
            '`features[1].categories` must be distinct strings, sorted by code unit; got ["meow","bark"]',
        ],
        [
            "a duplicate class",
            changed((model) => Object.assign(model, { classes: ["cat", "cat"] })),
            "`classes` must be distinct strings",
        ],
        [
            "a duplicate column",
            JSON.stringify(MODEL).replace('"name":"sound"', '"name":"weight"'),
            "`features` must be columns with distinct names",
        ],
        [
            "a feature that does not specify whether values may be missing",
            JSON.stringify(MODEL).replace(',"missing":false', ""),
            "`features[0].missing` must be true or false; got nothing",
        ],
    ])("rejects %s", (_, json, message) => {
        expect(() => parseModel(json)).toThrow(ModelError);
        expect(() => parseModel(json)).toThrow(message);
    });
});

function deepModel(): string {
    const leaf = '{"distribution":[[1]]}';
    const node = `{"splitColumn":0,"splitValue":1,"right":${leaf},"left":`;
    return JSON.stringify(MODEL).replace(/"root":.*$/, `"root":${node.repeat(1100)}${leaf}${"}".repeat(1100)}}]}`);
}

describe("predictRow", () => {
    it("accepts a missing number if a training row lacked one, and sends it to the right", () => {
        const model = parseModel(JSON.stringify(MODEL).replace('"missing":false', '"missing":true'));

        for (const weight of ["", "NA", null, Number.NaN]) {
            expect(predictRow(model, { weight, sound: "meow" })).toMatchObject({ probabilities: { cat: 0.75 } });
        }
    });

    it("accepts an empty string if it is a category", () => {
        const model = parseModel(JSON.stringify(MODEL).replace('["bark","meow"]', '["","meow"]'));

        expect(predictRow(model, { weight: 1, sound: "" })).toMatchObject({ label: "dog" });
    });

    it.each([
        [{ weight: "5.5", sound: "meow" }, "cat", { cat: 1, dog: 0 }],
        [{ weight: 7, sound: "meow" }, "cat", { cat: 0.75, dog: 0.25 }],
        [{ weight: 7, sound: " bark ", color: "brown" }, "dog", { cat: 0, dog: 1 }],
    ])("predicts %j as %s", (row, label, probabilities) => {
        expect(predictRow(MODEL, row)).toEqual({ task: "classification", label, probabilities });
    });

    it("returns a number for a regression", () => {
        const { classes: _, ...rest } = MODEL as Extract<Model, { task: "classification" }>;
        const root = { splitColumn: 0, splitValue: 6, left: { distribution: 0 }, right: { distribution: 2.5 } };
        const model: Model = { ...rest, task: "regression", trees: [{ name: "DTRegression", options: {}, root }] };
        expect(predictRow(parseModel(JSON.stringify(model)), { weight: 1, sound: "meow" })).toEqual({
            task: "regression",
            value: 0,
        });
    });

    it.each([
        [{ weight: 1 }, { cat: 1, dog: 0 }],
        [
            { weight: "", sound: "meow" },
            { cat: 0.75, dog: 0.25 },
        ],
        [
            { weight: 1, sound: "moo" },
            { cat: 1, dog: 0 },
        ],
    ])("predicts %j, although training had no such row", (row, probabilities) => {
        expect(predictRow(MODEL, row)).toMatchObject({ probabilities });
    });

    it("sends a missing number to the left where the model says so", () => {
        const model = parseModel(JSON.stringify(MODEL).replace('"splitValue":6', '"splitValue":6,"missingLeft":true'));

        expect(predictRow(model, { weight: "", sound: "meow" })).toMatchObject({ probabilities: { cat: 1 } });
    });

    it("rejects text instead of a number", () => {
        const message = 'Column "weight" must be a number; got "heavy"';
        expect(() => predictRow(MODEL, { weight: "heavy", sound: "meow" })).toThrow(new ModelError(message));
    });

    it("reads models of version 1, whose trees compare the index of a category", () => {
        const { reading: _, ...rest } = MODEL;
        const [weight, { name, kind, categories }] = MODEL.features as [Feature, TextFeature];
        const old = parseModel(JSON.stringify({ ...rest, version: 1, features: [weight, { name, kind, categories }] }));

        for (const row of [
            { weight: 7, sound: "meow" },
            { weight: 7, sound: "bark" },
            { weight: 7, sound: "moo" },
        ]) {
            expect(predictRow(old, row)).toEqual(predictRow(MODEL, row));
        }
    });
});
