import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { findPulumi } from "../../cli/shared/stored-runs/pulumi";
import { runProvider } from "../../cli/start/provider-host";
import { startTestBucket } from "../../emulator/src/testing";
import { putRun } from "../cli/shared/test-project";
import { Consumer, type Registered } from "./consumer";
import { PROGRAM } from "./consumer-program";

const ROOT = path.resolve(__dirname, "..", "..");

// These tests use the component as another Pulumi program does: packed, installed by npm, loaded by plain Node.js. They
// prove neither that Google Cloud grants what the program requests nor that npm's registry accepts the package.
const consumer = new Consumer();

/** A Pulumi program in TypeScript. It expects one type error, which proves that the types exist and are checked. */
const TYPED_PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { TrainingJob, type TrainingJobArgs } from "gcp-trainer";

const args: TrainingJobArgs = {
    ...{ project: "my-project", region: "us-central1", zone: "us-central1-a" },
    dataset: "data.csv",
    trainer: "trainer",
    hyperparameters: pulumi.output({ maxDepth: 3, ratio: 0.5, columns: ["a"] }),
    provisioning: "spot",
};
const job = new TrainingJob("job", args, { protect: false });
// @ts-expect-error no such output
job.accuracy;

export const model: pulumi.Output<string> = job.modelUri;
export const metrics: pulumi.Output<Record<string, unknown>> = job.metrics;
`;

/** The documentation's example. */
const DOCUMENTED_PROGRAM =
    /```ts\n([^`]+)```/.exec(readFileSync(path.join(ROOT, "docs", "component.md"), "utf8"))?.[1] ?? "no example";

let registered: Registered[];
/** The output of `init`, and the files that it created. */
let initialized: string;
let created: string[];

beforeAll(async () => {
    const tarball = await consumer.pack();
    initialized = await consumer.init(tarball, "my-project", "--yes", "--language", "python");
    created = readdirSync(consumer.folder);
    await consumer.init(tarball, "template", "--yes", "--language", "python", "--template");
    await consumer.install();
    consumer.write("data.csv", "x,y\n1,a\n2,b\n");
    consumer.write("program.js", PROGRAM);
    consumer.write("typed.ts", TYPED_PROGRAM);
    consumer.write("documented.ts", DOCUMENTED_PROGRAM);
    registered = JSON.parse(await consumer.run("program.js")) as Registered[];
});
afterAll(() => consumer.remove());

/** Inputs of the only resource with this type and name. */
function inputsOf(type: string, name: string): Record<string, unknown> {
    const found = registered.filter((each) => each.type === type && each.name === name);
    expect(found).toHaveLength(1);
    return found[0]?.inputs ?? {};
}

describe("the package", () => {
    it("contains compiled code, the VM's files, the built-in trainer, the template and documents, but no sources", () => {
        const kinds = [...new Set(consumer.packed.map((file) => file.replace(/^((?:dist|docs)\/[^/]+)\/.*/, "$1/")))];

        expect(kinds.filter((kind) => !/^docs\//.test(kind)).sort()).toEqual([
            "CHANGELOG.md",
            "LICENSE",
            "README.md",
            "dist/Pulumi.local.yaml",
            "dist/boot/",
            "dist/built-in-trainer/",
            "dist/cli/",
            "dist/emulator/",
            "dist/infra/",
            "dist/run/",
            "dist/template/",
            "dist/trainer/",
            "emulator/README.md",
            "emulator/docs/systemd-runtime.md",
            "package.json",
            "trainer/README.md",
        ]);
        expect(consumer.packed).toEqual(
            expect.arrayContaining([
                "dist/boot/boot.sh",
                "dist/boot/gcp-trainer.service",
                "dist/cli/gcp-trainer.js",
                "dist/infra/index.d.ts",
                "dist/infra/config/index.d.ts",
                "dist/emulator/src/vm/systemd/root/usr/local/sbin/emulator-init",
                "docs/configuration.md",
            ]),
        );
        // Only tests load it.
        expect(consumer.packed).not.toContain("dist/emulator/src/testing.js");
        const sources = consumer.packed.filter((file) => /\.ts$/.test(file) && !/\.d\.ts$/.test(file));
        expect(sources).toEqual(["dist/template/project/index.ts"]);
    });

    it("uses the program's own Pulumi SDK, and does not install what only tests need", () => {
        const modules = path.join(consumer.folder, "node_modules");

        expect(existsSync(path.join(modules, "gcp-trainer", "node_modules", "@pulumi", "pulumi"))).toBe(false);
        for (const name of ["jest", "@swc/core", "fast-check", "playwright-core", "@google-cloud/compute", "esbuild"]) {
            expect(existsSync(path.join(modules, name))).toBe(false);
        }
    });

    it("has no scripts that npm would have users review before it installs the package", () => {
        const { scripts } = JSON.parse(consumer.installed("package.json")) as { scripts: Record<string, string> };

        // https://docs.npmjs.com/cli/v11/commands/npm-install-scripts
        expect(Object.keys(scripts)).not.toContainEqual(expect.stringMatching(/^(pre|post)?install$|^prepare$/));
    });

    it("depends on exactly the packages that its code imports", () => {
        const { dependencies } = JSON.parse(consumer.installed("package.json")) as {
            dependencies: Record<string, string>;
        };
        const isCode = (file: string) => file.endsWith(".js") && !file.startsWith("dist/template/");
        const sources = consumer.packed.filter(isCode).map((file) => consumer.installed(file));
        const imported = sources
            .flatMap((text) =>
                [...text.matchAll(/(?:require|import)\("([^."][^"]*)"\)/g)].map((match) => match[1] ?? ""),
            )
            .filter((name) => !name.startsWith("node:"))
            .map((name) => (name.startsWith("@") ? name.split("/").slice(0, 2).join("/") : (name.split("/")[0] ?? "")));

        expect([...new Set(imported)].sort()).toEqual(Object.keys(dependencies).sort());
    });

    it("builds the image of the built-in trainer from its bundle, on the same base as this repository's", () => {
        const baseOf = (text: string) => /^ARG RUNTIME_IMAGE=.*$/m.exec(text)?.[0];
        const dockerfile = consumer.installed("dist/built-in-trainer/Dockerfile");

        expect(baseOf(dockerfile)).toBe(baseOf(readFileSync(path.join(ROOT, "trainer/Dockerfile"), "utf8")));
        expect(dockerfile).toContain("COPY train.cjs LICENSE.txt /trainer/\n");
        expect(dockerfile).not.toContain("--from=");
        expect(consumer.packed.filter((file) => file.startsWith("dist/built-in-trainer/")).sort()).toEqual([
            "dist/built-in-trainer/Dockerfile",
            "dist/built-in-trainer/LICENSE.txt",
            "dist/built-in-trainer/package.json",
            "dist/built-in-trainer/train.cjs",
        ]);
        // The check of the config and the dataset recognises it by its name.
        const { name } = JSON.parse(consumer.installed("dist/built-in-trainer/package.json")) as { name: string };
        expect(name).toBe(JSON.parse(readFileSync(path.join(ROOT, "trainer/package.json"), "utf8")).name);
    });
});

/** Environment variables that make every Docker engine unreachable. */
const WITHOUT_DOCKER = { DOCKER_HOST: "unix:///nonexistent/docker.sock", DOCKER_CONTEXT: "" };

/** A Python environment with the packages of the template's trainer. */
const VENV = path.join(ROOT, ".venv/bin");
const hasPackages =
    spawnSync(path.join(VENV, "python3"), ["-c", "import google.cloud.storage, joblib, pandas, sklearn"]).status === 0;

describe("the project that init creates", () => {
    it("consists of at most eight files and folders, an index.ts of at most ten lines, and its own copy of the package", () => {
        const visible = created.filter((name) => !name.startsWith(".")).sort();

        expect(visible).toEqual([
            "Pulumi.dev.yaml",
            "Pulumi.yaml",
            "README.md",
            "data",
            "index.ts",
            "package.json",
            "trainer",
            "tsconfig.json",
        ]);
        expect(initialized).toContain("cd my-project && npm install && npm start");
        expect(readFileSync(path.join(consumer.folder, "index.ts"), "utf8").trimEnd().split("\n").length).toBeLessThan(
            11,
        );
        const { dependencies } = JSON.parse(readFileSync(path.join(consumer.folder, "package.json"), "utf8"));
        const tarball = dependencies["gcp-trainer"].replace(/^file:/, "");
        expect(existsSync(path.join(consumer.folder, tarball))).toBe(true);
    });

    it("is the same as the one that pulumi new creates from init --template", () => {
        const project = filesOf(consumer.folder, created);
        const filled = filesOf(path.join(consumer.root, "template"), created).map(([name, text]) => [
            name,
            text
                .replaceAll("${PROJECT}", "my-project")
                .replaceAll("${DESCRIPTION}", "Trains a model on a Google Cloud VM")
                .replace(/^template:\n(?: .*\n)+/m, ""),
        ]);

        expect(filled).toEqual(project);
    });

    // Pulumi's command line reads the template from a folder. The test proves neither that it can clone one from a
    // repository nor which packages npm then installs.
    const pulumi = findPulumi(process.env, ROOT);
    const isOnPath = pulumi.args.length === 0;
    (isOnPath ? it : it.skip)(
        `is created by pulumi new${isOnPath ? "" : " [skipped: Pulumi's command line is not in PATH]"}`,
        async () => {
            const made = path.join(consumer.root, "made");
            const env = {
                ...process.env,
                PULUMI_BACKEND_URL: `file://${consumer.root}`,
                PULUMI_SKIP_UPDATE_CHECK: "true",
            };
            const options = ["--name", "my-project", "--description", "Trains a model on a Google Cloud VM"];
            const args = ["new", path.join(consumer.root, "template"), "--generate-only", "--yes", "--dir", made];
            await promisify(execFile)(pulumi.file, [...args, ...options], { cwd: consumer.root, env });
            const others = (root: string) => filesOf(root, created).filter(([name]) => name !== "Pulumi.yaml");

            expect(others(made)).toEqual(others(consumer.folder));
        },
    );

    it("rehearses with the built-in trainer where Python lacks the trainer's packages", async () => {
        const bin = path.join(consumer.root, "without-packages");
        mkdirSync(bin, { recursive: true });
        writeFileSync(path.join(bin, "python3"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
        const env = { ...WITHOUT_DOCKER, PATH: [bin, process.env.PATH].join(path.delimiter) };
        const { status, output } = await consumer.npm(["start"], env);

        expect({ status, output }).toMatchObject({ status: 0 });
        expect(output).toContain("The built-in trainer takes its place in this rehearsal.");
        expect(output).toContain("| Target: Species, 3 classes");
        expect(output).toContain("Left to bill: nothing.");
        expect(output).not.toMatch(/npm run (?!typecheck)/);
    });

    (hasPackages ? it : it.skip)(
        `rehearses its trainer in Python${hasPackages ? "" : " [skipped: .venv lacks pandas or scikit-learn]"}`,
        async () => {
            const env = { ...WITHOUT_DOCKER, PATH: [VENV, process.env.PATH].join(path.delimiter) };
            const { status, output } = await consumer.npm(["start", "--", 'hyperparameters={"trees":20}'], env);

            expect({ status, output }).toMatchObject({ status: 0 });
            expect(output).toContain("| Read 150 rows");
            expect(output).toMatch(/^ {2}accuracy +0\.9|^ {2}accuracy +1/m);
            expect(output).toContain("Left to bill: nothing.");
        },
    );

    it("cannot be created for a dataset in a bucket without a target, which only the file would show", async () => {
        const args = ["init", "other", "--yes", "--dataset", "gs://bucket/houses.csv"];
        const { status, output } = await consumer.npm(["exec", "--", "gcp-trainer", ...args]);

        expect({ status, output }).toMatchObject({
            status: 1,
            output: expect.stringContaining("--target must be a column of gs://bucket/houses.csv; got nothing"),
        });
        expect(existsSync(path.join(consumer.folder, "other"))).toBe(false);
    });

    it("opens a run's report, and names the tool in its advice", async () => {
        const page = await consumer.npm(["exec", "gcp-trainer", "report"]);
        const missing = await consumer.npm(["exec", "--", "gcp-trainer", "report", "r-0000000000", "-s", "dev"]);

        expect(page).toMatchObject({ status: 0 });
        expect(page.output).toMatch(/^file:\/\/\/.*\/models\/local\/r-[0-9a-f]{10}\/report\.html\nCost of the run: \$/);
        expect(missing).toMatchObject({ status: 1 });
        expect(missing.output).toContain("(npx gcp-trainer results -s dev)");
    });

    it.each([
        "init",
        "start",
        "up",
        "preview",
        "destroy",
        "logs",
        "runs",
        "results",
        "residue",
        "report",
        "predict",
        "emulator",
    ])("prints the usage of %s to standard output, with its own name", async (name) => {
        const { status, output } = await consumer.npm(["exec", "--", "gcp-trainer", name, "--help"]);

        expect({ status, output }).toMatchObject({ status: 0 });
        expect(output).toMatch(new RegExp(`Usage: (npx )?gcp-trainer ${name} `));
        expect(output).not.toContain("npm run ");
    });

    it("contains the document that the usage of emulator names", async () => {
        const { output } = await consumer.npm(["exec", "--", "gcp-trainer", "emulator", "--help"]);
        const [, file = "none"] = /described in (\S+)\./.exec(output) ?? [];

        expect(existsSync(path.join(consumer.folder, file))).toBe(true);
    });

    it("compiles", async () => {
        await expect(consumer.npm(["run", "typecheck"])).resolves.toMatchObject({ status: 0 });
    });
});

/** The files in a project that were created by `init`, with their contents. */
function filesOf(root: string, created: readonly string[]): [name: string, text: string][] {
    return readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
        .filter((name) => created.includes(name.split(path.sep)[0] ?? "") && !name.endsWith(".tgz"))
        .sort()
        .map((name) => [name, readFileSync(path.join(root, name), "utf8")]);
}

describe("a Pulumi program that uses it", () => {
    it("registers the entire job without TypeScript", () => {
        const types = registered.map(({ type }) => type);

        expect(types).toEqual(
            expect.arrayContaining([
                "gcp-trainer:index:TrainingJob",
                "gcp:storage/bucket:Bucket",
                "docker:index/image:Image",
                "gcp:compute/instance:Instance",
                "pulumi-nodejs:dynamic/gcp-trainer:SavedResults",
                "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun",
            ]),
        );
        expect(inputsOf("pulumi-nodejs:dynamic/gcp-trainer:TrainingRun", "job-run")).toMatchObject({
            stack: "dev",
            runId: expect.stringMatching(/^r-[0-9a-f]{10}$/),
        });
    });

    it("passes this repository's boot script to the VM", () => {
        const { metadata } = inputsOf("gcp:compute/instance:Instance", "job-vm");
        const script = readFileSync(path.join(ROOT, "boot", "finish.sh"), "utf8");
        const indented = script.trimEnd().replace(/^(?=.)/gm, "      ");

        expect(metadata).toEqual(expect.objectContaining({ "user-data": expect.stringContaining(indented) }));
    });

    it.each([
        ["nodenext", { module: "nodenext" }],
        [
            "node10, the one in Pulumi's templates",
            { module: "commonjs", moduleResolution: "node10", ignoreDeprecations: "6.0" },
        ],
    ])("compiles with module resolution %s", async (_name, options) => {
        await expect(consumer.typeCheck(options, ["typed.ts", "documented.ts"])).resolves.toBe("");
    });
});

describe("the providers that the program passes to the engine as text", () => {
    it("do not contain any path on this machine", () => {
        for (const [type, name] of [
            ["pulumi-nodejs:dynamic/gcp-trainer:TrainingRun", "job-run"],
            ["pulumi-nodejs:dynamic/gcp-trainer:SavedResults", "job-saved-results"],
        ] as const) {
            const text = inputsOf(type, name).__provider as string;

            expect(text).toContain('require("gcp-trainer/dist/run/');
            expect(text).not.toContain(consumer.root);
        }
    });

    it("run in the program's folder, where `pulumi destroy` saves the results", async () => {
        const bucket = await startTestBucket("consumer-results");
        try {
            const runId = "r-000000000a";
            await putRun(bucket, runId, { state: "SUCCEEDED" }, { "model.json": "{}" });
            const inputs = { bucket: bucket.name, stack: "dev", resultsDir: "models" };
            const text = inputsOf("pulumi-nodejs:dynamic/gcp-trainer:SavedResults", "job-saved-results")
                .__provider as string;

            await runProvider({
                text,
                method: "delete",
                id: bucket.name,
                inputs,
                config: {
                    "gcp:accessToken": "developer",
                    "gcp:storageCustomEndpoint": `${bucket.anonymousEndpoint}/storage/v1/`,
                },
                cwd: consumer.folder,
                onLine: () => undefined,
            });

            expect(readdirSync(path.join(consumer.folder, "models", "dev", runId))).toContain("model.json");
        } finally {
            await bucket.stop();
        }
    });
});
