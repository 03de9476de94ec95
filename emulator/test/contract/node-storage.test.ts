import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Bucket, type GetFilesOptions, type GetFilesResponse, Storage } from "@google-cloud/storage";
import { JudgedEmulator } from "./judge";

const CHUNK = 256 * 1024;
const content = randomBytes(2 * CHUNK + 1000);

describe("@google-cloud/storage (Node.js)", () => {
    let judged: JudgedEmulator;
    let folder: string;
    let bucket: Bucket;

    beforeAll(async () => {
        judged = await JudgedEmulator.start();
        folder = await mkdtemp(path.join(tmpdir(), "node-storage-"));
        await writeFile(path.join(folder, "content"), content);
        const storage = new Storage({ apiEndpoint: judged.url, projectId: "demo-project" });
        // The client does not send credentials to a custom endpoint.
        storage.interceptors.push({
            request: (options) => {
                const uri = String("uri" in options ? options.uri : options.url);
                return { ...options, uri, headers: { ...options.headers, Authorization: "Bearer developer" } };
            },
        });
        [bucket] = await storage.createBucket("node-bucket", {
            location: "us-central1",
            versioning: { enabled: true },
            iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
        });
    });
    afterAll(async () => {
        await judged.stop();
        await rm(folder, { recursive: true, force: true });
    });

    // The upload uses chunks, because the client cannot resend a single-request upload to any server: it keeps too
    // little of the data.
    it("continues a resumable upload if the connection breaks during the second chunk", async () => {
        judged.recorder.interruptNext({
            matches: ({ method, headers }) => method === "PUT" && /^bytes 262144-/.test(headers["content-range"] ?? ""),
            afterBytes: 150_000,
        });
        const [file] = await bucket.upload(path.join(folder, "content"), {
            destination: "runs/r-1/model",
            resumable: true,
            validation: "crc32c",
            // The client does not retry without a precondition.
            preconditionOpts: { ifGenerationMatch: 0 },
            chunkSize: CHUNK,
        });
        expect(judged.recorder.interrupted).toBe(1);
        const target = path.join(folder, "downloaded");
        await file.download({ destination: target, validation: "crc32c" });
        expect(content.equals(await readFile(target))).toBe(true);
    });

    it("detects a download that was corrupted in transit", async () => {
        await bucket.file("runs/r-1/spoilt").save("content", { resumable: false });
        judged.recorder.corruptNext(({ url }) => /spoilt\?.*alt=media/.test(url ?? ""));
        await expect(bucket.file("runs/r-1/spoilt").download({ validation: "crc32c" })).rejects.toMatchObject({
            code: "CONTENT_DOWNLOAD_MISMATCH",
        });
        expect(String((await bucket.file("runs/r-1/spoilt").download())[0])).toBe("content");
    });

    it("rejects an upload that was corrupted in transit", async () => {
        const save = bucket
            .file("runs/r-1/wrong")
            .save("content", { resumable: false, metadata: { crc32c: "AAAAAA==" } });
        await expect(save).rejects.toMatchObject({ code: 400 });
        expect(await bucket.file("runs/r-1/wrong").exists()).toEqual([false]);
    });

    it("reads byte ranges", async () => {
        const file = bucket.file("runs/r-1/model");
        expect((await file.download({ start: 10, end: 19 }))[0]).toEqual(content.subarray(10, 20));
        expect((await file.download({ start: content.length - 5 }))[0]).toEqual(content.subarray(-5));
        await expect(file.download({ start: content.length + 1 })).rejects.toMatchObject({ code: 416 });
    });

    it("respects preconditions", async () => {
        const file = bucket.file("runs/r-1/status.json");
        await file.save("{}", { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } });
        const stale = { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } };
        await expect(file.save("{}", stale)).rejects.toMatchObject({ code: 412 });
        const { generation = 0 } = file.metadata;
        await file.save("[]", { resumable: false, preconditionOpts: { ifGenerationMatch: generation } });
        await expect(file.delete({ ifGenerationMatch: generation })).rejects.toMatchObject({ code: 412 });
        expect(String((await bucket.file(file.name, { generation }).download())[0])).toBe("{}");
    });

    it("lists objects page by page, and deletes everything", async () => {
        for (let number = 0; number < 5; number += 1) {
            await bucket.file(`pages/${number}`).save("x", { resumable: false });
        }
        const pages: string[][] = [];
        let query: GetFilesOptions | null = { prefix: "pages/", maxResults: 2, autoPaginate: false };
        while (query !== null) {
            const answer: GetFilesResponse = await bucket.getFiles(query);
            pages.push(answer[0].map(({ name }) => name));
            query = answer[1];
        }
        expect(pages).toEqual([["pages/0", "pages/1"], ["pages/2", "pages/3"], ["pages/4"]]);
        await expect(bucket.delete()).rejects.toMatchObject({ code: 409 });
        await bucket.deleteFiles({ versions: true });
        await bucket.delete();
        await expect(bucket.getMetadata()).rejects.toMatchObject({ code: 404, errors: [{ reason: "notFound" }] });
        expect(await judged.emulator.inventory()).toEqual([]);
    });

    it("sends and receives only what Google's descriptions allow", () => {
        // deleteFiles() sends its listing's query parameters with every delete request, even to Google's servers.
        const problems = (judged.report()?.problems ?? []).filter(
            (problem) => !/^DELETE .*\?.*versions=true/.test(problem),
        );
        expect(problems).toEqual([]);
    });
});
