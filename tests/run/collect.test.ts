import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { collectRun } from "../../run/collect";
import { ownTag } from "../../run/own-temporary";
import { tagOfKilledProcess } from "../helpers/killed-process";
import { inTemporaryFolder } from "./collecting";
import { type FakeBucket, FakeClock, runId } from "./fakes";
import { bucketWith, model, provenance, status } from "./successful-run";

const { root, folder, read, collect } = inTemporaryFolder({ provenance });

describe("collecting a run", () => {
    it("downloads the model, log and status, and writes the log and a manifest to the bucket", async () => {
        const bucket = bucketWith({
            "metrics.json": '{"accuracy":0.97}',
            "trees/0/tree.bin": Buffer.from([0, 255, 10]),
        });

        await expect(collect(bucket)).resolves.toEqual({
            metrics: { accuracy: 0.97 },
            downloadedCount: 2,
            objectCount: 2,
            extraCount: 0,
            hasReport: false,
            isSweep: false,
        });

        expect(readdirSync(folder()).sort()).toEqual([
            "manifest.json",
            "metrics.json",
            "status.json",
            "trainer.log",
            "trees",
        ]);
        expect([...readFileSync(path.join(folder(), "trees/0/tree.bin"))]).toEqual([0, 255, 10]);
        expect(JSON.parse(read("status.json"))).toEqual(status);
        expect(read("trainer.log").replace(/from \S+ to \S+/g, "from T to T")).toBe(
            "===== attempt 1, logged from T to T =====\nepoch 1\nkilled here\n" +
                "===== attempt 2, logged from T to T =====\nepoch 2\ndone\n",
        );
        expect(bucket.text(`runs/${runId}/trainer.log`)).toBe(read("trainer.log"));
        expect(bucket.text(`runs/${runId}/manifest.json`)).toBe(read("manifest.json"));
        expect(bucket.writes.at(-1)).toBe(`runs/${runId}/manifest.json`);
    });

    it("writes the run's provenance and results to the manifest", async () => {
        await collect(bucketWith({ "metrics.json": '{"accuracy":0.97}' }));

        expect(JSON.parse(read("manifest.json"))).toMatchObject({
            schema: 1,
            runId,
            state: "SUCCEEDED",
            attempts: 2,
            dataset: { uri: provenance.datasetUri, generation: "17", md5Hash: "bWQ1", crc32c: null },
            imageDigest: "sha256:abc",
            hyperparameters: { maxDepth: 4 },
            target: "species",
            dropColumns: ["id"],
            env: ["TOKEN"],
            metrics: { accuracy: 0.97 },
            machine: { type: "e2-small", provisioning: "spot", zone: "us-central1-a", instance: "iris-vm" },
            timings: { seconds: 120, attempts: [{ attempt: 1 }, { attempt: 2 }] },
            objects: [{ name: `${model}/metrics.json`, path: "metrics.json", sizeBytes: 17, generation: "1" }],
        });
    });

    it("downloads TensorBoard logs, and checkpoints only if they are wanted", async () => {
        const bucket = bucketWith({ "model.json": "{}" });
        bucket.put(`runs/${runId}/logs/train/events.1`, "scalars");
        bucket.put(`runs/${runId}/logs/empty/`, "");
        bucket.put(`runs/${runId}/checkpoints/3.pt`, "weights");

        await expect(collect(bucket)).resolves.toMatchObject({ objectCount: 1, extraCount: 1, downloadedCount: 2 });
        expect(read("logs/train/events.1")).toBe("scalars");
        expect(existsSync(path.join(folder(), "checkpoints"))).toBe(false);
        const manifest = read("manifest.json");
        expect(JSON.parse(manifest).objects).toHaveLength(1);

        bucket.downloads.length = 0;
        const context = { bucket, clock: new FakeClock(), print: () => undefined, saveCheckpoints: true };
        await expect(collectRun(context, { status, folder: folder() })).resolves.toMatchObject({ extraCount: 2 });
        expect(bucket.downloads).toEqual([`runs/${runId}/checkpoints/3.pt`]);
        expect(read("checkpoints/3.pt")).toBe("weights");
        expect(read("manifest.json")).toBe(manifest);
    });

    it("determines whether the model has a report", async () => {
        await expect(collect(bucketWith({ "report.html": "<!DOCTYPE html>" }))).resolves.toMatchObject({
            hasReport: true,
        });
        await expect(collect(bucketWith({ "plots/report.html": "" }))).resolves.toMatchObject({ hasReport: false });
    });

    it("downloads and writes nothing if all files exist and pass verification", async () => {
        const bucket = bucketWith({ "model.json": "{}" });
        await collect(bucket);
        bucket.downloads.length = 0;
        bucket.writes.length = 0;

        await expect(collect(bucket)).resolves.toMatchObject({ downloadedCount: 0, objectCount: 1 });
        expect(bucket.downloads).toEqual([]);
        expect(bucket.writes).toEqual([]);
    });

    it("downloads only missing or changed files, and keeps the user's own files", async () => {
        const bucket = bucketWith({ "a.json": "{}", "b.json": "[]", "metrics.json": '{"n":1}' });
        await collect(bucket);
        writeFileSync(path.join(folder(), "b.json"), "[1]");
        rmSync(path.join(folder(), "trainer.log"));
        writeFileSync(path.join(folder(), "notes.txt"), "mine");
        bucket.downloads.length = 0;
        const printed: string[] = [];

        await expect(collect(bucket, printed)).resolves.toMatchObject({ downloadedCount: 1, metrics: { n: 1 } });

        expect(bucket.downloads).toEqual([`${model}/b.json`]);
        expect(read("b.json")).toBe("[]");
        expect(read("trainer.log")).toContain("attempt 2");
        expect(read("notes.txt")).toBe("mine");
        expect(printed.join()).toContain("b.json");
    });

    it("uses the manifest in the bucket if there is one, so that every machine has the same one", async () => {
        const bucket = bucketWith({ "model.json": "{}" });
        await collect(bucket);
        const manifest = read("manifest.json");
        rmSync(path.join(root(), "models"), { recursive: true });

        await collectRun({ bucket, clock: new FakeClock(), print: () => undefined }, { status, folder: folder() });
        expect(read("manifest.json")).toBe(manifest);
    });

    it("uses another machine's manifest if that machine was the first to write one", async () => {
        const bucket = bucketWith({ "model.json": "{}" });
        const [stored] = await bucket.list(`${model}/`);
        const theirs = JSON.stringify({ schema: 1, runId, objects: [{ ...stored, path: "model.json" }], by: "them" });
        bucket.before = (operation, name) => {
            if (operation === "write" && name.endsWith("manifest.json")) {
                bucket.put(name, theirs);
            }
        };
        await collect(bucket);
        expect(read("manifest.json")).toBe(theirs);
    });

    it.each([
        ["that of another run", (text: string) => text.replaceAll(runId, "r-ffffffffff")],
        ["one that lists other objects", (text: string) => text.replace(/"crc32c": ".*"/, '"crc32c": "AAAAAA=="')],
        ["truncated", (text: string) => text.slice(0, text.length / 2)],
        ["not a manifest", () => "<!doctype html>"],
    ])("replaces a manifest in the bucket that is %s", async (_what, change) => {
        const bucket = bucketWith({ "model.json": "{}" });
        await collect(bucket);
        const manifest = read("manifest.json");
        bucket.put(`runs/${runId}/manifest.json`, change(manifest));

        await collect(bucket);

        expect(JSON.parse(read("manifest.json"))).toMatchObject({ runId, objects: JSON.parse(manifest).objects });
        expect(bucket.text(`runs/${runId}/manifest.json`)).toBe(read("manifest.json"));
    });

    it("leaves nothing behind after a failed download, and starts no further downloads", async () => {
        const files = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`part-${index}.bin`, `${index}`]));
        const bucket = bucketWith(files);
        let count = 0;
        bucket.before = (operation) => {
            if (operation === "download" && ++count === 3) {
                throw new Error("socket hang up");
            }
        };

        await expect(collect(bucket)).rejects.toThrow("socket hang up");
        expect(readdirSync(path.join(root(), "models", "dev"))).toEqual([]);
        expect(count).toBeLessThan(10);
        expect(bucket.text(`runs/${runId}/manifest.json`)).toBeUndefined();
    });

    it("rejects a download whose bytes differ from those that the run wrote", async () => {
        const bucket = bucketWith({ "model.json": "{}" });
        const original = bucket.read.bind(bucket);
        bucket.read = async (object) => (object.name.endsWith("model.json") ? Buffer.from("[]") : original(object));

        await expect(collect(bucket)).rejects.toThrow(
            /model\.json failed verification: its CRC32C is \S+ instead of \S+/,
        );
        expect(existsSync(folder())).toBe(false);
    });

    it.each([
        ["was deleted", (bucket: FakeBucket) => bucket.remove(`${model}/a.json`), "a.json is gone"],
        [
            "was overwritten",
            (bucket: FakeBucket) => void bucket.put(`${model}/a.json`, "{}"),
            /a\.json is generation \d+/,
        ],
    ])("rejects a model if one of its objects %s after the run", async (_what, change, message) => {
        const bucket = bucketWith({ "a.json": "{}", "b.json": "{}" });
        change(bucket);

        await expect(collect(bucket)).rejects.toThrow(message);
        expect(bucket.downloads).toEqual([]);
        expect(existsSync(folder())).toBe(false);
    });

    it("rejects a run whose listing is missing or has an unsupported version", async () => {
        const bucket = bucketWith({});
        bucket.remove(`runs/${runId}/objects.json`);
        await expect(collect(bucket)).rejects.toThrow("objects.json is missing, so the model");
        bucket.put(`runs/${runId}/objects.json`, '{"schema":2}');
        await expect(collect(bucket)).rejects.toThrow("is not a listing with schema 1");
    });

    it.each([
        ["is truncated", '{"schema":1,"pages":[{"items":[{"na'],
        ["contains a web page", '{"schema":1,"pages":[<!doctype html>]}'],
        ["contains an error", '{"schema":1,"pages":[{"error":{"code":503}}]}'],
        ["has an object without hashes", '{"schema":1,"pages":[{"items":[{"name":"x"}]}]}'],
        ["has no pages", '{"schema":1}'],
        ["is empty", ""],
    ])("lists the objects again, and says so, if the listing %s", async (_what, text) => {
        const bucket = bucketWith({ "model.json": "{}" });
        bucket.put(`runs/${runId}/objects.json`, text);
        const printed: string[] = [];

        await expect(collect(bucket, printed)).resolves.toMatchObject({ objectCount: 1, downloadedCount: 1 });

        expect(read("model.json")).toBe("{}");
        expect(printed.join()).toContain("objects.json is incomplete");
    });

    it("lists the objects once more before it rejects a model", async () => {
        const bucket = bucketWith({ "model.json": "{}" });
        const list = bucket.list.bind(bucket);
        let damaged = 1;
        bucket.list = async (...args) =>
            (await list(...args)).filter(({ name }) => !name.endsWith("model.json") || damaged-- <= 0);

        await expect(collect(bucket)).resolves.toMatchObject({ objectCount: 1 });
    });

    it("keeps trainer files separate from the waiter's own files with the same name", async () => {
        await collect(bucketWith({ "manifest.json": '{"theirs":true}', "sub/trainer.log": "x" }));
        expect(read("model/manifest.json")).toBe('{"theirs":true}');
        expect(JSON.parse(read("manifest.json"))).toHaveProperty("runId", runId);
        expect(read("sub/trainer.log")).toBe("x");
    });

    it("ignores the empty objects that represent folders in the console", async () => {
        await expect(collect(bucketWith({ "sub/": "", "sub/a.txt": "a" }))).resolves.toMatchObject({ objectCount: 1 });
        expect(read("sub/a.txt")).toBe("a");
    });

    it.each([
        ["not an object", undefined],
        ["a list", "[1]"],
        ["not JSON", "accuracy: 1"],
    ])("returns no metrics if metrics.json is %s", async (_what, content) => {
        const files: Record<string, string> = content === undefined ? {} : { "metrics.json": content };
        await expect(collect(bucketWith(files))).resolves.toMatchObject({ metrics: {} });
    });

    it("reports that the trainer did not write a model", async () => {
        const printed: string[] = [];
        await collect(bucketWith({}), printed);
        expect(printed.join()).toContain(`wrote no model: found nothing under gs://demo-bucket/${model}/`);
    });

    it("removes files left by killed processes, but not those of a process that may still be running", async () => {
        const parent = path.join(root(), "models", "dev");
        const own = ownTag() ?? "";
        const gone = await tagOfKilledProcess();
        const add = (suffix: string) =>
            mkdirSync(path.join(parent, `.${runId}.partial-${suffix}`), { recursive: true });
        for (const suffix of [`${gone}-a`, `${own}-b`, "old", "new", `${gone.replace(/^m\w+/, "m000000000000")}-c`]) {
            add(suffix);
        }
        utimesSync(path.join(parent, `.${runId}.partial-old`), 0, 0);
        const bucket = bucketWith({ "a.json": "{}" });

        await collect(bucket);
        const kept = [`${own}-b`, "new", `${gone.replace(/^m\w+/, "m000000000000")}-c`];
        const names = kept.map((name) => `.${runId}.partial-${name}`);
        expect(readdirSync(parent).sort()).toEqual([...names, "index.html", runId].sort());
        add(`${gone}-again`);
        await expect(collect(bucket)).resolves.toMatchObject({ downloadedCount: 0 });
        expect(readdirSync(parent)).not.toContain(`.${runId}.partial-${gone}-again`);
    });
});
