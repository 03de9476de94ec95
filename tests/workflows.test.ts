import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";

const { jobs } = parse(readFileSync("template/project/github/workflows/preview.yml", "utf8")) as {
    jobs: { preview: { steps: { name?: string; run: string }[] } };
};
const reason = spawnSync("jq", ["--version"]).status === 0 ? "" : " [skipped: jq is missing]";

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "workflow-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

(reason === "" ? it : it.skip)(`the comment on a pull request shows rounded metrics${reason}`, () => {
    const run = path.join(folder, "models/local/r-0123456789");
    mkdirSync(run, { recursive: true });
    const metrics = { schema: 1, seed: 7, accuracy: 0.9666666666, rows: 123456, rmse: 1234.56789, loss: -0.000123456 };
    writeFileSync(path.join(run, "metrics.json"), JSON.stringify({ ...metrics, zero: 0, task: "classification" }));
    const step = jobs.preview.steps.find(({ name }) => name === "Write the comment");

    const env = { ...process.env, GITHUB_STEP_SUMMARY: path.join(folder, "summary.md") };
    execFileSync("bash", ["-e", "-c", step?.run ?? "exit 1"], { cwd: folder, env });

    const rows = readFileSync(path.join(folder, "comment.md"), "utf8").split("\n").slice(2).filter(Boolean);
    expect(rows).toEqual([
        "| metric | value |",
        "| --- | ---: |",
        "| accuracy | 0.96667 |",
        "| rows | 123456 |",
        "| rmse | 1234.6 |",
        "| loss | -0.00012346 |",
        "| zero | 0 |",
    ]);
});
