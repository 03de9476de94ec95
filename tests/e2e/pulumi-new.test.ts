import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { findPulumi } from "../../cli/shared/stored-runs/pulumi";
import { NOT_IN_CHECKOUT } from "../helpers/checkout";

const ROOT = path.resolve(__dirname, "..", "..");

const pulumi = findPulumi(process.env, ROOT);
const isOnPath = pulumi.args.length === 0;
const reason = "Pulumi's command line is not in PATH";

// The template is a local folder, so the test proves neither that `pulumi new` can clone the repository nor which
// packages npm then installs.
(isOnPath ? describe : describe.skip)(`pulumi new${isOnPath ? "" : ` [skipped: ${reason}]`}`, () => {
    const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "pulumi-new-")));
    const template = path.join(folder, "template");
    const project = path.join(folder, "project");
    const run = promisify(execFile);

    beforeAll(async () => {
        cpSync(ROOT, template, {
            recursive: true,
            filter: (source) => !NOT_IN_CHECKOUT.includes(path.basename(source)),
        });
        const env = { ...process.env, PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_SKIP_UPDATE_CHECK: "true" };
        const options = ["--name", "my-model", "--description", "My own model", "--dir", project];
        await run(pulumi.file, ["new", template, "--generate-only", "--yes", ...options], { cwd: folder, env });
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it("sets the project's name and keeps the program and its config", () => {
        const read = (root: string) => parse(readFileSync(path.join(root, "Pulumi.yaml"), "utf8"));
        const { template: asked, ...original } = read(template);
        const { config, ...made } = read(project);

        expect(made).toEqual({ ...original, config: undefined, name: "my-model", description: "My own model" });
        expect(config).toMatchObject(original.config);
        expect(Object.keys(asked.config)).toEqual(["gcp:project", "gcp:region", "gcp:zone"]);
    });

    it("copies every other file unchanged", () => {
        const filesOf = (root: string) =>
            readdirSync(root, { recursive: true, withFileTypes: true })
                .filter((entry) => entry.isFile())
                .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
                .sort();
        const files = filesOf(template);
        const changed = files.filter(
            (file) => !readFileSync(path.join(template, file)).equals(readFileSync(path.join(project, file))),
        );

        expect(filesOf(project)).toEqual(files);
        expect(changed).toEqual(["Pulumi.yaml"]);
    });

    it("creates a project that can be rehearsed", async () => {
        symlinkSync(path.join(ROOT, "node_modules"), path.join(project, "node_modules"));
        // A copy is needed, because the trainer's build does not follow links out of its folder.
        const modules = path.join("trainer", "node_modules");
        cpSync(path.join(ROOT, modules), path.join(project, modules), { recursive: true });

        const args = ["-r", "ts-node/register/transpile-only", "cli/start/main.ts", "--runtime", "process"];
        const { stdout } = await run(process.execPath, args, { cwd: project });

        expect(stdout).toContain("my-model-local-");
        expect(stdout).toContain("Left to bill: nothing.");
    });
});
