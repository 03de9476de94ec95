import { declareJob, resource } from "./declared-stack";
import { BUCKET } from "./expected-stack";

describe("a dataset that is a folder", () => {
    it("is uploaded file by file, and the trainer receives the folder's URI", async () => {
        const stack = await declareJob({ dataset: "data/parts" });
        const uploads = stack.resources.filter(({ type }) => type === "gcp:storage/bucketObject:BucketObject");
        const folder = /^data\/[0-9a-f]{10}\//.exec(String(uploads[0]?.inputs.name))?.[0];
        const run = resource(stack, "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun", "trainer-run");
        const metadata = resource(stack, "gcp:compute/instance:Instance").inputs.metadata as { "user-data": string };
        const config = /path: \/etc\/gcp-trainer\/config\s+permissions: "0600"\s+encoding: b64\s+content: (\S+)/.exec(
            metadata["user-data"],
        )?.[1];

        expect(uploads.map(({ name, inputs }) => [name, inputs.name, inputs.source])).toEqual(
            ["a.csv", "b.csv"].map((file) => [
                `trainer-data-dataset-${file}`,
                `${folder}${file}`,
                { file: `data/parts/${file}` },
            ]),
        );
        expect(run.inputs.provenance).toMatchObject({
            datasetUri: `gs://${BUCKET}/${folder}`,
            datasetMd5: "",
            datasetGeneration: "1700000000000001,1700000000000001",
        });
        // The VM waits until it can read the first file.
        const values = Buffer.from(config ?? "", "base64")
            .toString()
            .split("\0");
        expect(values).toContain(`AIP_TRAINING_DATA_URI=gs://${BUCKET}/${folder}`);
        expect(values[values.indexOf("datasetUri") + 1]).toBe(`gs://${BUCKET}/${folder}a.csv`);
    });
});
