import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseConfig } from "../../infra/config";
import { ConfigError, pulumiCommand, renderIssue } from "../../infra/config/issues";
import { filesOf, type ProjectFiles } from "../../infra/config/project-files";

const GCP = { project: "my-project", region: "us-central1", zone: "us-central1-a" };
const DIGEST = `sha256:${"a".repeat(64)}`;
const FILES = ["data/iris.csv", "trainer/Dockerfile", "own/Dockerfile", "train.py", "requirements.txt"];

function filesIn(names: readonly string[]): ProjectFiles {
    return {
        state: (file) => (names.includes(file) ? "file" : "missing"),
        dataset: () => [],
        hasBuiltInTrainer: (folder) => folder === "trainer",
    };
}

function problems(values: Record<string, string>, files: ProjectFiles = filesIn(FILES), gcp = GCP): string[] {
    try {
        parseConfig({ namespace: "gcp-trainer", values, gcp }, files);
        return [];
    } catch (error) {
        if (error instanceof ConfigError) {
            return error.issues.map((issue) => renderIssue(issue, pulumiCommand));
        }
        throw error;
    }
}

describe("the trainer in a config", () => {
    it.each([
        ["image", "train:1", "` must be <registry>/<path>:<tag> or <registry>/<path>@sha256:<64 hex digits>"],
        ["image", "us-docker.pkg.dev/p/r/train", "` must be <registry>/<path>:<tag> or"],
        ["image", "us-docker.pkg.dev/p/r/train@sha256:abc", "` must be <registry>/<path>:<tag> or"],
        ["image", "ghcr.io/me/train:1", "` must end in @sha256:<digest>; only a tag in Artifact Registry"],
        ["script", "train.ipynb", "` must be a Python file with a name that ends in .py"],
    ])("is reported as invalid: %s = %s", (key, value, problem) => {
        expect(problems({ [key]: value })).toEqual([expect.stringContaining(`\`gcp-trainer:${key}${problem}`)]);
    });

    it.each<[title: string, values: Record<string, string>, problem: string]>([
        [
            "a script and a folder",
            { script: "train.py", trainer: "own" },
            "`gcp-trainer:script` must not be set together with trainer, because both specify the trainer",
        ],
        [
            "an image and a script",
            { image: "us-docker.pkg.dev/p/r/train:1", script: "train.py" },
            "`gcp-trainer:image` must not be set together with script",
        ],
        [
            "requirements without a script",
            { requirements: "requirements.txt" },
            "`gcp-trainer:requirements` must be set together with script",
        ],
        [
            "an image from the internet without internet access",
            { image: `ghcr.io/me/train@${DIGEST}` },
            "`gcp-trainer:externalIp` must be true to pull from a registry that is not Google's; got false (npx pulumi config set externalIp true)",
        ],
    ])("is reported as contradictory: %s", (_title, values, problem) => {
        expect(problems(values)).toEqual([expect.stringContaining(problem)]);
    });

    it.each([
        { trainer: "own" },
        { script: "train.py", requirements: "requirements.txt" },
        { image: "europe-west4-docker.pkg.dev/my-project/images/deep/train:v1.2" },
        { image: `us.gcr.io/p/train@${DIGEST}` },
        { image: `us-docker.pkg.dev/p/r/train:v1@${DIGEST}` },
        { image: `ghcr.io/me/train@${DIGEST}`, externalIp: "true" },
    ])("needs no target unless it is the built-in one: %j", (values) => {
        expect(problems({ ...values, target: "" })).toEqual([]);
    });

    it("is reported if its files do not exist", () => {
        expect(problems({ script: "none.py", requirements: "none.txt" })).toEqual([
            '`gcp-trainer:script` must be a Python file; found nothing; got "none.py" (npx pulumi config set script train.py)',
            '`gcp-trainer:requirements` must be a file for pip; found nothing; got "none.txt" (npx pulumi config set requirements requirements.txt)',
        ]);
    });

    it("is reported if its folder does not exist", () => {
        expect(problems({ trainer: "nowhere" })).toEqual([expect.stringContaining("found nothing; got")]);
    });

    it("needs no folder if it is a script or an image", () => {
        const files = filesIn(["data/iris.csv", "train.py"]);
        expect(problems({ script: "train.py" }, files)).toEqual([]);
        expect(problems({ image: "us-docker.pkg.dev/p/r/train:1" }, files)).toEqual([]);
    });
});

it("a placeholder instead of a project id is reported", () => {
    expect(problems({}, filesIn(FILES), { ...GCP, project: "my-project-id" })).toEqual([
        '`gcp:project` must be the id of your own project, which replaces this placeholder; got "my-project-id" (npx pulumi config set gcp:project PROJECT)',
    ]);
});

describe("the results folder", () => {
    let root: string;
    beforeEach(() => {
        root = mkdtempSync(path.join(tmpdir(), "trainer-config-"));
        for (const name of ["data/iris.csv", "trainer/Dockerfile"]) {
            mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
            writeFileSync(path.join(root, name), "x");
        }
    });
    afterEach(() => rmSync(root, { recursive: true }));

    it("is reported before anything is created if files cannot be written there", () => {
        writeFileSync(path.join(root, "models"), "");
        expect(problems({}, filesOf(root))).toEqual([
            `\`gcp-trainer:resultsDir\` must be a writable folder; ${path.join(root, "models")} is a file; got "models" (npx pulumi config set resultsDir models)`,
        ]);
        expect(problems({ resultsDir: "models/deep" }, filesOf(root))).toHaveLength(1);
    });

    it("is created when it is needed", () => {
        expect(problems({ resultsDir: "new/models" }, filesOf(root))).toEqual([]);
    });
});
