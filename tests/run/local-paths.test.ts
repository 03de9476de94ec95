import fc from "fast-check";
import { assignPaths } from "../../run/local-paths";

const PREFIX = "runs/r-0123456789/model/";

/** Assigns paths to names under the prefix. */
function assign(names: string[]): string[] {
    const paths = assignPaths(
        names.map((name) => PREFIX + name),
        PREFIX,
    );
    return names.map((name) => paths.get(PREFIX + name) ?? "");
}

const RENAMED = expect.stringMatching(/^renamed\/[0-9a-f]{16}(-[\w.-]+)?$/);

describe("assignPaths", () => {
    it.each([
        ["model.json"],
        ["a/b/c.bin"],
        [".hidden"],
        ["with space é 学.txt"],
        ["x".repeat(255)],
        ["concert/nul-1"],
    ])("keeps the portable name %j", (name) => {
        expect(assign([name])).toEqual([name]);
    });

    it("keeps extras in their folders, unless the model has a file of that name", () => {
        const root = "runs/r-0123456789/";
        const model = ["model.json", "logs/a", "checkpoints"].map((name) => PREFIX + name);
        const extras = ["logs/a", "logs/b", "model.json"].map((name) => root + name);

        const paths = assignPaths(model, PREFIX, { names: extras, prefix: root });

        expect([...paths]).toEqual([
            [`${PREFIX}checkpoints`, "checkpoints"],
            [`${PREFIX}logs/a`, "logs/a"],
            [`${PREFIX}model.json`, "model.json"],
            [`${root}logs/a`, RENAMED],
            [`${root}logs/b`, "logs/b"],
            [`${root}model.json`, RENAMED],
        ]);
    });

    it.each([
        [""],
        [".."],
        ["../x"],
        ["a/./b"],
        ["/etc/passwd"],
        ["a//b"],
        ["dir/"],
        ["a\\b"],
        ["a:b"],
        ["C:x"],
        ["what?"],
        ["a|b"],
        ["NUL"],
        ["com1.txt"],
        ["sub/aux.json"],
        ["dot."],
        ["blank "],
        ["a\0b"],
        ["a\x7fb"],
        ["a\x9bb"],
        ["é".repeat(128)],
        [`${"d/".repeat(350)}x`],
        ["renamed"],
        ["renamed/0123"],
        ["manifest.json/x"],
    ])("renames %j", (name) => {
        expect(assign([name, "other.json"])).toEqual([RENAMED, "other.json"]);
    });

    it.each([
        [
            ["a", "a/b"],
            [RENAMED, "a/b"],
        ],
        [
            ["A", "a"],
            ["A", RENAMED],
        ],
        [
            ["a/b/c", "A/B"],
            ["a/b/c", RENAMED],
        ],
        [
            ["é", "e\u0301"],
            [RENAMED, "e\u0301"],
        ],
        [
            ["status.json", "STATUS.json", "model/status.json"],
            [RENAMED, "model/STATUS.json", RENAMED],
        ],
    ])("renames one of the conflicting names %j", (names, expected) => {
        expect(assign(names)).toEqual(expected);
    });

    it("renames an object whose name is outside the prefix", () => {
        expect([...assignPaths(["runs/r-ffffffffff/model/x"], PREFIX).values()]).toEqual([RENAMED]);
    });

    it("gives every set of names paths that can coexist on every system", () => {
        const part = fc.oneof(
            fc.constantFrom("a", "A", "b", "..", ".", "", "con", "renamed", "model", "status.json", "é", "e\u0301"),
            fc.string({ unit: "binary", maxLength: 300 }),
        );
        const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
        fc.assert(
            fc.property(fc.uniqueArray(name, { maxLength: 12 }), (names) => {
                const paths = assign(names);
                const folded = paths.map((path) => path.normalize("NFC").toUpperCase().toLowerCase());
                expect(new Set(folded).size).toBe(names.length);
                for (const path of folded) {
                    expect(path.split("/")).not.toContain("..");
                    expect(path.startsWith("/")).toBe(false);
                    expect(folded.some((other) => other.startsWith(`${path}/`))).toBe(false);
                    expect(["manifest.json", "status.json", "trainer.log"]).not.toContain(path.split("/")[0]);
                }
                // The order of the names does not matter.
                expect(assign([...names].reverse()).reverse()).toEqual(paths);
            }),
            { numRuns: 500 },
        );
    });
});
