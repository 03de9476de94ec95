import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CliCommand, type EndedCommand } from "../helpers/cli-command";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";

// These rehearsals use configs other than the default. They do not prove how Google Cloud handles an existing network,
// an existing service account or a GPU.

let project: ProjectCopy;
beforeAll(() => {
    project = copyProject();
});
afterAll(() => project.remove());

function rehearse(config: Record<string, string>): Promise<EndedCommand> {
    const values = Object.entries(config).flatMap(([key, value]) => ["--config", `${key}=${value}`]);
    return new CliCommand("start", ["--runtime", "process", ...values], { cwd: project.folder }).ended;
}

it("uses an Arm machine and an existing network and service account, and does not wait for the run with wait: false", async () => {
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

it("fails immediately with debugMinutes, saves log and status, and prints the command that opens a shell on the VM", async () => {
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

it("ignores the GPU in the config, and says so", async () => {
    const { status, output } = await rehearse({
        machineType: "n1-standard-4",
        gpuType: "nvidia-tesla-t4",
        gpuCount: "1",
    });

    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toContain("GPU: left out here");
});

it("rejects an impossible GPU before creating anything", async () => {
    const { status, output } = await rehearse({ machineType: "e2-standard-2", gpuType: "nvidia-l4", gpuCount: "1" });

    expect(status).toBe(1);
    expect(output).toContain("a machine type that has nvidia-l4 built in");
    expect(output).not.toContain("Google Cloud emulator");
});
