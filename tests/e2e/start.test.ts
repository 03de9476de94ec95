import {
    chmodSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    realpathSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { CliCommand } from "../helpers/cli-command";
import { BASE_IMAGE_ARGS, describeWithDocker, docker } from "../helpers/docker";
import { codeBlock } from "../helpers/markdown";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";

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

/** The command `npm start`. */
const start = (args: string[]) => new CliCommand("start", args, { cwd: project.folder }).ended;

function runIdIn(output: string): string {
    return output.match(/r-[0-9a-f]{10}/)?.[0] ?? "none";
}

function expectNothingLeft(output: string): void {
    expect(output).toContain("Left to bill: nothing.");
    expect(readdirSync(path.join(project.folder, ".emulator"))).toEqual([]);
}

/**
 * Lines that a document shows but that are missing from the output or appear there in a different order. Ids, ports and
 * times may differ, and `…` stands for any lines.
 */
function linesMissing(output: string, shown: string): string[] {
    const linesOf = (text: string) =>
        text
            .replaceAll(/\br-[0-9a-f]{10}\b/g, "r-ID")
            .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
            .replaceAll(/\d+\.\d s\b/g, "N s")
            .split("\n");
    const lines = linesOf(output);
    let next = 0;
    return linesOf(shown)
        .filter((line) => !["", "…"].includes(line.trim()))
        .filter((line) => {
            const position = lines.indexOf(line, next);
            next = position < 0 ? next : position + 1;
            return position < 0;
        });
}

const asProcess = ["--runtime", "process"];

describe("npm start", () => {
    it("trains on iris, saves the model and leaves nothing behind", async () => {
        const { status, output } = await new CliCommand("start", asProcess, { cwd: project.folder }).ended;
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
        const ending = output.trimEnd().split("\n").slice(-5);
        expect(ending).toEqual([
            expect.stringMatching(/^accuracy: 0\.9\d+$/),
            `Report: ${pathToFileURL(realpathSync(path.join(project.folder, folder, "report.html"))).href}`,
            `Model: ${folder}/model.json`,
            expect.stringMatching(/^Price: \$0\.\d{4} an hour, at most \$\d\.\d\d \(example amounts\)$/),
            expect.stringMatching(/^Rehearsed in .* s\. To train on Google Cloud: npx pulumi up -s dev$/),
        ]);
        expect(JSON.parse(read(`${folder}/metrics.json`)).accuracy).toBeGreaterThanOrEqual(0.9);
        expect(JSON.parse(read(`${folder}/status.json`))).toMatchObject({
            state: "SUCCEEDED",
            exitCode: 0,
            attempt: 1,
        });
        expect(read(`${folder}/trainer.log`)).toContain("150 rows");
        const [, up = "", down = ""] = output.split(/^pulumi (?:up|destroy), rehearsed:$/m);
        const shownBy = (sign: string) => (sign === "+" ? up : down);
        const listed = (sign: string) => [...shownBy(sign).matchAll(/^ {2}[+-] (\S+)/gm)].map((line) => line[1]);
        // One line for each part of the stack.
        const parts = ["APIs", "VM", "bucket", "cleanup", "dataset", "identity", "image", "network", "run"];
        expect([listed("+").sort(), listed("-").sort()]).toEqual([parts, parts]);
        expectNothingLeft(output);
        const shown = codeBlock("README.md", "text");
        expect(shown).toContain("pulumi up, rehearsed:");
        expect(linesMissing(output, shown)).toEqual([]);
    });

    it("fails with the trainer's exit code, reason and last log lines", async () => {
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

    it("reports every config error before creating anything", async () => {
        const args = ["dataset=nothing.csv", "maxRunMinutes=10abc"].flatMap((value) => ["--config", value]);
        const { status, output } = await start([...asProcess, ...args]);
        expect({ status, output }).toMatchObject({ status: 1 });
        expect(output).toContain("`gcp-trainer:maxRunMinutes` must be an integer");
        expect(output).toContain("`gcp-trainer:dataset` must be a readable, non-empty file");
        expect(output).not.toContain("+ gcp:");
        expect(output).not.toContain("    at ");
    });

    it("shows every resource with --verbose, and reports a trainer that succeeds without writing a model", async () => {
        write("idle/package.json", '{"scripts":{"start":"node train.js"}}');
        write("idle/train.js", "");
        write("idle/Dockerfile", "FROM scratch\n");
        const { status, output } = await start([...asProcess, "--verbose", "trainer=idle"]);
        expect({ status, output }).toMatchObject({ status: 1 });
        for (const [sign, resource] of ["+", "-"].flatMap((each) => [
            [each, "Bucket"],
            [each, "BucketObject"],
        ])) {
            expect(output).toMatch(new RegExp(`^ {2}\\${sign} gcp:storage:${resource} +trainer-data`, "m"));
        }
        expect(output).toContain("error: the trainer succeeded but wrote no model; it must write under the gs:// URI");
        expect(output).not.toContain("    at ");
        expectNothingLeft(output);
    });

    it("keeps the bucket if the results cannot be saved, as pulumi destroy does", async () => {
        write("spoiling/package.json", '{"scripts":{"start":"node train.js"}}');
        write("spoiling/train.js", 'require("node:fs").writeFileSync("../spoiled", "");');
        write("spoiling/Dockerfile", "FROM scratch\n");
        const { status, output } = await start([
            ...asProcess,
            "--config",
            "trainer=spoiling",
            "--config",
            "resultsDir=spoiled",
        ]);
        expect({ status, output }).toMatchObject({ status: 1 });
        expect(output).toContain("results could not be saved");
        expect(output).toMatch(/Left behind:\n[\s\S]*bucket/);
        expect(output).not.toContain("Left to bill: nothing");
        expect(output).not.toContain("- gcp:storage:Bucket ");
    });

    it("accepts key=value without --config, which is what npm passes on for npm start --config key=value", async () => {
        const { status, output } = await start([...asProcess, "dataset=nothing.csv", "maxRunMinutes=5"]);
        expect({ status, output }).toMatchObject({ status: 1 });
        expect(output).toContain("`gcp-trainer:dataset` must be a readable, non-empty file");
    });

    it("reports a missing bash before anything is created", async () => {
        const folder = mkdtempSync(path.join(tmpdir(), "no-bash-"));
        writeFileSync(path.join(folder, "bash"), "");
        chmodSync(path.join(folder, "bash"), 0o755);
        const env = { PATH: folder + path.delimiter + process.env.PATH };
        const { status, output } = await new CliCommand("start", asProcess, { cwd: project.folder, env }).ended;
        rmSync(folder, { recursive: true });
        expect({ status, output }).toMatchObject({ status: 1 });
        expect(output).toContain("A rehearsal needs bash, but bash --version does not work");
        expect(output).not.toContain("+ gcp:");
    });

    it("reports that the emulator cannot read a dataset in a bucket", async () => {
        const { status, output } = await start([...asProcess, "--config", "dataset=gs://some-bucket/data.csv"]);
        expect({ status, output }).toMatchObject({ status: 1 });
        expect(output).toMatch(/error: .*the emulator starts empty and has no gs:\/\/some-bucket\/data\.csv/);
        expectNothingLeft(output);
    });

    it("reports that a trainer without a start script needs Docker", async () => {
        write("python/Dockerfile", "FROM scratch\n");
        write("python/train.py", "print(1)\n");
        const { status, output } = await start([...asProcess, "--config", "trainer=python"]);
        expect({ status, output }).toMatchObject({ status: 1 });
        expect(output).toMatch(/start.* script[\s\S]*Docker/);
        expectNothingLeft(output);
    });

    it.each([
        ["while the emulator starts", /VM: /],
        ["while resources are created", /pulumi up, rehearsed/],
        ["while the trainer runs", /attempt 1: training/],
    ])("cleans up after Ctrl-C %s", async (_when, sign) => {
        write("endless/package.json", '{"scripts":{"start":"node train.js"}}');
        write("endless/train.js", 'setInterval(() => console.log("epoch"), 1000);');
        write("endless/Dockerfile", "FROM scratch\n");
        const command = new CliCommand("start", [...asProcess, "--config", "trainer=endless"], { cwd: project.folder });
        await command.printed(sign);
        command.kill("SIGINT");
        const { status, output } = await command.ended;
        expect({ status, output }).toMatchObject({ status: 130 });
        expect(output).not.toContain("Left behind");
        expect(readdirSync(path.join(project.folder, ".emulator"))).toEqual([]);
    });

    it("saves the results and cleans up even if the reader of its output ends, such as head", async () => {
        const command = new CliCommand("start", asProcess, { cwd: project.folder });
        const [runId = ""] = await command.printed(/r-[0-9a-f]{10}/);
        rmSync(path.join(project.folder, "models/local", runId), { recursive: true, force: true });
        command.closeStdout();

        expect(await command.ended).toMatchObject({ status: 0, stderr: "" });
        expect(existsSync(path.join(project.folder, "models/local", runId, "model.json"))).toBe(true);
        expect(readdirSync(path.join(project.folder, ".emulator"))).toEqual([]);
    });

    it.each([
        [["--runtime", "vm"], '--runtime must be docker or process; got "vm"'],
        [["--config", "target"], '--config must be key=value; got "target"'],
        [["target"], '"target" must be key=value (npm start -- --help)'],
        [["--stack", "dev"], "--stack"],
    ])("rejects %j with a one-line error", async (args, message) => {
        const { status, output } = await start(args);
        expect(status).toBe(1);
        expect(output).toContain(message);
        expect(output.trim().split("\n")).toHaveLength(1);
    });
});

it("prints its usage to standard output for npm start --help", async () => {
    const { status, stdout, stderr } = await start(["--help"]);

    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Usage: npm start -- [options] [key=value ...]");
});

describeWithDocker("npm start -- --runtime docker", () => {
    it("builds and runs the trainer's image, and leaves neither a container nor a tag behind", async () => {
        const startedAt = Math.floor(Date.now() / 1000);
        const { status, output } = await start(["--runtime", "docker", "--config", `trainerBuildArgs=${buildArgs()}`]);
        expect({ status, output }).toMatchObject({ status: 0 });
        const built = output.match(/built by the Docker engine: (?<id>sha256:[0-9a-f]{12})/)?.groups?.id ?? "no image";
        const until = Math.ceil(Date.now() / 1000);
        const ran = docker(
            ...["events", "--since", `${startedAt}`, "--until", `${until}`, "--filter", "event=create"],
            ...["--filter", "type=container", "--format", "{{.Actor.Attributes.name}} {{.Actor.Attributes.image}}"],
        ).split("\n");
        expect(ran.filter((line) => line.includes(runIdIn(output)))).toEqual([expect.stringContaining(built)]);
        expect(existsSync(path.join(project.folder, `models/local/${runIdIn(output)}/model.json`))).toBe(true);
        expectNothingLeft(output);
    });
});

/** The `--build-arg NAME=VALUE` pairs in the format of the config. */
function buildArgs(): string {
    const pairs = BASE_IMAGE_ARGS.filter((arg) => arg.includes("=")).map((arg) => arg.split("=") as [string, string]);
    return JSON.stringify(Object.fromEntries(pairs));
}
