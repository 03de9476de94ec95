import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CliCommand, type EndedCommand } from "../helpers/cli-command";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";

let project: ProjectCopy;
beforeAll(() => {
    project = copyProject();
    const manifest = path.join(project.folder, "package.json");
    const { scripts, ...rest } = JSON.parse(readFileSync(manifest, "utf8"));
    scripts.busy = "node -r ts-node/register/transpile-only tests/e2e/start-on-busy-cloud.ts";
    writeFileSync(manifest, JSON.stringify({ ...rest, scripts }));
});
afterAll(() => project.remove());

function rehearse(config: Record<string, string>, env: Record<string, string>): Promise<EndedCommand> {
    const values = Object.entries(config).map(([key, value]) => `${key}=${value}`);
    return new CliCommand("busy", ["--runtime", "process", ...values], { cwd: project.folder, env }).ended;
}

/** The manifest of the run whose id is in the output. */
function manifestIn(output: string): { attempts: number; machine: object; cost: Record<string, unknown> } {
    const run = /saved and verified .* in (models\/local\/r-[0-9a-f]{10})/.exec(output)?.[1] ?? "";
    return JSON.parse(readFileSync(path.join(project.folder, run, "manifest.json"), "utf8"));
}

it("automatically trains in the next zone if the first one is out of stock", async () => {
    const { status, output } = await rehearse({ zones: "any" }, { STOCK_OUTS: "us-central1-a" });

    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output.match(/us-central1-a is out of stock; trying again, as npm run up does/g)).toHaveLength(1);
    expect(output).toMatch(/us-central1-a had no capacity for the VM .*; it will be in us-central1-b/);
    expect(manifestIn(output).machine).toMatchObject({ zone: "us-central1-b" });
    expect(output).toContain("Left to bill: nothing.");
});

it("tries every zone once", async () => {
    const zones = ["us-central1-a", "us-central1-b"];
    const { status, output } = await rehearse({ zones: JSON.stringify(zones) }, { STOCK_OUTS: zones.join(",") });

    expect(status).toBe(1);
    expect(output.match(/is out of stock; trying again/g)).toHaveLength(2);
    expect(output).toMatch(/error: .*does not have enough resources available to fulfill the request/);
    expect(output).toContain("Left to bill: nothing.");
});

it("does not try again if the stack has only one zone", async () => {
    const { status, output } = await rehearse({}, { STOCK_OUTS: "us-central1-a" });

    expect(status).toBe(1);
    expect(output).not.toContain("trying again");
    expect(output).toMatch(/error: .*does not have enough resources available to fulfill the request/);
});

it("finishes a run on a standard VM if its spot VMs keep being preempted", async () => {
    const trainer = path.join(project.folder, "waiting");
    const starts = path.join(project.folder, "starts");
    mkdirSync(trainer);
    writeFileSync(path.join(trainer, "package.json"), '{"scripts":{"start":"node train.js"}}');
    // Only the third attempt ends by itself.
    writeFileSync(
        path.join(trainer, "train.js"),
        `const { appendFileSync, readFileSync } = require("node:fs");
        appendFileSync(${JSON.stringify(starts)}, "started\\n");
        const started = readFileSync(${JSON.stringify(starts)}, "utf8").split("\\n").length - 1;
        console.log("start " + started);
        const [, , bucket, ...folder] = process.env.AIP_MODEL_DIR.split("/");
        const name = encodeURIComponent(folder.join("/") + "model.txt");
        const upload = "/upload/storage/v1/b/" + bucket + "/o?uploadType=media&name=" + name;
        const finish = () => fetch(process.env.STORAGE_EMULATOR_HOST + upload, { method: "POST", body: "done" });
        setTimeout(finish, started < 3 ? 600000 : 0);`,
    );
    writeFileSync(path.join(trainer, "Dockerfile"), "FROM scratch\n");

    const config = { trainer: "waiting", provisioning: "spot", spotFallback: "standard" };
    const { status, output } = await rehearse(config, { STARTS: starts });

    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output.match(/preempting a SPOT VM/g)).toHaveLength(2);
    expect(output).toContain(
        "With `engine: batch`, an interrupted run continues by itself. Another attempt costs $0.0",
    );
    expect(output).toContain("the last attempt of the run needs a standard VM; trying again, as npm run up does");
    const { attempts, machine, cost } = manifestIn(output);
    expect({ attempts, machine }).toMatchObject({ attempts: 3, machine: { provisioning: "standard" } });
    const [, spotUsd] = /Another attempt costs \$([\d.]+) an hour/.exec(output) ?? [];
    expect(Number(cost.hourlyUsd)).toBeGreaterThan(Number(spotUsd));
    expect(output).toContain("Left to bill: nothing.");
});
