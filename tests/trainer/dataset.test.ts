import { parseArguments } from "../../trainer/src/arguments";
import { decideTask, prepareDataset } from "../../trainer/src/dataset";
import { DataError } from "../../trainer/src/errors";
import { count, repeat, tableOf } from "./tables";

const IRIS_LIKE = { Id: count(12), size: repeat([1.5, 2.5, 3.5], 12), color: repeat(["red", "blue"], 12) };
const KIND = repeat(["a", "b", "c"], 12);

function prepare(columns: Record<string, readonly (string | number)[]>, ...argv: string[]) {
    return prepareDataset(tableOf(columns), parseArguments(["--target=kind", ...argv]));
}

describe("prepareDataset", () => {
    it("turns a table into numbers", () => {
        const dataset = prepare({ ...IRIS_LIKE, kind: KIND }, '--dropColumns=["Id"]');
        expect(dataset.target).toMatchObject({ task: "classification", name: "kind", classes: ["a", "b", "c"] });
        expect(dataset.target.y).toEqual(repeat([0, 1, 2], 12));
        expect(dataset.features).toEqual([
            { name: "size", kind: "number", missing: false },
            { name: "color", kind: "text", categories: ["blue", "red"] },
        ]);
        expect(dataset.x.slice(0, 2)).toEqual([
            [1.5, 1],
            [2.5, 0],
        ]);
        expect(dataset.dropped).toEqual([{ name: "Id", why: "dropColumns" }]);
        expect(dataset.warnings).toEqual([]);
    });

    it("drops an identifier by itself, and says so", () => {
        const dataset = prepare({ ...IRIS_LIKE, kind: KIND });
        expect(dataset.features.map(({ name }) => name)).toEqual(["size", "color"]);
        expect(dataset.dropped).toEqual([{ name: "Id", why: expect.stringContaining("--dropColumns=[] keeps it") }]);
    });

    it("drops nothing by itself when dropColumns is given", () => {
        const dataset = prepare({ ...IRIS_LIKE, kind: KIND }, "--dropColumns=[]");
        expect(dataset.features.map(({ name }) => name)).toEqual(["Id", "size", "color"]);
        expect(dataset.dropped).toEqual([]);
    });

    it("does not mind what is wrong with a dropped column", () => {
        const notes = repeat(["", "NA", 3], 12);
        expect(prepare({ ...IRIS_LIKE, notes, kind: KIND }, '--dropColumns=["notes"]').x).toHaveLength(12);
    });

    it("sorts numeric classes as numbers", () => {
        const { target } = prepare({ size: count(15), kind: repeat([10, 9, 2], 15) });
        expect(target).toMatchObject({ task: "classification", classes: ["2", "9", "10"], y: repeat([2, 1, 0], 15) });
    });

    it("keeps a target of numbers as it is", () => {
        const { target } = prepare({ size: count(12), kind: count(12).map((value) => value / 2) });
        expect(target).toMatchObject({ task: "regression", y: count(12).map((value) => value / 2) });
    });

    it("warns of a text that differs in most rows", () => {
        const { warnings } = prepare({ name: count(12).map((value) => `n${value}`), size: count(12), kind: KIND });
        expect(warnings).toEqual([expect.stringContaining('Column "name" holds a different text in most rows')]);
    });

    it.each([
        [
            "an unknown target",
            { size: count(12), Kind: KIND },
            [],
            'has no column "kind" to predict; it has "size", "Kind"',
        ],
        [
            "a file without a header",
            { "5.1": count(12), "Iris-setosa": KIND },
            [],
            "has no header: its first row (5.1, Iris-",
        ],
        [
            "an unknown dropped column",
            { size: count(12), kind: KIND },
            ['--dropColumns=["Id"]'],
            'has no column "Id", which',
        ],
        ["nothing but the target", { kind: KIND }, [], "has no column left to learn from: it has only the target"],
        [
            "nothing left after dropping",
            { Id: count(12), kind: KIND },
            [],
            'has no column left to learn from after dropping "Id"',
        ],
        ["too few rows", { size: count(9), kind: KIND.slice(0, 9) }, [], "has 9 rows: at least 10 are needed"],
        ["a single row", { size: [1], kind: ["a"] }, [], "has 1 row: at least 10 are needed"],
        ["one class", { size: count(12), kind: repeat(["a"], 12) }, [], 'column "kind" has one class only ("a")'],
        [
            "a free text as target",
            { size: count(12), kind: count(12).map((value) => `n${value}`) },
            [],
            'column "kind" has 12 different values in 12 rows: too many to be classes',
        ],
        [
            "a text to regress on",
            { size: count(12), kind: KIND },
            ["--task=regression"],
            'column "kind" holds text such as "a": a regression needs numbers',
        ],
        [
            "a regression on two values",
            { size: count(12), kind: repeat([1.5, 2.5], 12) },
            [],
            'column "kind" has fewer than 3 different values: a regression needs more (--task=classification for classes)',
        ],
        [
            "a missing target",
            { size: count(12), kind: [...KIND.slice(0, 11), ""] },
            [],
            'row 13, column "kind": the value is missing',
        ],
        [
            "a missing feature",
            { size: [1, "", ...count(10)], kind: KIND },
            [],
            'row 3, column "size": the value is missing',
        ],
        [
            "text in a numeric feature",
            { size: ["n/k", ...count(11)], kind: KIND },
            [],
            'row 2, column "size": "n/k" is text in a column of numbers (11 of 12)',
        ],
    ])("refuses %s", (_, columns: Record<string, (string | number)[]>, argv: string[], message) => {
        expect(() => prepare(columns, ...argv)).toThrow(DataError);
        expect(() => prepare(columns, ...argv)).toThrow(`gs://bucket/data.csv ${message}`);
    });
});

describe("decideTask", () => {
    const numbers = (values: number[]) => ({ kind: "number" as const, name: "y", values });

    it.each([
        ["0 and 1", repeat([0, 1], 20), "classification"],
        ["ten grades, five rows each", repeat(count(10), 50), "classification"],
        ["ten grades in fewer rows", repeat(count(10), 49), "regression"],
        ["eleven whole numbers", repeat(count(11), 110), "regression"],
        ["prices", repeat([1.5, 2.5], 100), "regression"],
        ["a count", count(50), "regression"],
    ])("takes %s for a %s", (_, values, task) => {
        expect(decideTask(numbers(values), undefined).task).toBe(task);
    });

    it("takes text for classes", () => {
        expect(decideTask({ kind: "text", name: "y", values: ["a"] }, undefined).task).toBe("classification");
    });

    it("does as it is told", () => {
        expect(decideTask(numbers(repeat([0, 1], 20)), "regression").task).toBe("regression");
        expect(decideTask(numbers(count(50)), "classification").task).toBe("classification");
    });
});
