import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { TestEmulator } from "../../src/testing";

const BUCKET = "objects-bucket";
let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start();
    await emulator.makeBucket(BUCKET);
    await emulator.makeBucket("versions-bucket", { versioning: { enabled: true } });
});
afterAll(() => emulator.stop());

const path = (name: string, query = "") => emulator.objectPath(BUCKET, name, query);
const md5 = (text: string) => createHash("md5").update(text).digest("base64");

/** Sends a multipart upload in the providers' format. */
function multipart(metadata: object, content: string, query = "", more: Record<string, string> = {}) {
    const body = [
        "--part",
        "Content-Type: application/json; charset=UTF-8",
        "",
        JSON.stringify(metadata),
        "--part",
        "Content-Type: text/csv",
        "",
        content,
        "--part--",
        "",
    ].join("\r\n");
    const headers = { "content-type": "multipart/related; boundary=part", ...more };
    const target = `/upload/storage/v1/b/${BUCKET}/o?alt=json&prettyPrint=false&uploadType=multipart${query}`;
    return emulator.call("POST", target, { body, headers });
}

describe("an uploaded object", () => {
    it("is returned with hashes, sizes and links in Google's formats", async () => {
        const answer = await emulator.upload(BUCKET, "dir/naïve name.txt", "hello");
        expect(answer.status).toBe(200);
        const generation = answer.at("generation");
        const link = `b/${BUCKET}/o/dir%2Fna%C3%AFve%20name.txt`;
        expect(answer.json).toMatchObject({
            kind: "storage#object",
            id: `${BUCKET}/dir/naïve name.txt/${generation}`,
            name: "dir/naïve name.txt",
            bucket: BUCKET,
            generation: expect.stringMatching(/^\d{16}$/),
            metageneration: "1",
            size: "5",
            md5Hash: md5("hello"),
            crc32c: "mnG7TA==",
            contentType: "text/plain",
            storageClass: "STANDARD",
            selfLink: `${emulator.url}/storage/v1/${link}`,
            mediaLink: `${emulator.url}/download/storage/v1/${link}?generation=${generation}&alt=media`,
        });
        expect((await emulator.call("GET", String(answer.at("mediaLink")))).text).toBe("hello");
        expect((await emulator.call("GET", path("dir/naïve name.txt"))).json).toEqual(answer.json);
    });

    it("can be sent together with its metadata as multipart/related", async () => {
        const metadata = {
            bucket: BUCKET,
            contentType: "text/x-own",
            metadata: { rows: "3" },
            customTime: "2026-01-02T03:04:05Z",
        };
        const answer = await multipart(metadata, "a,b\r\n1,2\r\n", "&name=table.csv");
        expect(answer.json).toMatchObject({ name: "table.csv", size: "10", ...metadata });
        expect((await emulator.call("GET", path("table.csv", "?alt=media"))).text).toBe("a,b\r\n1,2\r\n");
    });

    it("takes its content type from its MIME part if the metadata does not specify one", async () => {
        expect((await multipart({ name: "part.csv" }, "")).json).toMatchObject({ contentType: "text/csv", size: "0" });
    });

    it.each([
        ["md5Hash", { md5Hash: md5("other") }, "MD5"],
        ["crc32c", { crc32c: "AAAAAA==" }, "CRC32C"],
    ])("is rejected if its %s is wrong, and leaves nothing behind", async (_, claimed, word) => {
        const answer = await multipart({ name: "wrong.csv", ...claimed }, "content");
        expect(answer.status).toBe(400);
        expect(answer.at("error.message")).toContain(word);
        expect((await emulator.call("GET", path("wrong.csv"))).status).toBe(404);
    });

    it("is accepted if its hashes are correct, including those in the x-goog-hash header", async () => {
        const right = await multipart({ name: "right.csv", md5Hash: md5("hello"), crc32c: "mnG7TA==" }, "hello");
        const header = { "x-goog-hash": `crc32c=mnG7TA==,md5=${md5("hello")}` };
        const byHeader = await emulator.upload(BUCKET, "right.txt", "hello", "", { headers: header });
        const wrong = await emulator.upload(BUCKET, "right.txt", "Hello", "", { headers: header });
        expect([right.status, byHeader.status, wrong.status]).toEqual([200, 200, 400]);
    });

    it.each([
        ["contradicts its metadata", "md5=CY9rzUYh03PK3k6DJie09g==", "two different hashes"],
        ["contradicts itself", "crc32c=mnG7TA==,crc32c=AAAAAA==", "two different hashes"],
        ["has another algorithm", "sha256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", 'got "sha256='],
        ["has no algorithm", "mnG7TA==", 'got "mnG7TA=="'],
    ])("is rejected if its x-goog-hash header %s", async (_, hash, problem) => {
        const metadata = { name: "both.csv", md5Hash: md5("hello") };
        const answer = await multipart(metadata, "hello", "", { "x-goog-hash": hash });
        expect([answer.status, answer.at("error.message")]).toEqual([400, expect.stringContaining(problem)]);
        expect((await emulator.call("GET", path("both.csv"))).status).toBe(404);
    });

    it.each([[""], ["two\nlines"], ["."], [".."], ["x".repeat(1025)]])(
        "is rejected if its name is %j",
        async (name) => {
            expect((await emulator.upload(BUCKET, name, "x")).status).toBe(400);
        },
    );

    it("requires the bucket to exist", async () => {
        const answer = await emulator.upload("no-such-bucket", "a", "x");
        expect(answer.at("error")).toMatchObject({ code: 404, message: "The specified bucket does not exist." });
    });

    it("is rejected if a metadata field is not emulated, and the error names the field", async () => {
        const answer = await multipart({ name: "kms.csv", kmsKeyName: "k" }, "x");
        expect(answer.at("error")).toMatchObject({ code: 501, message: expect.stringContaining('"kmsKeyName"') });
    });

    it("keeps its generation when its metadata is patched or updated", async () => {
        const { generation } = (await multipart({ name: "meta.csv", metadata: { a: "1" } }, "x")).json as {
            generation: string;
        };
        const body = { metadata: { a: null, b: "2" }, cacheControl: "no-store", retention: null };
        const patched = await emulator.call("PATCH", path("meta.csv"), { body });
        expect(patched.json).toMatchObject({
            generation,
            metageneration: "2",
            metadata: { b: "2" },
            contentType: "text/csv",
        });
        expect(patched.at("metadata.a")).toBeUndefined();
        const whole = { ...(patched.json as object), metadata: undefined, eventBasedHold: false };
        const updated = await emulator.call("PUT", path("meta.csv"), { body: whole });
        expect(updated.json).toMatchObject({ generation, metageneration: "3", cacheControl: "no-store" });
        expect(updated.at("metadata")).toBeUndefined();
    });

    it("can be neither overwritten nor deleted under a hold", async () => {
        await multipart({ name: "held.csv", temporaryHold: true }, "x");
        expect((await emulator.call("DELETE", path("held.csv"))).status).toBe(403);
        expect((await emulator.upload(BUCKET, "held.csv", "y")).status).toBe(403);
        await emulator.call("PATCH", path("held.csv"), { body: { temporaryHold: false } });
        expect((await emulator.call("DELETE", path("held.csv"))).status).toBe(204);
    });
});

describe("a download", () => {
    beforeAll(() => emulator.upload(BUCKET, "ten.txt", "0123456789"));

    it("has the headers that clients use for verification", async () => {
        const answer = await emulator.call("GET", path("ten.txt", "?alt=media"));
        const meta = await emulator.call("GET", path("ten.txt"));
        expect(answer.text).toBe("0123456789");
        expect(Object.fromEntries(answer.headers)).toMatchObject({
            "content-type": "text/plain",
            "content-length": "10",
            etag: meta.at("etag"),
            "x-goog-generation": meta.at("generation"),
            "x-goog-metageneration": "1",
            "x-goog-hash": `crc32c=${meta.at("crc32c")},md5=${meta.at("md5Hash")}`,
            "x-goog-stored-content-length": "10",
        });
    });

    it.each([
        ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
        ["bytes=4-", 206, "456789", "bytes 4-9/10"],
        ["bytes=-3", 206, "789", "bytes 7-9/10"],
        ["bytes=-30", 206, "0123456789", "bytes 0-9/10"],
        ["bytes=9-500", 206, "9", "bytes 9-9/10"],
        ["bytes=5-2", 200, "0123456789", null],
        ["bytes=0-1,3-4", 200, "0123456789", null],
        ["lines=0-1", 200, "0123456789", null],
    ])("responds to range %s with status %i", async (range, status, text, contentRange) => {
        const answer = await emulator.call("GET", path("ten.txt", "?alt=media"), { headers: { range } });
        expect([answer.status, answer.text, answer.headers.get("content-range")]).toEqual([status, text, contentRange]);
    });

    it("returns 416 with the size for a range beyond the end", async () => {
        const answer = await emulator.call("GET", path("ten.txt", "?alt=media"), { headers: { range: "bytes=10-" } });
        expect([answer.status, answer.headers.get("content-range")]).toEqual([416, "bytes */10"]);
        expect(answer.at("error.errors.0.reason")).toBe("requestedRangeNotSatisfiable");
    });

    it("returns an empty body for an empty object", async () => {
        await emulator.upload(BUCKET, "empty", "");
        const answer = await emulator.call("GET", path("empty", "?alt=media"));
        expect([answer.status, answer.text, answer.headers.get("content-length")]).toEqual([200, "", "0"]);
    });

    it("decompresses gzip only for clients that do not accept it", async () => {
        const packed = gzipSync("packed text");
        await emulator.upload(BUCKET, "packed", packed, "&contentEncoding=gzip");
        const unpacked = await emulator.call("GET", path("packed", "?alt=media"), {
            headers: { "accept-encoding": "identity" },
        });
        const asStored = await emulator.call("GET", path("packed", "?alt=media"), {
            headers: { "accept-encoding": "gzip" },
        });
        expect([unpacked.text, unpacked.headers.get("content-encoding")]).toEqual(["packed text", null]);
        expect(asStored.headers.get("content-encoding")).toBe("gzip");
        expect(asStored.headers.get("content-length")).toBe(String(packed.length));
    });

    it("returns 304 for a matching ETag", async () => {
        const etag = String((await emulator.call("GET", path("ten.txt"))).at("etag"));
        const answer = await emulator.call("GET", path("ten.txt", "?alt=media"), {
            headers: { "if-none-match": etag },
        });
        expect([answer.status, answer.text]).toEqual([304, ""]);
    });
});

describe("an object in a versioned bucket", () => {
    const versioned = (name: string, query = "") => emulator.objectPath("versions-bucket", name, query);
    const list = async (query: string) => {
        const answer = await emulator.call("GET", `/storage/v1/b/versions-bucket/o?prefix=${query}`);
        return ((answer.at("items") ?? []) as { generation: string; timeDeleted?: string }[]).map((item) => [
            item.generation,
            item.timeDeleted === undefined ? "live" : "noncurrent",
        ]);
    };

    it("keeps overwritten and deleted versions", async () => {
        const one = (await emulator.upload("versions-bucket", "keep", "one")).at("generation");
        const two = (await emulator.upload("versions-bucket", "keep", "two")).at("generation");
        expect(await list("keep")).toEqual([[two, "live"]]);
        expect(await list("keep&versions=true")).toEqual([
            [one, "noncurrent"],
            [two, "live"],
        ]);
        expect((await emulator.call("GET", versioned("keep", `?alt=media&generation=${one}`))).text).toBe("one");

        expect((await emulator.call("DELETE", versioned("keep"))).status).toBe(204);
        expect((await emulator.call("GET", versioned("keep"))).status).toBe(404);
        expect(await list("keep")).toEqual([]);
        expect(await list("keep&versions=true")).toEqual([
            [one, "noncurrent"],
            [two, "noncurrent"],
        ]);
        expect((await emulator.upload("versions-bucket", "keep", "three", "&ifGenerationMatch=0")).status).toBe(200);
    });

    it("is deleted permanently if a generation is given", async () => {
        const one = (await emulator.upload("versions-bucket", "gone", "one")).at("generation");
        await emulator.upload("versions-bucket", "gone", "two");
        expect((await emulator.call("DELETE", versioned("gone", `?generation=${one}`))).status).toBe(204);
        expect((await emulator.call("DELETE", versioned("gone", `?generation=${one}`))).status).toBe(404);
        expect(await list("gone&versions=true")).toHaveLength(1);
    });
});

describe("copies", () => {
    it("keep the content, and either keep the metadata or get new metadata", async () => {
        await multipart({ name: "source.csv", metadata: { a: "1" } }, "x,y");
        const kept = await emulator.call("POST", `${path("source.csv")}/copyTo/b/${BUCKET}/o/copy%2F1`);
        const body = { contentType: "text/plain" };
        const target = `${path("source.csv")}/rewriteTo/b/versions-bucket/o/copy%2F2`;
        const changed = await emulator.call("POST", target, { body });
        expect(kept.json).toMatchObject({ name: "copy/1", size: "3", contentType: "text/csv", metadata: { a: "1" } });
        expect(changed.json).toMatchObject({ done: true, objectSize: "3", totalBytesRewritten: "3" });
        expect(changed.at("resource")).toMatchObject({
            bucket: "versions-bucket",
            name: "copy/2",
            contentType: "text/plain",
        });
        await emulator.call("DELETE", path("source.csv"));
        expect((await emulator.call("GET", path("copy/1", "?alt=media"))).text).toBe("x,y");
    });

    it("respect preconditions on source and destination", async () => {
        await emulator.upload(BUCKET, "from", "x");
        await emulator.upload(BUCKET, "to", "y");
        const target = `${path("from")}/copyTo/b/${BUCKET}/o/to`;
        expect((await emulator.call("POST", `${target}?ifGenerationMatch=0`)).status).toBe(412);
        expect((await emulator.call("POST", `${target}?ifSourceGenerationMatch=1`)).status).toBe(412);
        expect((await emulator.call("POST", target)).status).toBe(200);
    });

    it("can combine several objects, in which case they have no MD5 hash", async () => {
        await emulator.upload(BUCKET, "part-1", "ab");
        await emulator.upload(BUCKET, "part-2", "cd");
        const body = {
            sourceObjects: [{ name: "part-1" }, { name: "part-2" }],
            destination: { contentType: "text/plain" },
        };
        const answer = await emulator.call("POST", `${path("whole")}/compose`, { body });
        expect(answer.json).toMatchObject({ size: "4", componentCount: 2, contentType: "text/plain" });
        expect(answer.at("md5Hash")).toBeUndefined();
        expect((await emulator.call("GET", path("whole", "?alt=media"))).text).toBe("abcd");
    });
});
