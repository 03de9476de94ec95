import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { readMaxResults } from "../../src/http/query";
import { listObjects, readListQuery } from "../../src/storage/listing";
import { compareUtf8, ObjectIndex, type ObjectNames, type StoredObject } from "../../src/storage/object-index";
import { DocumentStore } from "../../src/store/documents";

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

/** The names in an ordered list of versions. */
function namesOf(all: readonly StoredObject[]): ObjectNames {
    const names = [...new Set(all.map(({ name }) => name))];
    const first = (isReached: (name: string) => boolean) => {
        const index = names.findIndex(isReached);
        return index < 0 ? names.length : index;
    };
    return {
        at: (index) => (index < names.length ? all.filter(({ name }) => name === names[index]) : undefined),
        seek: (wanted) => first((name) => compareUtf8(name, wanted) >= 0),
        seekPast: (prefix) => first((name) => !name.startsWith(prefix) && compareUtf8(name, prefix) > 0),
    };
}

function list(all: readonly StoredObject[], query: string) {
    const { items, prefixes, nextPageToken } = listObjects(namesOf(all), readListQuery(new URLSearchParams(query)));
    return {
        names: items.map(({ name, generation }) => (generation === "1" ? name : `${name}#${generation}`)),
        prefixes,
        nextPageToken,
    };
}

/** Builds a listing by applying the rules to every object in turn. */
function listEverything(all: readonly StoredObject[], parts: Readonly<Record<string, string>>) {
    const { prefix = "", delimiter = "", startOffset = "", endOffset = "" } = parts;
    const names: string[] = [];
    const prefixes = new Set<string>();
    for (const { name, generation, timeDeleted } of all) {
        const isOutside =
            !name.startsWith(prefix) ||
            compareUtf8(name, startOffset) < 0 ||
            (endOffset !== "" && compareUtf8(name, endOffset) >= 0);
        if (isOutside || (parts.versions === "false" && timeDeleted !== undefined)) {
            continue;
        }
        const end = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
        const key = end < 0 ? undefined : name.slice(0, end + delimiter.length);
        if (key !== undefined) {
            prefixes.add(key);
        }
        if (key === undefined || (parts.includeTrailingDelimiter === "true" && name === key)) {
            names.push(generation === "1" ? name : `${name}#${generation}`);
        }
    }
    return { names, prefixes: [...prefixes] };
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

    it("returns the same items and prefixes as a listing that checks every object", () => {
        const name = fc.stringMatching(/^[ab/é]{1,5}$/);
        const version = fc.tuple(name, fc.integer({ min: 1, max: 3 }), fc.boolean());
        const versions = fc.uniqueArray(version, { selector: ([text, generation]) => `${text}#${generation}` });
        const query = fc.record({
            delimiter: fc.constantFrom("", "/", "b"),
            prefix: fc.constantFrom("", "a", "a/", "b"),
            startOffset: fc.constantFrom("", "a/", "b"),
            endOffset: fc.constantFrom("", "b", "é"),
            versions: fc.constantFrom("true", "false"),
            includeTrailingDelimiter: fc.constantFrom("true", "false"),
        });
        fc.assert(
            fc.property(versions, query, (drawn, parts) => {
                const sorted = drawn.sort(([a, x], [b, y]) => compareUtf8(a, b) || x - y);
                const all = objects(...sorted.map(([text, number, isOld]) => `${text}#${number}${isOld ? "!" : ""}`));
                const { names, prefixes } = list(all, new URLSearchParams(parts).toString());
                expect({ names, prefixes }).toEqual(listEverything(all, parts));
            }),
        );
    });

    it("rejects an invalid page token, page size or boolean", () => {
        expect(() => list(tree, "versions=yes")).toThrow(expect.objectContaining({ code: 400 }));
        for (const token of ["%%%", ...["null", "1", '{"key":1}', "{}"].map((json) => btoa(json))]) {
            expect(() => list(tree, `pageToken=${token}`)).toThrow(expect.objectContaining({ code: 400 }));
        }
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

describe("the index of a bucket", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "object-index-"));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it("keeps its names in order, whatever is added and removed", async () => {
        const index = new ObjectIndex(new DocumentStore(folder), "b");
        const expected = new Set<string>();
        const namesInOrder = () => index.all().map(({ name }) => name);
        const writes: Promise<void>[] = [];
        for (let round = 0; round < 6; round++) {
            // More than a hundred names are merged, while a few are inserted one by one.
            for (let number = 0; number < (round % 2 === 0 ? 120 : 3); number++) {
                const name = `${(number * 7919 + round * 104729) % 997}`;
                expected.add(name);
                writes.push(...objects(name).map((object) => index.put(object)));
            }
            expect(namesInOrder()).toEqual([...expected].sort());
            const removed = [...expected].filter((_, position) => position % 5 === round);
            for (const object of objects(...removed)) {
                expected.delete(object.name);
                writes.push(index.remove(object));
            }
            expect(namesInOrder()).toEqual([...expected].sort());
        }
        await Promise.all(writes);
    });
});
