import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { runProvider } from "../../cli/start/provider-host";
import { startTestBucket } from "../../emulator/src/testing";
import { putRun } from "../cli/shared/test-project";
import { Consumer, type Registered } from "./consumer";

const ROOT = path.resolve(__dirname, "..", "..");

// These tests use the component as another Pulumi program does: packed, installed by npm, loaded by plain Node.js. They
// prove neither that Google Cloud grants what the program requests nor that npm's registry accepts the package.
const consumer = new Consumer();

/** A Pulumi program without TypeScript that prints the resources that it registers and creates none. */
const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const registered = [];
const made = {
    "docker:index/image:Image": { repoDigest: "registry/trainer@sha256:" + "d".repeat(64) },
    "gcp:artifactregistry/repository:Repository": { registryUri: "registry" },
    "gcp:compute/instance:Instance": { instanceId: "42" },
    "gcp:serviceaccount/account:Account": { email: "vm@my-project", member: "serviceAccount:vm@my-project" },
    "gcp:storage/bucketObject:BucketObject": { generation: 1, crc32c: "AAAAAA==" },
};
const mocks = {
    newResource: ({ type, name, inputs }) => {
        registered.push({ type, name, inputs });
        return { id: name + "-id", state: { ...inputs, ...made[type] } };
    },
    call: () => ({ accessToken: "token" }),
};
async function main() {
    await pulumi.runtime.setMocks(mocks, "consumer", "dev");
    const { TrainingJob } = require("gcp-trainer");
    const job = new TrainingJob("job", {
        project: "my-project",
        region: "us-central1",
        zone: "us-central1-a",
        dataset: "data.csv",
        trainer: "trainer",
        hyperparameters: { maxDepth: 3 },
    });
    await new Promise((resolve) => pulumi.output([job.modelUri, job.leftToBill]).apply(resolve));
    console.log(JSON.stringify(registered));
}
main();
`;

/** A Pulumi program in TypeScript. It expects one type error, which proves that the types exist and are checked. */
const TYPED_PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { TrainingJob, type TrainingJobArgs } from "gcp-trainer";

const args: TrainingJobArgs = {
    project: "my-project",
    region: "us-central1",
    zone: "us-central1-a",
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

beforeAll(async () => {
    await consumer.install(await consumer.pack());
    consumer.write("program.js", PROGRAM);
    consumer.write("index.ts", TYPED_PROGRAM);
    consumer.write("documented.ts", DOCUMENTED_PROGRAM);
    registered = JSON.parse(await consumer.run("program.js")) as Registered[];
});
afterAll(() => consumer.remove());

/** Inputs to the only resource with this type and name. */
function inputsOf(type: string, name: string): Record<string, unknown> {
    const found = registered.filter((each) => each.type === type && each.name === name);
    expect(found).toHaveLength(1);
    return found[0]?.inputs ?? {};
}

describe("the package", () => {
    it("contains the component, its types and the VM's files, but not the config checks", () => {
        const others = consumer.packed.filter((file) => !/^dist\//.test(file));

        expect(others).toEqual(["LICENSE", "README.md", "package.json"]);
        expect(consumer.packed).toEqual(
            expect.arrayContaining([
                "dist/boot/boot.sh",
                "dist/boot/gcp-trainer.service",
                "dist/infra/index.d.ts",
                "dist/infra/index.js",
            ]),
        );
        expect(consumer.packed.filter((file) => file.startsWith("dist/infra/config"))).toEqual([]);
    });

    it("uses the program's own Pulumi SDK, and does not install a compiler, zod or the emulator", () => {
        const modules = path.join(consumer.folder, "node_modules");

        expect(existsSync(path.join(modules, "gcp-trainer", "node_modules", "@pulumi", "pulumi"))).toBe(false);
        for (const name of ["typescript", "ts-node", "jest", "path-to-regexp", "zod"]) {
            expect(existsSync(path.join(modules, name))).toBe(false);
        }
    });

    it("depends on exactly the packages that the component imports", () => {
        const { dependencies } = JSON.parse(consumer.installed("package.json")) as {
            dependencies: Record<string, string>;
        };
        const sources = consumer.packed.filter((file) => file.endsWith(".js")).map((file) => consumer.installed(file));
        const imported = sources
            .flatMap((text) => [...text.matchAll(/require\("([^."][^"]*)"\)/g)].map((match) => match[1] ?? ""))
            .filter((name) => !name.startsWith("node:"))
            .map((name) => (name.startsWith("@") ? name.split("/").slice(0, 2).join("/") : (name.split("/")[0] ?? "")));

        expect([...new Set(imported)].sort()).toEqual(Object.keys(dependencies).sort());
    });
});

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
    ])(
        "compiles with module resolution %s",
        async (_name, options) => {
            await expect(consumer.typeCheck(options, ["index.ts", "documented.ts"])).resolves.toBe("");
        },
        60_000,
    );
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
