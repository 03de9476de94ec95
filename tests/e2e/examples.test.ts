import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CliCommand } from "../helpers/cli-command";
import { codeBlock } from "../helpers/markdown";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";

/** The environment that .ci/python-packages.sh creates. */
const VENV = path.resolve(__dirname, "../../.venv");

let project: ProjectCopy;
beforeAll(() => {
    project = copyProject({ withTrainer: false });
});
afterAll(() => project.remove());

/** The arguments after `npm start --` in the rehearsal command of an example's README. */
function rehearsalOf(example: string): string[] {
    const [, words = ""] =
        /npm start -- ([\s\S]*?)\n(?:\n|$)/.exec(`${codeBlock(`examples/${example}/README.md`, "sh")}\n`) ?? [];
    return words
        .replaceAll("\\\n", " ")
        .split(/\s+/)
        .filter(Boolean)
        .map((word) => word.replaceAll("'", ""));
}

function start(example: string, more: string[] = []): CliCommand {
    const args = ["--runtime", "process", ...rehearsalOf(example), ...more];
    return new CliCommand("start", args, { cwd: project.folder, env: { VIRTUAL_ENV: VENV } });
}

function resultsOf(output: string): string {
    return path.join(project.folder, "models/local", /r-[0-9a-f]{10}/.exec(output)?.[0] ?? "none");
}

/** `it` for a test that needs Python packages. Without them, it is skipped, with the reason in the title. */
function itWithPackages(title: string, modules: string[], test: () => Promise<void>): void {
    const python = path.join(VENV, "bin/python");
    const isReady = spawnSync(python, ["-c", `import ${modules.join(", ")}`], { stdio: "ignore" }).status === 0;
    const skipped = `${title} [skipped: .venv lacks ${modules.join(" or ")} (.ci/python-packages.sh)]`;
    (isReady ? it : it.skip)(isReady ? title : skipped, test);
}

describe("examples/scikit-learn", () => {
    itWithPackages("trains as its README says", ["sklearn", "pandas", "google.cloud.storage"], async () => {
        const { status, output } = await start("scikit-learn").ended;
        expect({ status, output }).toMatchObject({ status: 0 });
        expect(output).toMatch(/Metrics reported by the trainer:\n {2}accuracy +\d/);
        expect(readdirSync(resultsOf(output)).sort()).toEqual([
            "manifest.json",
            "metrics.json",
            "model.joblib",
            "status.json",
            "trainer.log",
        ]);
        expect(output).toContain("Left to bill: nothing.");
    });
});

describe("examples/lightgbm", () => {
    itWithPackages("continues from its checkpoint after a preemption", ["lightgbm", "sklearn", "pandas"], async () => {
        // Large enough that the training takes longer than its log takes to arrive.
        const rows = Array.from(
            { length: 50_000 },
            (_, i) => `${i % 977},${(i * 7) % 1009},${(i % 977) * ((i * 7) % 1009)}`,
        );
        writeFileSync(path.join(project.folder, "rows.csv"), `a,b,y\n${rows.join("\n")}\n`);
        const hyperparameters = 'hyperparameters={"rounds":600,"checkpoint_every":20}';
        const command = start(
            "lightgbm",
            ["dataset=rows.csv", "target=y", hyperparameters].flatMap((value) => ["--config", value]),
        );
        const [, url = ""] = await command.printed(/emulator at (http:\S+)/);
        const [, vm = ""] = await command.printed(/^ {2}\+ VM +(\S+)/m);
        await command.printed(/Saved a checkpoint after round \d+/);
        const [data = ""] = readdirSync(path.join(project.folder, ".emulator"));
        const token = readFileSync(path.join(project.folder, ".emulator", data, "operator-token"), "utf8").trim();
        const instance = `projects/demo-project/zones/us-central1-a/instances/${vm}`;
        const answer = await fetch(`${url}/emulator/v1/${instance}:preempt`, {
            method: "POST",
            headers: { authorization: `Bearer ${token}` },
        });
        expect(answer.status).toBe(200);

        const { status, output } = await command.ended;

        expect({ status, output }).toMatchObject({ status: 0 });
        expect(output).toMatch(/attempt 2: training\n.*Continuing after round \d+0\n/);
        const folder = resultsOf(output);
        expect(JSON.parse(readFileSync(path.join(folder, "metrics.json"), "utf8"))).toMatchObject({ rounds: 600 });
        expect(existsSync(path.join(folder, "checkpoints/model.txt"))).toBe(true);
    });
});

describe("examples/pytorch", () => {
    // PyTorch's wheel for Linux on PyPI needs several gigabytes of CUDA libraries, which is too much for CI.
    itWithPackages("trains and logs for TensorBoard as its README says", ["torch", "tensorboard"], async () => {
        const { status, output } = await start("pytorch").ended;
        expect({ status, output }).toMatchObject({ status: 0 });
        expect(output).toMatch(/Epoch 30: loss/);
        const logs = readdirSync(path.join(resultsOf(output), "logs"));
        expect(logs).toEqual([expect.stringMatching(/^events\.out\.tfevents/)]);
    });
});

it.each(readdirSync(path.resolve(__dirname, "../../examples")))(
    "examples/%s has valid Python and a README of one screen",
    (name) => {
        const folder = path.resolve(__dirname, "../../examples", name);
        const check = "import ast, sys; ast.parse(open(sys.argv[1]).read())";
        expect(spawnSync("python3", ["-c", check, path.join(folder, "train.py")], { encoding: "utf8" })).toMatchObject({
            status: 0,
            stderr: "",
        });
        expect(readFileSync(path.join(folder, "README.md"), "utf8").split("\n").length).toBeLessThanOrEqual(40);
    },
);
