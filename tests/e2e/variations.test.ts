import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** The names of the runs whose results were saved. */
function runs(): string[] {
    const folder = path.join(project.folder, "models/local");
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith("r-")) : [];
}

function rehearse(config: Record<string, string>, options: readonly string[] = []): Promise<EndedCommand> {
    const values = Object.entries(config).flatMap(([key, value]) => ["--config", `${key}=${value}`]);
    return new CliCommand("start", ["--runtime", "process", ...options, ...values], { cwd: project.folder }).ended;
}

it("uses an Arm machine and an existing network and service account and, with wait: false, does not wait for the run", async () => {
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

it("reports an invalid value in the dataset before anything is created", async () => {
    const iris = readFileSync(path.join(project.folder, "data/iris.csv"), "utf8");
    writeFileSync(path.join(project.folder, "bad.csv"), iris.replace("\n76,6.6,", "\n76,wide,"));

    const { status, output } = await rehearse({ dataset: "bad.csv" });

    expect({ status, output }).toMatchObject({ status: 1 });
    expect(output).toMatch(/bad\.csv row 77, column "SepalLengthCm": "wide"/);
    expect(output).not.toContain("pulumi up, rehearsed:");
});

it("with debugMinutes, says how to open a shell on the VM of a failed run", async () => {
    const trainer = path.join(project.folder, "failing");
    mkdirSync(trainer);
    writeFileSync(path.join(trainer, "package.json"), '{"scripts":{"start":"node train.js"}}');
    writeFileSync(path.join(trainer, "train.js"), "process.exit(65);");
    writeFileSync(path.join(trainer, "Dockerfile"), "FROM scratch\n");

    const { status, output } = await rehearse({ trainer: "failing", debugMinutes: "1000" });

    expect({ status, output }).toMatchObject({ status: 65 });
    expect(output).toMatch(/The VM stays up for debugging until 20\d\d-.*Z:/);
    expect(output).toMatch(/gcloud compute ssh \S+ --project demo-project --zone us-central1-a --tunnel-through-iap/);
    expect(output).toContain("roles/iap.tunnelResourceAccessor");
    expect(output).toMatch(/FAILED; its log and status are in models\/local\//);
    expect(output).toContain("Left to bill: nothing.");
});

it("ignores the GPU in the config, says so, and trains on another dataset with a different run id", async () => {
    const before = runs();
    const rows = Array.from({ length: 60 }, (_, i) => `${i % 7},${i % 2 ? "flat" : "house"},${(i % 7) * 1000.5 + i}`);
    writeFileSync(path.join(project.folder, "houses.csv"), `rooms,kind,price\r\n${rows.join("\r\n")}\r\n`);

    const { status, output } = await rehearse({
        machineType: "n1-standard-4",
        gpuType: "nvidia-tesla-t4",
        gpuCount: "1",
        dataset: "houses.csv",
        target: "price",
    });

    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toContain("GPU: left out here");
    const [run = "none", ...others] = runs().filter((name) => !before.includes(name));
    expect([output.includes(run), others]).toEqual([true, []]);
    const metrics = readFileSync(path.join(project.folder, "models/local", run, "metrics.json"), "utf8");
    expect(JSON.parse(metrics)).toMatchObject({ task: "regression", rows: 60 });
});

it("rejects an impossible GPU before creating anything", async () => {
    const { status, output } = await rehearse({ machineType: "e2-standard-2", gpuType: "nvidia-l4", gpuCount: "1" });

    expect(status).toBe(1);
    expect(output).toContain("a machine type that has nvidia-l4 built in");
    expect(output).not.toContain("Google Cloud emulator");
});

it("trains an array of five tasks with one model, where each task has its own share, log and status", async () => {
    const folder = path.join(project.folder, "array");
    mkdirSync(folder);
    writeFileSync(path.join(folder, "package.json"), '{"scripts":{"start":"node train.js"}}');
    writeFileSync(path.join(folder, "Dockerfile"), "FROM scratch\n");
    writeFileSync(
        path.join(folder, "train.js"),
        `const { BATCH_TASK_INDEX: index, BATCH_TASK_COUNT: count, AIP_MODEL_DIR, STORAGE_EMULATOR_HOST } = process.env;
const [, bucket, prefix] = /^gs:..([^/]+).(.*)$/.exec(AIP_MODEL_DIR);
const query = new URLSearchParams({ uploadType: "media", name: prefix + "part-" + index + ".txt" });
fetch(STORAGE_EMULATOR_HOST + "/upload/storage/v1/b/" + bucket + "/o?" + query, { method: "POST", body: "share " + index })
    .then(({ ok }) => { console.log("share", index, "of", count); process.exit(ok ? 0 : 1); });
`,
    );
    rmSync(path.join(project.folder, "models/local"), { recursive: true, force: true });

    const { status, output } = await rehearse({ engine: "batch", trainer: "array", tasks: "5", parallelism: "5" });

    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toContain("5 of 5 tasks are done");
    expect(output).toContain("Left to bill: nothing.");
    const [run = "none"] = runs();
    for (const index of [0, 1, 2, 3, 4]) {
        const read = (name: string) => readFileSync(path.join(project.folder, "models/local", run, name), "utf8");
        expect(read(`part-${index}.txt`)).toBe(`share ${index}`);
        expect(read(`tasks/${index}/trainer.log`)).toContain(`share ${index} of 5`);
        expect(JSON.parse(read(`tasks/${index}/status.json`))).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
    }
});

describe("a dataset of several objects in a bucket", () => {
    const dataset = "gs://sales/2026/part-*.csv";
    let folder: string;
    beforeAll(() => {
        const [header = "", ...rows] = readFileSync(path.join(project.folder, "data/iris.csv"), "utf8")
            .trim()
            .split("\n");
        folder = path.join(project.folder, "parts");
        mkdirSync(folder);
        for (const part of [0, 1, 2]) {
            const own = rows.filter((_, index) => index % 3 === part);
            writeFileSync(path.join(folder, `part-${part}.csv`), [header, ...own, ""].join("\n"));
        }
        writeFileSync(path.join(folder, "notes.txt"), "not data");
    });

    it.each(["vm", "batch"])("is read by generation with engine %s, and recorded in the manifest", async (engine) => {
        rmSync(path.join(project.folder, "models/local"), { recursive: true, force: true });
        const { status, output } = await rehearse({ engine, dataset }, ["--dataset-from", "parts"]);

        expect({ status, output }).toMatchObject({ status: 0 });
        expect(output).toContain("Assumed to exist: gs://sales, with 4 objects from this machine");
        expect(output).toContain(`Read ${dataset}: 150 rows`);
        expect(output).toContain("Left to bill: nothing.");
        const [run = "none"] = runs();
        const manifest = readFileSync(path.join(project.folder, "models/local", run, "manifest.json"), "utf8");
        expect(JSON.parse(manifest).dataset).toMatchObject({
            uri: dataset,
            objects: [0, 1, 2].map((part) => ({
                name: `2026/part-${part}.csv`,
                generation: expect.stringMatching(/^\d+$/),
            })),
        });
    });

    it("is reported before anything is created if no object matches", async () => {
        const { status, output } = await rehearse({ dataset: "gs://sales/*.json" }, ["--dataset-from", "parts"]);

        expect({ status, output }).toMatchObject({ status: 1 });
        expect(output).toContain(
            '`gcp-trainer:dataset` must match at least one object; got "gs://sales/*.json", which matches none',
        );
        expect(output).not.toContain("pulumi up, rehearsed:");
    });

    it("needs files that stand in for it", async () => {
        const { status, output } = await rehearse({ dataset });

        expect({ status, output }).toMatchObject({ status: 1 });
        expect(output).toContain(`A rehearsal of the dataset ${dataset} needs files that stand in for its objects`);
        expect(output).not.toContain("Google Cloud emulator at");
    });
});
