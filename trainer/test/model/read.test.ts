import fc from "fast-check";
import {
    compileModel,
    formatModel,
    type Model,
    ModelError,
    parseModel,
    readModel,
    type TreeNode,
} from "../../lib/model";
import { count } from "../tables";
import { leaf, modelOf, numberFeatures, split } from "./models";

const TREE = split(1, 2.5, split(0, -1e-7, leaf([0.25, 0.75]), { ...leaf([1]), numberSamples: 4 }), leaf([0, 1]));
const FOREST = modelOf(numberFeatures(2), ['"trees":[{', "b\\\\"], [TREE, leaf([1]), TREE]);
const NUMBERS = modelOf(numberFeatures(2), undefined, [
    {
        ...split(1, 2, { ...leaf(1.5), numberSamples: 20_000 }, leaf(-2)),
        missingLeft: true,
        gain: 3,
        numberSamples: 30_000,
    },
]);
const MANY = modelOf(
    numberFeatures(1),
    count(1000).map((label) => `c${label}`),
    [split(0, 1, { distribution: { 3: 0.25, 999: 0.75 } }, { distribution: { 0: 1 } })],
);

async function* inChunks(text: string, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
    const bytes = Buffer.from(text);
    for (let start = 0, index = 0; start < bytes.length; index++) {
        const end = start + (sizes[index % sizes.length] as number);
        yield bytes.subarray(start, end);
        start = end;
    }
}

/** The trees come last, as in the trainer's files. */
function jsonOf({ trees, ...head }: Model): string {
    return JSON.stringify({ ...head, trees });
}

/** A copy of the model in which all trees have been read. */
function expanded(model: Model) {
    return { ...model, trees: [...model.trees] };
}

const MODELS = { FOREST, NUMBERS, MANY };

describe("readModel", () => {
    it.each(Object.entries(MODELS))("reads %s in chunks of any size", async (_, model) => {
        const json = jsonOf(model);
        await fc.assert(
            fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }), async (sizes) => {
                expect(expanded(await readModel(inChunks(json, sizes)))).toEqual(model);
            }),
            { numRuns: 30 },
        );
    });

    it("reads white space anywhere, and properties in any order", async () => {
        const { trees, ...head } = FOREST;
        for (const model of [
            { ...head, trees },
            { trees, ...head },
        ]) {
            expect(expanded(await readModel(inChunks(JSON.stringify(model, undefined, 4), [100])))).toEqual(FOREST);
        }
    });

    it("rejects what parseModel rejects, with the same message", async () => {
        const json = jsonOf(NUMBERS);
        const damaged = [
            "",
            "[]",
            json.slice(0, -1),
            json.slice(0, json.indexOf('"root"') + 9),
            json.replace('"splitColumn":1', '"splitColumn":7'),
            json.replace('"name":"DTRegression"', '"name":"DTClassifier"'),
            json.replace('"distribution":-2', '"distribution":{}'),
            json.replace(/"trees":.*/s, '"trees":[]}'),
            json.replace(/"trees":.*/s, '"trees":7}'),
            json.replace('"version":2', '"version":3'),
            JSON.stringify({ ...FOREST, algorithm: "tree" }),
        ];
        for (const text of damaged) {
            const expected = (() => {
                try {
                    return parseModel(text);
                } catch (error) {
                    return error as ModelError;
                }
            })() as ModelError;
            expect(expected).toBeInstanceOf(ModelError);
            const error = await readModel(inChunks(text, [50])).catch((problem: unknown) => problem);
            expect(error).toBeInstanceOf(ModelError);
            // Messages about invalid JSON contain different positions.
            const [message] = /^The model is not JSON/.exec(expected.message) ?? [expected.message];
            expect((error as ModelError).message).toContain(message);
        }
    });

    it("rejects shares of classes that do not exist", async () => {
        for (const distribution of [{ 1000: 1 }, { "-1": 1 }, { x: 1 }, { 3: -1 }, {}]) {
            const model = { ...MANY, trees: [{ name: "DTClassifier", options: {}, root: { distribution } }] };
            await expect(readModel(inChunks(jsonOf(model as Model), [99]))).rejects.toThrow(
                "The model's `trees[0].root.distribution` must be shares of classes from 0 to 999; got ",
            );
        }
    });

    it("predicts with shares that are stored by class", async () => {
        const model = await readModel(inChunks(jsonOf(MANY), [64]));
        const { predict, width } = compileModel(model);
        const values = new Float64Array(2 * width);
        const labels = new Int32Array(2);
        predict(Float64Array.of(0, 1), 2, values, labels);
        expect([...labels]).toEqual([999, 0]);
        expect([values[3], values[999], values[1000], values.reduce((sum, value) => sum + value, 0)]).toEqual([
            0.25, 0.75, 1, 2,
        ]);
    });
});

describe("formatModel", () => {
    it.each(Object.entries(MODELS))("writes the JSON of %s in pieces", (_, model) => {
        const pieces = [...formatModel(model)];
        const { trees, ...head } = model;
        expect(JSON.parse(pieces.join(""))).toEqual({ ...head, trees });
        expect(pieces.at(-1)).toBe("]}\n");
        expect(pieces.length).toBeGreaterThan(3);
    });

    it("writes a node with many rows in several small pieces", () => {
        const deep = (rows: number): TreeNode =>
            rows < 20_000
                ? { ...leaf(rows), numberSamples: rows }
                : { ...split(0, 1, deep(rows / 2), deep(rows / 2)), numberSamples: rows };
        const pieces = [...formatModel(modelOf(numberFeatures(1), undefined, [deep(1_000_000)]))];
        expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(500);
        expect(parseModel(pieces.join("")).trees.at(0)?.root).toEqual(deep(1_000_000));
    });
});
