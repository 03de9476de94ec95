import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { BASE_IMAGES, describeWithDocker, docker, engineRequest } from "../../tests/helpers/docker";

const TRAINER = path.join(__dirname, "..");
/** The files that the trainer's `.dockerignore` does not exclude. */
const CONTEXT = [
    "Dockerfile",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "build.cjs",
    "LICENSE",
    "shims",
    "lib",
    "src",
];
const EMPTY = "gcp-trainer-test/empty:foreign";
const IMAGE = "gcp-trainer-test/trainer:foreign";
/** Two blocks of zeros: a tar archive without files. */
const EMPTY_LAYER = Buffer.alloc(1024);

/** Loads an image for this architecture that contains no files, so no program of that architecture is needed. */
function loadEmptyImage(architecture: string): void {
    const folder = mkdtempSync(path.join(tmpdir(), "foreign-image-"));
    try {
        const layer = `sha256:${createHash("sha256").update(EMPTY_LAYER).digest("hex")}`;
        const config = { architecture, os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [layer] } };
        const manifest = [{ Config: "config.json", RepoTags: [EMPTY], Layers: ["layer.tar"] }];
        writeFileSync(path.join(folder, "layer.tar"), EMPTY_LAYER);
        writeFileSync(path.join(folder, "config.json"), JSON.stringify(config));
        writeFileSync(path.join(folder, "manifest.json"), JSON.stringify(manifest));
        writeFileSync(path.join(folder, "image.tar"), tar(folder, ["layer.tar", "config.json", "manifest.json"]));
        docker("load", "--input", path.join(folder, "image.tar"));
    } finally {
        rmSync(folder, { recursive: true });
    }
}

function tar(folder: string, names: readonly string[]): Buffer {
    return spawnSync("tar", ["-C", folder, "-cf", "-", ...names], { maxBuffer: 2 ** 28 }).stdout;
}

describeWithDocker("the trainer's Dockerfile on a machine of another architecture", () => {
    afterAll(() => {
        docker("image", "rm", "--force", IMAGE, EMPTY);
    });

    it("builds without running any program of the VM's architecture", async () => {
        const foreign = process.arch === "arm64" ? "amd64" : "arm64";
        loadEmptyImage(foreign);
        // The docker provider builds images in this way: with BuildKit, and with the context as an archive.
        const query = new URLSearchParams({
            version: "2",
            platform: `linux/${foreign}`,
            t: IMAGE,
            networkmode: "host",
            buildargs: JSON.stringify({ BUILD_IMAGE: BASE_IMAGES.BUILD_IMAGE, RUNTIME_IMAGE: EMPTY }),
        });
        const output = await engineRequest("POST", `/build?${query}`, tar(TRAINER, CONTEXT));
        expect(output).toContain("Successfully tagged");
        expect(docker("image", "inspect", "--format", "{{.Architecture}}", IMAGE)).toBe(foreign);
        const container = docker("create", "--platform", `linux/${foreign}`, IMAGE);
        const files = spawnSync("docker", ["cp", `${container}:/trainer`, "-"], { maxBuffer: 2 ** 28 });
        docker("rm", container);
        const names = spawnSync("tar", ["-t"], { input: files.stdout, encoding: "utf8" }).stdout;
        expect(names.trim().split("\n").sort()).toEqual(["trainer/", "trainer/LICENSE.txt", "trainer/train.cjs"]);
    });
});
