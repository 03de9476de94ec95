import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type LoneBucket, startTestBucket } from "../../emulator/src/testing";
import { BASE_IMAGE_ARGS, BASE_IMAGES, describeWithDocker, docker } from "../../tests/helpers/docker";
import { parseModel } from "../lib/model";

const PROJECT = path.join(__dirname, "../..");
const IMAGE = "gcp-trainer-test/trainer:local";

/** Runs the image on the host's network, where the emulator listens. */
async function run(env: Record<string, string>, ...args: string[]): Promise<{ exitCode: number; output: string }> {
    const options = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    const child = spawn("docker", ["run", "--rm", "--network", "host", "--read-only", ...options, IMAGE, ...args]);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text) => {
            output += text;
        });
    }
    const [exitCode] = await once(child, "close");
    return { exitCode, output };
}

function layersOf(image: string): string[] {
    return JSON.parse(docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", image));
}

describeWithDocker("the trainer's image", () => {
    let bucket: LoneBucket;

    beforeAll(async () => {
        bucket = await startTestBucket();
        docker("build", "--network", "host", ...BASE_IMAGE_ARGS, "--tag", IMAGE, path.join(PROJECT, "trainer"));
    });

    afterAll(async () => {
        await bucket.stop();
        docker("image", "rm", IMAGE);
    });

    it("trains on iris like any Vertex AI container, with a read-only disk", async () => {
        await bucket.put("data/iris.csv", readFileSync(path.join(PROJECT, "data/iris.csv")));
        const env = {
            STORAGE_EMULATOR_HOST: bucket.endpoint,
            AIP_TRAINING_DATA_URI: `gs://${bucket.name}/data/iris.csv`,
            AIP_MODEL_DIR: `gs://${bucket.name}/runs/r-1/model/`,
        };
        const { exitCode, output } = await run(env, '--dropColumns=["Id"]', "--target=Species");
        expect(output).toContain("accuracy 0.9");
        expect(exitCode).toBe(0);
        const model = parseModel((await bucket.get("runs/r-1/model/model.json")) ?? "");
        expect(model.task === "classification" && model.classes).toHaveLength(3);
    });

    it("exits with the trainer's exit code", async () => {
        const { exitCode, output } = await run({}, "--maxDepth=0");
        expect(output).toContain('`maxDepth` must be an integer from 1 to 64; got "0"');
        expect(exitCode).toBe(64);
    });

    it("runs as a numeric non-root user", () => {
        expect(docker("image", "inspect", "--format", "{{.Config.User}}", IMAGE)).toBe("65532:65532");
    });

    it("adds one layer to the base image: the bundle and its licences", () => {
        const container = docker("create", IMAGE);
        const files = spawnSync("docker", ["cp", `${container}:/trainer`, "-"], { maxBuffer: 2 ** 28 });
        docker("rm", container);
        const names = spawnSync("tar", ["-t"], { input: files.stdout, encoding: "utf8" }).stdout;
        expect(names.trim().split("\n").sort()).toEqual(["trainer/", "trainer/LICENSE.txt", "trainer/train.cjs"]);
        expect(layersOf(IMAGE).slice(0, -1)).toEqual(layersOf(BASE_IMAGES.RUNTIME_IMAGE));
    });

    it("has the same layers if rebuilt from the same sources", () => {
        const again = `${IMAGE}-again`;
        docker(
            "build",
            "--no-cache",
            "--network",
            "host",
            ...BASE_IMAGE_ARGS,
            "--tag",
            again,
            path.join(PROJECT, "trainer"),
        );
        expect(layersOf(again)).toEqual(layersOf(IMAGE));
        docker("image", "rm", again);
    });
});
