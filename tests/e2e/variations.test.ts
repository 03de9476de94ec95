import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";

// Configs other than the default's, each through a whole rehearsal. It does not prove what Google Cloud makes of an existing
// network, an existing account or a GPU.
jest.setTimeout(120_000);

let project: ProjectCopy;
beforeAll(() => {
    project = copyProject();
});
afterAll(() => project.remove());

async function rehearse(config: Record<string, string>): Promise<{ status: number | null; output: string }> {
    const values = Object.entries(config).flatMap(([key, value]) => ["--config", `${key}=${value}`]);
    const start = ["-r", "ts-node/register/transpile-only", "cli/start/main.ts", "--runtime", "process"];
    const child = spawn(process.execPath, [...start, ...values], { cwd: project.folder });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
            output += text;
        });
    }
    const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { status, output };
}

it("takes an Arm machine, an existing network and account as they are, and leaves the run going without wait", async () => {
    const { status, output } = await rehearse({
        machineType: "c4a-standard-4",
        network: "our-network",
        subnetwork: "projects/demo-project/regions/us-central1/subnetworks/ours",
        serviceAccount: "our-trainer@demo-project.iam.gserviceaccount.com",
        wait: "false",
    });

    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).not.toMatch(/IAMMember|RepositoryIamMember|compute:Network|serviceaccount:Account/);
    expect(output).toContain("continues without this command");
    expect(output).toContain("saved and verified 4 model files");
    expect(output).toContain("Left to bill: nothing.");
});

it("fails at once with debugMinutes, with log and status saved, and says how to get into the VM", async () => {
    const folder = path.join(project.folder, "failing");
    mkdirSync(folder);
    writeFileSync(path.join(folder, "Dockerfile"), "FROM scratch\n");
    writeFileSync(path.join(folder, "package.json"), '{"name":"failing","scripts":{"start":"node fail.js"}}');
    writeFileSync(path.join(folder, "fail.js"), 'console.log("cannot go on");\nprocess.exitCode = 3;\n');

    const { status, output } = await rehearse({ trainer: "failing", debugMinutes: "1000" });

    expect({ status, output }).toMatchObject({ status: 3 });
    expect(output).toMatch(/The VM stays up for debugging until 20\d\d-.*Z:/);
    expect(output).toMatch(/gcloud compute ssh \S+ --project demo-project --zone us-central1-a --tunnel-through-iap/);
    expect(output).toContain("roles/iap.tunnelResourceAccessor");
    expect(output).toMatch(/FAILED; its log and status are in models\/local\//);
    expect(output).toContain("Left to bill: nothing.");
});

it("trains with a GPU in the config, which it says it leaves out", async () => {
    const { status, output } = await rehearse({
        machineType: "n1-standard-4",
        gpuType: "nvidia-tesla-t4",
        gpuCount: "1",
    });

    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toContain("GPU: left out here");
});

it("refuses a GPU that the config rules out, before anything is made", async () => {
    const { status, output } = await rehearse({ machineType: "e2-standard-2", gpuType: "nvidia-l4", gpuCount: "1" });

    expect(status).toBe(1);
    expect(output).toContain("one that has nvidia-l4 built in");
    expect(output).not.toContain("Emulator of Google Cloud");
});
