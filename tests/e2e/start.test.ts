import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { BASE_IMAGE_ARGS, describeWithDocker, docker } from "../helpers/docker";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";

/** A rehearsal takes some ten seconds; a machine under load gets its time. */
jest.setTimeout(120_000);

let project: ProjectCopy;
beforeAll(() => {
    project = copyProject();
});
afterAll(() => project.remove());

const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(project.folder, name)), { recursive: true });
    writeFileSync(path.join(project.folder, name), text);
};
const read = (name: string) => readFileSync(path.join(project.folder, name), "utf8");

/** What package.json's `start` script runs. */
async function start(
    args: string[],
    onOutput?: (output: string, child: ChildProcess) => void,
): Promise<{ status: number | null; output: string }> {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: { start: string } };
    const [, ...script] = scripts.start.split(" ");
    const child = spawn(process.execPath, [...script, ...args], { cwd: project.folder });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
            output += text;
            onOutput?.(output, child);
        });
    }
    const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { status, output };
}

function runIdIn(output: string): string {
    return output.match(/r-[0-9a-f]{10}/)?.[0] ?? "none";
}

function expectNothingLeft(output: string): void {
    expect(output).toContain("Left to bill: nothing.");
    expect(readdirSync(path.join(project.folder, ".emulator"))).toEqual([]);
}

const asProcess = ["--runtime", "process"];

describe("npm start", () => {
    it("trains on iris, brings the model home and leaves nothing", async () => {
        const { status, output } = await start(asProcess);
        expect({ status, output }).toMatchObject({ status: 0 });
        const folder = `models/local/${runIdIn(output)}`;
        expect(readdirSync(path.join(project.folder, folder)).sort()).toEqual([
            "manifest.json",
            "metrics.json",
            "model.json",
            "model.onnx",
            "report.html",
            "status.json",
            "trainer.log",
        ]);
        expect(output).toContain(`\nReport: ${path.join(folder, "report.html")}\n`);
        expect(JSON.parse(read(`${folder}/metrics.json`)).accuracy).toBeGreaterThanOrEqual(0.9);
        expect(JSON.parse(read(`${folder}/status.json`))).toMatchObject({
            state: "SUCCEEDED",
            exitCode: 0,
            attempt: 1,
        });
        expect(read(`${folder}/trainer.log`)).toContain("150 rows");
        const listed = (sign: string) =>
            [...output.matchAll(/^ {2}([+-]) (\S+) +(\S+)/gm)]
                .filter((line) => line[1] === sign)
                .map((line) => line[3]);
        // The APIs stay on.
        const apis = listed("+").filter((name) => name?.startsWith("trainer-apis-"));
        expect([...listed("-"), ...apis].sort()).toEqual(listed("+").sort());
        expect(apis).toHaveLength(5);
        expectNothingLeft(output);
    });

    it("trains on another dataset under another run id", async () => {
        const rows = Array.from(
            { length: 60 },
            (_, i) => `${i % 7},${i % 2 ? "flat" : "house"},${(i % 7) * 1000.5 + i}`,
        );
        write("houses.csv", `rooms,kind,price\r\n${rows.join("\r\n")}\r\n`);
        const args = ["dataset=houses.csv", "target=price"].flatMap((value) => ["--config", value]);
        const { status, output } = await start([...asProcess, ...args]);
        expect({ status, output }).toMatchObject({ status: 0 });
        const runs = readdirSync(path.join(project.folder, "models/local"));
        expect(runs).toHaveLength(2);
        expect(JSON.parse(read(`models/local/${runIdIn(output)}/metrics.json`))).toMatchObject({
            task: "regression",
            rows: 60,
        });
    });

    it("fails with the trainer's exit code, reason and last lines", async () => {
        write("failing/package.json", '{"scripts":{"start":"node train.js"}}');
        write("failing/train.js", 'console.log("epoch 1"); console.error("no such layer"); process.exit(3);');
        write("failing/Dockerfile", "FROM scratch\n");
        const { status, output } = await start([...asProcess, "--config", "trainer=failing"]);
        expect({ status, output }).toMatchObject({ status: 3 });
        expect(output).toMatch(/error: .*exit code 3/);
        expect(output.slice(output.indexOf("error:"))).toContain("| epoch 1\n| no such layer");
        expect(output).not.toContain("warning:");
        for (const advice of ["you can leave now", "`pulumi up` tries again", "gcloud storage cat"]) {
            expect(output).not.toContain(advice);
        }
        expectNothingLeft(output);
    });

    it("names row and column of a bad value in the dataset", async () => {
        write("bad.csv", read("data/iris.csv").replace("\n76,6.6,", "\n76,wide,"));
        const { status, output } = await start([...asProcess, "--config", "dataset=bad.csv"]);
        expect({ status, output }).toMatchObject({ status: 65 });
        expect(output).toMatch(/bad\.csv row 77, column "SepalLengthCm": "wide"/);
    });

    it("tells all that is wrong with the config before it makes anything", async () => {
        const args = ["dataset=nothing.csv", "maxRunMinutes=10abc"].flatMap((value) => ["--config", value]);
        const { status, output } = await start([...asProcess, ...args]);
        expect({ status, output }).toMatchObject({ status: 1 });
        expect(output).toContain("`gcp-trainer:maxRunMinutes` must be an integer");
        expect(output).toContain("`gcp-trainer:dataset` must be a file that can be read");
        expect(output).not.toContain("+ gcp:");
        expect(output).not.toContain("    at ");
    });

    it("says what to do when the trainer ends well and wrote no model", async () => {
        write("idle/package.json", '{"scripts":{"start":"node train.js"}}');
        write("idle/train.js", "");
        write("idle/Dockerfile", "FROM scratch\n");
        const { status, output } = await start([...asProcess, "--config", "trainer=idle"]);
        expect({ status, output }).toMatchObject({ status: 1 });
        expect(output).toContain(
            "error: the trainer ended well and wrote no model; it has to write under the gs:// URI",
        );
        expect(output).not.toContain("    at ");
        expectNothingLeft(output);
    });

    it("says that the emulator has no dataset in a bucket", async () => {
        const { status, output } = await start([...asProcess, "--config", "dataset=gs://some-bucket/data.csv"]);
        expect({ status, output }).toMatchObject({ status: 1 });
        expect(output).toMatch(/error: .*the emulator begins empty and has no gs:\/\/some-bucket\/data\.csv/);
        expectNothingLeft(output);
    });

    it("says that a trainer without a start script needs Docker", async () => {
        write("python/Dockerfile", "FROM scratch\n");
        write("python/train.py", "print(1)\n");
        const { status, output } = await start([...asProcess, "--config", "trainer=python"]);
        expect({ status, output }).toMatchObject({ status: 1 });
        expect(output).toMatch(/start.* script[\s\S]*Docker/);
        expectNothingLeft(output);
    });

    it.each([
        ["while the emulator starts", "VM: "],
        ["while the resources are made", "pulumi up, rehearsed"],
        ["while the trainer runs", "attempt 1: training"],
    ])("takes everything down at Ctrl-C %s", async (_when, sign) => {
        write("endless/package.json", '{"scripts":{"start":"node train.js"}}');
        write("endless/train.js", 'setInterval(() => console.log("epoch"), 1000);');
        write("endless/Dockerfile", "FROM scratch\n");
        let isSent = false;
        const { status, output } = await start([...asProcess, "--config", "trainer=endless"], (text, child) => {
            if (isSent || !text.includes(sign)) {
                return;
            }
            isSent = true;
            child.kill("SIGINT");
        });
        expect({ status, output }).toMatchObject({ status: 130 });
        expect(output).not.toContain("Left behind");
        expect(readdirSync(path.join(project.folder, ".emulator"))).toEqual([]);
    });

    it.each([
        [["--runtime", "vm"], '--runtime must be docker or process; got "vm"'],
        [["--config", "target"], '--config must be key=value; got "target"'],
        [["--stack", "dev"], "--stack"],
    ])("refuses %j in one line", async (args, message) => {
        const { status, output } = await start(args);
        expect(status).toBe(1);
        expect(output).toContain(message);
        expect(output.trim().split("\n")).toHaveLength(1);
    });
});

describeWithDocker("npm start -- --runtime docker", () => {
    it("builds the trainer's image, runs that image and leaves neither container nor tag", async () => {
        const began = Math.floor(Date.now() / 1000);
        const { status, output } = await start(["--runtime", "docker", "--config", `trainerBuildArgs=${buildArgs()}`]);
        expect({ status, output }).toMatchObject({ status: 0 });
        const built = output.match(/built by the Docker engine: (?<id>sha256:[0-9a-f]{12})/)?.groups?.id ?? "no image";
        const until = Math.ceil(Date.now() / 1000);
        const ran = docker(
            ...["events", "--since", `${began}`, "--until", `${until}`, "--filter", "event=create"],
            ...["--filter", "type=container", "--format", "{{.Actor.Attributes.name}} {{.Actor.Attributes.image}}"],
        ).split("\n");
        expect(ran.filter((line) => line.includes(runIdIn(output)))).toEqual([expect.stringContaining(built)]);
        expect(existsSync(path.join(project.folder, `models/local/${runIdIn(output)}/model.json`))).toBe(true);
        expectNothingLeft(output);
    });
});

/** `--build-arg NAME=VALUE` pairs as the config has them. */
function buildArgs(): string {
    const pairs = BASE_IMAGE_ARGS.filter((arg) => arg.includes("=")).map((arg) => arg.split("=") as [string, string]);
    return JSON.stringify(Object.fromEntries(pairs));
}
