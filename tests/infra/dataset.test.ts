import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { contentType, datasetObjectName, md5OfFile, parseDataset } from "../../infra/dataset";

describe("parseDataset", () => {
    it.each([
        ["data/iris.csv", { kind: "file", path: "data/iris.csv", fileName: "iris.csv" }],
        ["/abs/a b.csv", { kind: "file", path: "/abs/a b.csv", fileName: "a b.csv" }],
        ["gs://my-bucket/a/b.csv", { kind: "object", bucket: "my-bucket", name: "a/b.csv" }],
    ])("parses %s", (text, expected) => {
        expect(parseDataset(text)).toEqual(expected);
    });

    it.each(["gs://", "gs://bucket", "gs://bucket/", "gs://bucket/folder/", "gs://B/x"])(
        "returns undefined for %s, which does not name an object",
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

    it("is part of the object's name", () => {
        const md5 = { hex: "0123456789abcdef0123456789abcdef", base64: "" };

        expect(datasetObjectName(md5, "iris.csv")).toBe("data/0123456789/iris.csv");
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
