import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { TestEmulator } from "../../src/testing";
import { describeWithDocker, docker } from "../docker";

describeWithDocker("the registry, as used by a Docker engine,", [], () => {
    let emulator: TestEmulator;
    let registryUri: string;
    let folder: string;
    const local = `registry-test-${process.pid}`;

    beforeAll(async () => {
        emulator = await TestEmulator.start();
        const parent = "/v1/projects/demo-project/locations/us-central1/repositories";
        const made = await emulator.call("POST", `${parent}?repositoryId=images`, { body: { format: "DOCKER" } });
        registryUri = String(made.at("response.registryUri"));
        folder = mkdtempSync(path.join(tmpdir(), "registry-test-"));
        writeFileSync(path.join(folder, "hello"), "x".repeat(100_000));
        execFileSync("tar", ["-cf", "image.tar", "hello"], { cwd: folder });
        await docker("import", path.join(folder, "image.tar"), local);
        // The credentials are stored in the test's own file instead of the developer's.
        const auth = Buffer.from("oauth2accesstoken:developer").toString("base64");
        const host = registryUri.split("/")[0] ?? "";
        writeFileSync(path.join(folder, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
    });
    afterAll(async () => {
        await docker("image", "rm", "--force", local, `${registryUri}/tiny:v1`);
        await emulator.stop();
        rmSync(folder, { recursive: true, force: true });
    });

    const withCredentials = (...args: string[]) => docker("--config", folder, ...args);

    it("accepts a push and returns the same image by digest", async () => {
        const id = await docker("image", "inspect", "--format", "{{.Id}}", local);
        await docker("tag", local, `${registryUri}/tiny:v1`);
        const digest = /digest: (sha256:[0-9a-f]{64})/.exec(
            await withCredentials("push", `${registryUri}/tiny:v1`),
        )?.[1];
        await docker("image", "rm", "--force", local, `${registryUri}/tiny:v1`);
        await withCredentials("pull", `${registryUri}/tiny@${digest}`);
        expect(await docker("image", "inspect", "--format", "{{.Id}}", `${registryUri}/tiny@${digest}`)).toBe(id);
        await withCredentials("pull", `${registryUri}/tiny:v1`);
        await docker("tag", id, local);
    });

    it("requires credentials", async () => {
        await docker("tag", local, `${registryUri}/tiny:v1`);
        await expect(docker("--config", path.join(folder, "none"), "push", `${registryUri}/tiny:v1`)).rejects.toThrow(
            /no basic auth credentials|unauthorized|authentication/i,
        );
    });

    it("lists the image through Artifact Registry's API", async () => {
        const path = "/v1/projects/demo-project/locations/us-central1/repositories/images/dockerImages";
        expect((await emulator.call("GET", path)).json).toMatchObject({
            dockerImages: [{ tags: ["v1"], uri: expect.stringContaining(`${registryUri}/tiny@sha256:`) }],
        });
    });
});
