import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { saveAllRuns } from "../../run/save-all";
import { type RunState, renderStatus } from "../../run/status";
import { FakeBucket, FakeClock, httpError, statusOf } from "./fakes";

let root: string;
beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "save-all-"));
});
afterEach(() => {
    rmSync(root, { recursive: true, force: true });
});

function addRun(bucket: FakeBucket, runId: string, state: RunState): void {
    bucket.put(`runs/${runId}/status.json`, renderStatus({ ...statusOf({ state }), runId }));
    bucket.put(`runs/${runId}/log/1/000000000000.txt`, `log of ${runId}\n`);
    const { sizeBytes, ...stored } = bucket.put(`runs/${runId}/model/model.json`, `{"of":"${runId}"}`);
    if (state === "SUCCEEDED") {
        const items = [{ ...stored, size: String(sizeBytes) }];
        bucket.put(`runs/${runId}/objects.json`, JSON.stringify({ schema: 1, pages: [{ items }] }));
    }
}

async function save(bucket: FakeBucket): Promise<string[]> {
    const printed: string[] = [];
    const context = { bucket, clock: new FakeClock(), print: (line: string) => printed.push(line) };
    await saveAllRuns(context, (runId) => ({ relative: `models/dev/${runId}`, absolute: path.join(root, runId) }));
    return printed;
}

describe("saveAllRuns", () => {
    it("saves the model from successful runs, and the status and log from all runs", async () => {
        const bucket = new FakeBucket();
        addRun(bucket, "r-000000000a", "SUCCEEDED");
        addRun(bucket, "r-000000000b", "FAILED");
        addRun(bucket, "r-000000000c", "RUNNING");

        await expect(save(bucket)).resolves.toEqual([
            "run r-000000000a: saved to models/dev/r-000000000a, 1 file downloaded and verified",
            "run r-000000000b: FAILED; its log and status are in models/dev/r-000000000b",
            "run r-000000000c: not finished (RUNNING); its log and status are in models/dev/r-000000000c",
        ]);
        expect(readdirSync(path.join(root, "r-000000000a")).sort()).toEqual([
            "manifest.json",
            "model.json",
            "status.json",
            "trainer.log",
        ]);
        expect(readdirSync(path.join(root, "r-000000000b")).sort()).toEqual(["status.json", "trainer.log"]);
        expect(readFileSync(path.join(root, "r-000000000c", "trainer.log"), "utf8")).toContain("log of r-000000000c");
    });

    it("saves the TensorBoard logs of every run, and the checkpoints if they are wanted, and downloads each only once", async () => {
        const bucket = new FakeBucket();
        addRun(bucket, "r-000000000b", "TIMED_OUT");
        bucket.put("runs/r-000000000b/logs/events", "scalars");
        bucket.put("runs/r-000000000b/checkpoints/7/weights.bin", "weights");
        const saveAll = async (saveCheckpoints: boolean) => {
            const printed: string[] = [];
            const print = (line: string) => printed.push(line);
            const context = { bucket, clock: new FakeClock(), print, saveCheckpoints };
            await saveAllRuns(context, (runId) => ({
                relative: `models/dev/${runId}`,
                absolute: path.join(root, runId),
            }));
            return printed;
        };
        const file = (name: string) => path.join(root, "r-000000000b", name);

        await saveAll(false);
        expect(readFileSync(file("logs/events"), "utf8")).toBe("scalars");
        expect(existsSync(file("checkpoints"))).toBe(false);

        await expect(saveAll(true)).resolves.toEqual([
            "run r-000000000b: TIMED_OUT; its log, status and 2 files of TensorBoard logs and checkpoints are in models/dev/r-000000000b",
        ]);
        expect(readFileSync(file("checkpoints/7/weights.bin"), "utf8")).toBe("weights");
        expect(bucket.downloads).toEqual([
            "runs/r-000000000b/logs/events",
            "runs/r-000000000b/checkpoints/7/weights.bin",
        ]);
    });

    it("downloads nothing that already passes verification", async () => {
        const bucket = new FakeBucket();
        addRun(bucket, "r-000000000a", "SUCCEEDED");
        await save(bucket);
        bucket.downloads.length = 0;

        await expect(save(bucket)).resolves.toEqual(["run r-000000000a: already in models/dev/r-000000000a, verified"]);
        expect(bucket.downloads).toEqual([]);
    });

    it("names every run that could not be saved, and saves the others", async () => {
        const bucket = new FakeBucket();
        addRun(bucket, "r-000000000a", "SUCCEEDED");
        addRun(bucket, "r-000000000b", "SUCCEEDED");
        addRun(bucket, "r-000000000c", "SUCCEEDED");
        bucket.remove("runs/r-000000000a/model/model.json");
        bucket.remove("runs/r-000000000b/objects.json");

        const failure = save(bucket);
        await expect(failure).rejects.toThrow(/run r-000000000a: The model .* is not what the run wrote/);
        await expect(failure).rejects.toThrow(/run r-000000000b: .*objects\.json is missing/);
        expect(existsSync(path.join(root, "r-000000000c", "manifest.json"))).toBe(true);
    });

    it("does nothing for a deleted bucket, and rethrows other errors", async () => {
        const bucket = new FakeBucket();
        bucket.before = () => {
            throw httpError(404, "The specified bucket does not exist.");
        };
        await expect(save(bucket)).resolves.toEqual([]);
        bucket.before = () => {
            throw httpError(403, "denied");
        };
        await expect(save(bucket)).rejects.toThrow("denied");
    });

    it("ignores folder names that could point outside the results folder", async () => {
        const bucket = new FakeBucket();
        bucket.put("runs/../status.json", renderStatus(statusOf({ state: "FAILED" })));
        bucket.put("runs//status.json", renderStatus(statusOf({ state: "FAILED" })));
        await expect(save(bucket)).resolves.toEqual([]);
        expect(readdirSync(root)).toEqual([]);
    });
});
