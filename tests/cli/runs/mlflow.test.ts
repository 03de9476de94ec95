import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { writeMlflow } from "../../../cli/runs/mlflow";
import { describeRun } from "../../../run/saved-runs";

const PYTHON = path.resolve(__dirname, "../../../.venv/bin/python");
const hasMlflow = spawnSync(PYTHON, ["-c", "import mlflow"], { stdio: "ignore" }).status === 0;
const title = "can be read by the real package";

let root: string;
beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "mlflow-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const SCRIPT = `
import json, sys
from mlflow.tracking import MlflowClient
client = MlflowClient(tracking_uri="file://" + sys.argv[1])
experiment = client.get_experiment_by_name("gcp-trainer dev")
runs = client.search_runs([experiment.experiment_id], order_by=["metrics.accuracy DESC"])
print(json.dumps([{
    "name": run.info.run_name, "status": run.info.status, "params": run.data.params, "metrics": run.data.metrics,
    "id": run.data.tags["gcp-trainer.runId"], "seconds": (run.info.end_time - run.info.start_time) / 1000,
    "files": sorted(file.path for file in client.list_artifacts(run.info.run_id)),
} for run in runs]))
`;

describe("the export to MLflow's file format", () => {
    (hasMlflow ? it : it.skip)(
        hasMlflow ? title : `${title} [skipped: .venv lacks mlflow (.ci/python-packages.sh)]`,
        async () => {
            const results = path.join(root, "models/dev");
            mkdirSync(path.join(results, "r-000000000a"), { recursive: true });
            writeFileSync(path.join(results, "r-000000000a/model.json"), "{}");
            const describe = (id: string, state: string, runName: string | undefined, accuracy: number) =>
                describeRun(id, {
                    status: { state, startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:02:00Z" },
                    manifest: { runName, hyperparameters: { maxDepth: 3, "odd/../name": "x" }, target: "Species" },
                    metrics: { accuracy },
                    hasReport: false,
                });
            const runs = [
                describe("r-000000000a", "SUCCEEDED", "first", 0.9),
                describe("r-000000000b", "FAILED", undefined, 0.5),
            ];

            // The second time, nothing changes.
            for (const _time of ["first", "second"]) {
                await writeMlflow(runs, "gcp-trainer dev", path.join(root, "mlruns"), results);
            }

            const read = execFileSync(PYTHON, ["-c", SCRIPT, path.join(root, "mlruns")], {
                encoding: "utf8",
                env: { ...process.env, MLFLOW_ALLOW_FILE_STORE: "true" },
                stdio: ["ignore", "pipe", "pipe"],
            });
            const params = { maxDepth: "3", "odd_.._name": "x", target: "Species" };
            expect(JSON.parse(read.trim().split("\n").at(-1) ?? "")).toEqual([
                {
                    name: "first",
                    status: "FINISHED",
                    params,
                    metrics: { accuracy: 0.9 },
                    id: "r-000000000a",
                    seconds: 120,
                    files: ["model.json"],
                },
                {
                    name: "r-000000000b",
                    status: "FAILED",
                    params,
                    metrics: { accuracy: 0.5 },
                    id: "r-000000000b",
                    seconds: 120,
                    files: [],
                },
            ]);
        },
    );
});
