import fc from "fast-check";
import { readMaxResults } from "../../src/http/query";
import { listObjects, readListQuery } from "../../src/storage/listing";
import { compareUtf8, type StoredObject } from "../../src/storage/object-index";

/** Creates object versions from "name", "name#generation", or "name#generation!" for a noncurrent one. */
function objects(...texts: string[]): StoredObject[] {
    return texts.map((text) => {
        const [name = "", version = "1"] = text.split("#");
        return {
            bucket: "b",
            name,
            generation: version.replace("!", ""),
            metageneration: 1,
            timeCreated: "",
            updated: "",
            ...(version.endsWith("!") ? { timeDeleted: "then" } : {}),
            blob: { id: "", size: 0, md5Hash: "", crc32c: "" },
            attributes: {},
        };
    });
}

function list(all: readonly StoredObject[], query: string) {
    const { items, prefixes, nextPageToken } = listObjects(all, readListQuery(new URLSearchParams(query)));
    return {
        names: items.map(({ name, generation }) => (generation === "1" ? name : `${name}#${generation}`)),
        prefixes,
        nextPageToken,
    };
}

const tree = objects("a", "a/", "a/b", "a/b/c", "a/d", "b/x", "c", "c/d#1!", "c/d#2");

describe("a listing", () => {
    it.each([
        ["", ["a", "a/", "a/b", "a/b/c", "a/d", "b/x", "c", "c/d#2"], []],
        ["prefix=a/", ["a/", "a/b", "a/b/c", "a/d"], []],
        ["delimiter=/", ["a", "c"], ["a/", "b/", "c/"]],
        ["prefix=a/&delimiter=/", ["a/", "a/b", "a/d"], ["a/b/"]],
        ["delimiter=/&includeTrailingDelimiter=true", ["a", "a/", "c"], ["a/", "b/", "c/"]],
        ["delimiter=b", ["a", "a/", "a/d", "c", "c/d#2"], ["a/b", "b"]],
        ["startOffset=a/c&endOffset=c", ["a/d", "b/x"], []],
        ["prefix=c/&versions=true", ["c/d", "c/d#2"], []],
        ["prefix=c/&versions=True", ["c/d", "c/d#2"], []],
        ["prefix=c/&versions=False", ["c/d#2"], []],
        ["prefix=zzz", [], []],
    ])("returns the names and prefixes of ?%s", (query, names, prefixes) => {
        expect(list(tree, query)).toEqual({ names, prefixes, nextPageToken: undefined });
    });

    it("counts both items and prefixes towards the page size", () => {
        const first = list(tree, "delimiter=/&maxResults=2");
        expect(first).toMatchObject({ names: ["a"], prefixes: ["a/"] });
        const second = list(tree, `delimiter=/&maxResults=2&pageToken=${first.nextPageToken}`);
        expect(second).toMatchObject({ names: ["c"], prefixes: ["b/"] });
    });

    it("returns each entry once, whatever the page size", () => {
        const name = fc.stringMatching(/^[ab/é]{1,5}$/);
        const versions = fc.uniqueArray(fc.tuple(name, fc.integer({ min: 1, max: 3 })), { selector: String });
        const query = fc.record({
            delimiter: fc.constantFrom("", "/"),
            prefix: fc.constantFrom("", "a", "a/"),
            versions: fc.constantFrom("true", "false"),
            includeTrailingDelimiter: fc.constantFrom("true", "false"),
        });
        fc.assert(
            fc.property(versions, query, fc.integer({ min: 1, max: 4 }), (pairs, parts, maxResults) => {
                const sorted = pairs.sort(([a, x], [b, y]) => compareUtf8(a, b) || x - y);
                const all = objects(...sorted.map(([text, generation]) => `${text}#${generation}`));
                const whole = list(all, new URLSearchParams(parts).toString());
                const pages = { names: [] as string[], prefixes: [] as string[] };
                let pageToken: string | undefined = "";
                while (pageToken !== undefined) {
                    const page = list(
                        all,
                        new URLSearchParams({ ...parts, maxResults: String(maxResults), pageToken }).toString(),
                    );
                    pages.names.push(...page.names);
                    pages.prefixes.push(...page.prefixes);
                    pageToken = page.nextPageToken;
                }
                expect(pages).toEqual({ names: whole.names, prefixes: whole.prefixes });
            }),
        );
    });

    it("rejects an invalid page token, page size or boolean", () => {
        expect(() => list(tree, "versions=yes")).toThrow(expect.objectContaining({ code: 400 }));
        expect(() => list(tree, "pageToken=%%%")).toThrow(expect.objectContaining({ code: 400 }));
        expect(() => readMaxResults("many")).toThrow(expect.objectContaining({ code: 400 }));
        expect([readMaxResults(null), readMaxResults("5000"), readMaxResults("7")]).toEqual([1000, 1000, 7]);
    });
});

describe("the order of object names", () => {
    it("follows the UTF-8 bytes", () => {
        const names = ["\u{1F600}", "\uFF5E", "é", "z", "a/", "a", "a0"];
        const expected = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect([...names].sort(compareUtf8)).toEqual(expected);
        expect(expected.at(-1)).toBe("\u{1F600}");
    });
});
