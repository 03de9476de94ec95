import fc from "fast-check";
import { canonicalJson, type RunFacts, runId, trainerArgs } from "../../infra/run-id";

const facts: RunFacts = {
    dataset: "md5:cXgg7wryh/80bFyr+0xhLA==",
    image: "sha256:abc",
    hyperparameters: { maxDepth: 5, kind: "gini" },
    target: "Species",
    dropColumns: ["Id"],
    env: { LEVEL: "debug" },
};

describe("canonical JSON", () => {
    it.each<[unknown, string]>([
        [{ b: 1, a: { d: [3, { z: 1, y: 2 }], c: null } }, '{"a":{"c":null,"d":[3,{"y":2,"z":1}]},"b":1}'],
        [{ 10: "a", 9: "b", "": "c" }, '{"":"c","10":"a","9":"b"}'],
        [[1e21, 1e-7, 0.1, -0, 100], "[1e+21,1e-7,0.1,0,100]"],
        [{ é: 'q"\n' }, '{"é":"q\\"\\n"}'],
    ])("of %j is %s", (value, expected) => {
        expect(canonicalJson(value)).toBe(expected);
    });

    it("says the same as JSON, in whatever order the keys came", () => {
        fc.assert(
            fc.property(fc.jsonValue(), (value) => {
                expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
            }),
        );
    });
});

describe("run id", () => {
    it("is r- and ten hex digits of SHA-256", () => {
        // The text in full, through `sha256sum`.
        expect(runId(facts)).toBe("r-fdf328cea9");
    });

    it("does not depend on the order of keys", () => {
        const hyperparameters = { kind: "gini", maxDepth: 5 };

        expect(runId({ ...facts, hyperparameters })).toBe(runId(facts));
    });

    it.each<[string, Partial<RunFacts>]>([
        ["the dataset", { dataset: "md5:other" }],
        ["the image", { image: "sha256:def" }],
        ["a hyperparameter", { hyperparameters: { ...facts.hyperparameters, maxDepth: 6 } }],
        ["the target", { target: "Id" }],
        ["the columns left out", { dropColumns: [] }],
        ["the environment", { env: {} }],
    ])("changes with %s", (_what, change) => {
        expect(runId({ ...facts, ...change })).not.toBe(runId(facts));
    });
});

describe("arguments of the trainer", () => {
    it("are sorted by name, scalars as text, lists and objects as JSON", () => {
        const hyperparameters = { zeta: 0.5, on: true, text: "a b$%\n", list: [1, "x"], object: { b: 1, a: 2 } };

        expect(trainerArgs({ hyperparameters, target: "Species", dropColumns: ["Id", "Name"] })).toEqual([
            '--dropColumns=["Id","Name"]',
            '--list=[1,"x"]',
            '--object={"a":2,"b":1}',
            "--on=true",
            "--target=Species",
            "--text=a b$%\n",
            "--zeta=0.5",
        ]);
    });

    it("leave out what is not set", () => {
        expect(trainerArgs({ hyperparameters: {}, target: "", dropColumns: [] })).toEqual([]);
    });
});
