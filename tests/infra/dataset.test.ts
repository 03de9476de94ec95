import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { contentType, md5OfFile, parseDataset, readLocalDataset } from "../../infra/dataset";

describe("parseDataset", () => {
    it.each([
        ["data/iris.csv", { kind: "file", path: "data/iris.csv", fileName: "iris.csv" }],
        ["/abs/a b.csv", { kind: "file", path: "/abs/a b.csv", fileName: "a b.csv" }],
        ["gs://my-bucket/a/b.csv", { kind: "object", bucket: "my-bucket", name: "a/b.csv" }],
        ["gs://my-bucket/a/", { kind: "objects", bucket: "my-bucket", pattern: "a/" }],
        ["gs://my-bucket/a/b-*.csv", { kind: "objects", bucket: "my-bucket", pattern: "a/b-*.csv" }],
        ["gs://my-bucket/*", { kind: "objects", bucket: "my-bucket", pattern: "*" }],
    ])("parses %s", (text, expected) => {
        expect(parseDataset(text)).toEqual(expected);
    });

    it.each(["gs://", "gs://bucket", "gs://bucket/", "gs://B/x", "gs://buck*/x"])(
        "returns undefined for %s, which names nothing in a bucket",
        (text) => {
            expect(parseDataset(text)).toBeUndefined();
        },
    );
});

describe("MD5 of a dataset", () => {
    it("covers all bytes in a large file", () => {
        const folder = mkdtempSync(path.join(tmpdir(), "dataset-"));
        const file = path.join(folder, "large.csv");
        writeFileSync(file, Buffer.alloc(3 * 1024 * 1024 + 1, "abc"));

        const md5 = md5OfFile(file);
        rmSync(folder, { recursive: true });

        // Computed with: yes abc | tr -d "
        // " | head -c 3145729 | md5sum
        expect(md5).toEqual({ hex: "056f6340e5c97b4aa42dde241152576f", base64: "BW9jQOXJe0qkLd4kEVJXbw==" });
    });

    it("is computed again if the file changes", () => {
        const folder = mkdtempSync(path.join(tmpdir(), "dataset-"));
        const file = path.join(folder, "x.csv");
        writeFileSync(file, "a");
        const before = md5OfFile(file);
        writeFileSync(file, "b");
        utimesSync(file, 1, 1);
        const after = md5OfFile(file);
        rmSync(folder, { recursive: true });

        expect(after).not.toEqual(before);
    });
});

describe("a folder of files", () => {
    let folder: string;
    const put = (name: string, content: string) => writeFileSync(path.join(folder, name), content);
    const identity = () => readLocalDataset(folder).identity;

    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "dataset-"));
        put("b.csv", "x\n1\n");
        put("a.csv", "x\n2\n");
        put(".hidden", "");
        mkdirSync(path.join(folder, "sub"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("consists of its visible files, sorted by name", () => {
        expect(readLocalDataset(folder).files.map(({ fileName }) => fileName)).toEqual(["a.csv", "b.csv"]);
    });

    it("has an identity that covers names, sizes and contents, and nothing else", () => {
        const before = identity();
        expect(before).toMatch(/^files:.{43}=$/);
        put(".hidden", "x");
        utimesSync(path.join(folder, "a.csv"), 1, 1);
        expect(identity()).toBe(before);

        put("c.csv", "x\n3\n");
        const more = identity();
        put("c.csv", "x\n4\n");
        expect(new Set([before, more, identity()]).size).toBe(3);
    });

    it("does not change the identity of a single file", () => {
        const file = path.join(folder, "a.csv");
        expect(readLocalDataset(file)).toMatchObject({
            hex: md5OfFile(file).hex,
            identity: `md5:${md5OfFile(file).base64}`,
        });
    });
});

it.each([
    ["a.csv", "text/csv"],
    ["a.JSONL", "application/x-ndjson"],
    ["a.json", "application/json"],
    ["a.parquet", "application/octet-stream"],
])("the media type of %s is %s", (file, type) => {
    expect(contentType(file)).toBe(type);
});
