import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { reasonWithoutDocker } from "../../emulator/test/docker";
import { withPythonTrainer } from "../../infra/config/python-trainer";
import { CliCommand } from "../helpers/cli-command";
import { docker } from "../helpers/docker";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";

// The image for a Python file is built on Debian's Python, because CI has no registry, and its package is a wheel in
// that image. The tests do not prove that the default image, python:3.13-slim-trixie, is available.
const DEBIAN = "gcp-trainer-base/systemd:local";
const BASE = `gcp-trainer-test/python:${process.pid}`;
const VENV = path.resolve(__dirname, "../../.venv/lib");

/** pip's folder in .venv, which Debian's image lacks. */
const pip = (existsSync(VENV) ? readdirSync(VENV) : [])
    .map((version) => path.join(VENV, version, "site-packages/pip"))
    .find((folder) => existsSync(folder));
const reason = pip === undefined ? ".venv is missing (.ci/python-packages.sh)" : reasonWithoutDocker([DEBIAN]);
const title = "a Python file without a Dockerfile";

const TRAIN = `
import os, sys, urllib.parse, urllib.request
import helper, tiny
print("unbuffered:", os.environ.get("PYTHONUNBUFFERED"), "tiny:", tiny.VERSION, "helper:", helper.NAME, sys.argv[1:])
bucket, _, prefix = os.environ["AIP_MODEL_DIR"].removeprefix("gs://").partition("/")
for name, content in {"model.txt": "v1", "metrics.json": '{"accuracy": 0.5}'}.items():
    query = urllib.parse.urlencode({"uploadType": "media", "name": prefix + name})
    url = f"{os.environ['STORAGE_EMULATOR_HOST']}/upload/storage/v1/b/{bucket}/o?{query}"
    urllib.request.urlopen(urllib.request.Request(url, content.encode(), method="POST"))
`;
const WHEEL = `
import zipfile
with zipfile.ZipFile("tiny-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tiny.py", "VERSION = '1.0'")
    wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
    wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("tiny-1.0.dist-info/RECORD", "")
`;

(reason === undefined ? describe : describe.skip)(
    reason === undefined ? title : `${title} [skipped: ${reason}]`,
    () => {
        let project: ProjectCopy;
        let folder: string;

        beforeAll(() => {
            project = copyProject({ withTrainer: false });
            folder = mkdtempSync(path.join(tmpdir(), "python-image-"));
            cpSync(pip ?? "", path.join(folder, "pip"), { recursive: true });
            spawnSync("python3", ["-c", WHEEL], { cwd: folder });
            writeFileSync(
                path.join(folder, "Dockerfile"),
                `FROM ${DEBIAN}\nCOPY pip /usr/lib/python3/dist-packages/pip\nCOPY tiny-1.0-py3-none-any.whl /wheels/\n`,
            );
            docker("build", "--tag", BASE, folder);
            mkdirSync(path.join(project.folder, "job"));
            const files = {
                "train.py": TRAIN,
                "helper.py": 'NAME = "next to it"',
                "requirements.txt": "--no-index\n--find-links /wheels\ntiny\n",
            };
            for (const [name, content] of Object.entries(files)) {
                writeFileSync(path.join(project.folder, "job", name), content);
            }
        });
        afterAll(() => {
            docker("image", "rm", "--force", BASE);
            project.remove();
            rmSync(folder, { recursive: true, force: true });
        });

        it("trains in an image with its packages and the modules next to it", async () => {
            const config = {
                script: "job/train.py",
                requirements: "job/requirements.txt",
                trainerBuildArgs: JSON.stringify({ PYTHON_IMAGE: BASE }),
                hyperparameters: '{"depth":3}',
            };
            const values = Object.entries(config).flatMap(([key, value]) => ["--config", `${key}=${value}`]);

            const { status, output } = await new CliCommand("start", ["--runtime", "docker", ...values], {
                cwd: project.folder,
            }).ended;

            expect({ status, output }).toMatchObject({ status: 0 });
            expect(output).toContain("| unbuffered: 1 tiny: 1.0 helper: next to it ['--depth=3', '--target=Species']");
            expect(output).toMatch(/Metrics reported by the trainer:\n {2}accuracy +0\.5\n/);
            expect(output).toContain("Left to bill: nothing.");
        });

        it("is rebuilt without installing its packages again if only the script changes", () => {
            const config = { script: "job/train.py", requirements: "job/requirements.txt", trainer: "" };
            const build = () => {
                const context = path.join(project.folder, withPythonTrainer(config, project.folder, "dev").trainer);
                const args = ["build", "--build-arg", `PYTHON_IMAGE=${BASE}`, context];
                const { status, stdout, stderr } = spawnSync("docker", args, { encoding: "utf8" });
                expect({ status, stderr }).toMatchObject({ status: 0 });
                return stdout + stderr;
            };
            build();
            const script = path.join(project.folder, "job/train.py");
            writeFileSync(script, `${readFileSync(script, "utf8")}# changed\n`);

            const output = build();

            // The classic builder and BuildKit report a cached layer in different words.
            expect(output).toMatch(/RUN set --;[\s\S]*?(---> Using cache|CACHED)|CACHED \[packages \d\/\d\] RUN/);
        });
    },
);
