import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { TestEmulator } from "../../emulator/src/testing";
import { docker as dockerAsync, NODE_IMAGE } from "../../emulator/test/docker";
import { CliCommand } from "../helpers/cli-command";
import { describeWithDocker, docker } from "../helpers/docker";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";

// The image is in the registry of a second emulator, which stands for any registry that this machine can pull from.
describeWithDocker("a rehearsal with an existing image", () => {
    let project: ProjectCopy;
    let registry: TestEmulator;
    let config: string;
    let tag: string;

    beforeAll(async () => {
        project = copyProject({ withTrainer: false });
        registry = await TestEmulator.start();
        const parent = "/v1/projects/demo-project/locations/us-central1/repositories";
        await registry.call("POST", `${parent}?repositoryId=images`, { body: { format: "DOCKER" } });
        const { host } = new URL(registry.url);
        tag = `${host}/demo-project/images/tiny:v1`;
        config = mkdtempSync(path.join(tmpdir(), "docker-config-"));
        const auth = Buffer.from("oauth2accesstoken:developer").toString("base64");
        writeFileSync(path.join(config, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
        const context = path.join(__dirname, "engine/tiny-trainer");
        docker("build", "--quiet", "--build-arg", `RUNTIME_IMAGE=${NODE_IMAGE}`, "--tag", tag, context);
        // The registry runs in this process, which docker must not block.
        await dockerAsync("--config", config, "push", "--quiet", tag);
    });
    afterAll(async () => {
        docker("image", "rm", "--force", tag);
        await registry.stop();
        project.remove();
        rmSync(config, { recursive: true, force: true });
    });

    const start = (image: string, args: string[] = []) =>
        new CliCommand("start", [...args, "--config", `image=${image}`], {
            cwd: project.folder,
            env: { DOCKER_CONFIG: config },
        }).ended;

    it("builds nothing, and trains with the image that the digest identifies", async () => {
        const digest = docker("image", "inspect", "--format", "{{index .RepoDigests 0}}", tag).split("@")[1] ?? "";
        docker("image", "rm", "--force", tag);

        const { status, output } = await start(`${tag}@${digest}`);

        expect({ status, output }).toMatchObject({ status: 0 });
        expect(output).not.toMatch(/docker:index:Image|artifactregistry:Repository /);
        expect(output).toContain("run r-");
        expect(output).toContain("Left to bill: nothing.");
    });

    it("needs Docker, and says so before anything is created", async () => {
        const digest = `sha256:${"a".repeat(64)}`;
        const asProcess = await start(`us-docker.pkg.dev/p/r/train@${digest}`, ["--runtime", "process"]);
        expect(asProcess).toMatchObject({ status: 1, output: expect.stringContaining("image needs a Docker engine") });
        const missing = await start(`${tag.replace("tiny", "none")}@${digest}`);
        expect(missing).toMatchObject({
            status: 1,
            output: expect.stringMatching(/^(?!.*\+ gcp:).*docker cannot pull the image: /s),
        });
    });
});
