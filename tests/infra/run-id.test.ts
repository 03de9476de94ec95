import fc from "fast-check";
import { type RunIdentity, runId } from "../../infra/run-id";
import { canonicalJson } from "../../run/canonical-json";

const identity: RunIdentity = {
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

    it("parses to the same value as JSON", () => {
        fc.assert(
            fc.property(fc.jsonValue(), (value) => {
                expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
            }),
        );
    });
});

describe("a run id", () => {
    it("is r- followed by ten hex digits of a SHA-256 hash", () => {
        // Computed with `sha256sum`.
        expect(runId(identity)).toBe("r-fdf328cea9");
    });

    it("does not depend on the order of keys", () => {
        const hyperparameters = { kind: "gini", maxDepth: 5 };

        expect(runId({ ...identity, hyperparameters })).toBe(runId(identity));
    });

    it.each<[string, Partial<RunIdentity>]>([
        ["the dataset", { dataset: "md5:other" }],
        ["the image", { image: "sha256:def" }],
        ["a hyperparameter", { hyperparameters: { ...identity.hyperparameters, maxDepth: 6 } }],
        ["the target", { target: "Id" }],
        ["the dropped columns", { dropColumns: [] }],
        ["the environment", { env: {} }],
        ["the number of tasks", { tasks: 2 }],
    ])("changes with %s", (_what, change) => {
        expect(runId({ ...identity, ...change })).not.toBe(runId(identity));
    });
});
