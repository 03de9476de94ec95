import * as pulumi from "@pulumi/pulumi";
import { startTestEmulator, type TestEmulator } from "../../emulator/src/testing";
import { loadConfig } from "../../infra/config";
import { TrainingJob } from "../../infra/training-job";
import { type Declared, declareJob, declareStack, resource } from "./declared-stack";
import { BUCKET, MEMBER } from "./expected-stack";

const GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember";
const RUN = "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun";
const OBJECT = "gcp:storage/bucketObject:BucketObject";

let emulator: TestEmulator;
beforeAll(async () => {
    emulator = await startTestEmulator();
    await emulator.makeBucket("other-bucket");
});
beforeEach(async () => {
    await emulator.bucket("other-bucket").put("in/a.csv", "x,Species\n1,a\n");
    await emulator.bucket("other-bucket").put("in/b.csv", "x,Species\n2,b\n");
});
afterAll(() => emulator.stop());

const gcp = () => ({
    "gcp:accessToken": "developer",
    "gcp:storageCustomEndpoint": `${emulator.url}/storage/v1/`,
});
const textOf = ({ inputs }: Declared) => (inputs.source as { text: string }).text;
const declare = (config: Record<string, string>) => declareJob(config, [], { gcp: gcp() });

describe("a dataset of several objects in a bucket", () => {
    it.each([
        ["in/", "in/"],
        ["in/*.csv", "in/"],
        ["i*.csv", "i"],
    ])(
        "is listed for the container, and the account may read objects with the prefix of %s",
        async (pattern, prefix) => {
            const dataset = `gs://other-bucket/${pattern === "i*.csv" ? "i**.csv" : pattern}`;
            const stack = await declare({ dataset });
            const { runId, provenance } = resource(stack, RUN).inputs;
            const list = resource(stack, OBJECT, "trainer-dataset-list");
            const { objects, ...rest } = JSON.parse(textOf(list));
            const metadata = resource(stack, "gcp:compute/instance:Instance").inputs.metadata as {
                "user-data": string;
            };
            const [, config = ""] =
                /path: \/etc\/gcp-trainer\/config\s.*?content: (\S+)/s.exec(metadata["user-data"]) ?? [];
            const values = Buffer.from(config, "base64").toString().split("\0");

            expect(list.inputs).toMatchObject({ bucket: BUCKET, name: `runs/${runId}/dataset.json` });
            expect(rest).toEqual({ schema: 1, uri: dataset, bucket: "other-bucket" });
            expect(objects).toMatchObject([{ name: "in/a.csv" }, { name: "in/b.csv" }]);
            expect(values).toContain(`AIP_TRAINING_DATA_URI=${dataset}`);
            expect(values).toContain(`GCP_TRAINER_DATASET_LIST=gs://${BUCKET}/runs/${runId}/dataset.json`);
            // The VM waits until it can read the first object.
            expect(values[values.indexOf("datasetUri") + 1]).toBe("gs://other-bucket/in/a.csv");
            expect(resource(stack, GRANT, "trainer-identity-dataset-reader").inputs).toEqual({
                bucket: "other-bucket",
                role: "roles/storage.objectViewer",
                member: MEMBER,
                condition: {
                    title: "gcp-trainer-dataset",
                    expression: `resource.name.startsWith("projects/_/buckets/other-bucket/objects/${prefix}")`,
                },
            });
            expect(provenance).toMatchObject({ datasetUri: dataset, datasetObjects: objects });
            expect(resource(stack, "gcp:compute/instance:Instance").options.dependsOn).toContain(
                "trainer-dataset-list",
            );
        },
    );

    it("contributes its contents to the run id, and is pinned by its generations", async () => {
        const read = async () => {
            const stack = await declare({ dataset: "gs://other-bucket/in/" });
            return {
                runId: resource(stack, RUN).inputs.runId,
                list: textOf(resource(stack, OBJECT, "trainer-dataset-list")),
            };
        };
        const before = await read();
        await emulator.bucket("other-bucket").put("in/b.csv", "x,Species\n2,b\n");
        const rewritten = await read();
        await emulator.bucket("other-bucket").put("in/b.csv", "x,Species\n3,b\n");
        const changed = await read();

        expect(rewritten.runId).toBe(before.runId);
        expect(rewritten.list).not.toBe(before.list);
        expect(changed.runId).not.toBe(before.runId);
    });

    it("is listed by the component if the program does not list it", async () => {
        const args = { project: "my-project", region: "us-central1", zone: "us-central1-a", trainer: "own" };
        const stack = await declareStack(
            () => {
                const { metrics } = new TrainingJob("trainer", { ...args, dataset: "gs://other-bucket/in/*.csv" });
                return { metrics };
            },
            {},
            [],
            { gcp: gcp() },
        );

        expect(JSON.parse(textOf(resource(stack, OBJECT))).objects).toHaveLength(2);
    });

    it("is reported before anything is declared if no object matches", async () => {
        await declare({});
        pulumi.runtime.setAllConfig({
            ...gcp(),
            "gcp:project": "my-project",
            "gcp:zone": "us-central1-a",
            "gcp-trainer:dataset": "gs://other-bucket/in/*.json",
        });

        await expect(loadConfig()).rejects.toThrow(
            '`gcp-trainer:dataset` must match at least one object; got "gs://other-bucket/in/*.json", which matches none',
        );
    });
});
