import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { JudgedEmulator } from "./judge";
import { describeWithPython, runPython } from "./python";

type Results = Readonly<Record<string, unknown>>;

describeWithPython("google-cloud-storage (Python)", () => {
    let judged: JudgedEmulator;
    let folder: string;
    let results: Results;

    beforeAll(async () => {
        judged = await JudgedEmulator.start();
        folder = await mkdtemp(path.join(tmpdir(), "python-storage-"));
        judged.recorder.interruptNext({
            matches: ({ method, headers }) => method === "PUT" && /^bytes 262144-/.test(headers["content-range"] ?? ""),
            afterBytes: 100_000,
        });
        judged.recorder.corruptNext(({ url }) => /^\/download\/.*spoilt/.test(url ?? ""));
        results = await runPython<Results>("storage_life.py", [judged.url, folder]);
    });
    afterAll(async () => {
        await judged?.stop();
        await rm(folder, { recursive: true, force: true });
    });

    it("creates, changes and finds a bucket", () => {
        expect(results.bucket).toEqual({
            location: "US-CENTRAL1",
            labels: { stack: "dev" },
            lifecycle: [{ action: { type: "Delete" }, condition: { daysSinceNoncurrentTime: 1 } }],
            listed: ["python-bucket"],
            taken: [409, "conflict"],
            patched: { stack: "prod" },
        });
    });

    it("completes a chunked upload if the connection breaks during the second chunk, and verifies checksums", () => {
        expect(judged.recorder.interrupted).toBe(1);
        expect(results.upload).toEqual({
            size: 525_288,
            md5: true,
            generation: true,
            downloaded: true,
            spoilt: "DataCorruption",
            chunked: true,
        });
        expect(results["wrong checksum"]).toEqual([400, null]);
    });

    it("reads byte ranges", () => {
        expect(results.ranges).toEqual([true, true, 416]);
    });

    it("respects preconditions, and reads older generations", () => {
        expect(results.preconditions).toEqual({
            stale: [412, null],
            exists: [412, null],
            read: [412, null],
            old: "{}",
        });
    });

    it("copies, rewrites and composes objects with unusual names", () => {
        expect(results.objects).toEqual({
            metadata: { run: "r-1" },
            copied: '{"a":1}',
            missing: [null, false, [404, null]],
            composed: [2, '{"a":1}{"a":1}'],
            slashes: "odd",
            rewritten: [null, 7, 7],
        });
    });

    it("lists objects page by page and folder by folder", () => {
        expect(results.pages).toEqual([["pages/0", "pages/1"], ["pages/2", "pages/3"], ["pages/4"]]);
        expect(results.tree).toEqual([[], ["data/", "pages/", "runs/"]]);
    });

    it("changes the IAM policy, but rejects a stale one", () => {
        expect(results.policy).toEqual({
            condition: "data",
            stale: [412, "conditionNotMet"],
            held: ["storage.objects.get"],
        });
    });

    it("deletes a bucket once it is empty", async () => {
        expect(results["not empty"]).toEqual([409, "conflict"]);
        expect(results.gone).toEqual([null, [404, "notFound"]]);
        expect(await judged.emulator.inventory()).toEqual([]);
    });

    it("sends and receives only what Google's descriptions allow", () => {
        expect(judged.report()).toMatchObject({ problems: [] });
    });
});
