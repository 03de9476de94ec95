import { availableMemory, parseEnvironment, parseGcsUri } from "../src/environment";
import { EnvironmentError } from "../src/errors";

const VALID = { AIP_TRAINING_DATA_URI: "gs://data-bucket/a b/iris.csv", AIP_MODEL_DIR: "gs://bucket/runs/r-1/model/" };

describe("parseEnvironment", () => {
    it("reads Vertex AI's variables", () => {
        expect(parseEnvironment({ ...VALID, AIP_DATA_FORMAT: "csv" })).toEqual({
            dataset: { bucket: "data-bucket", path: "a b/iris.csv" },
            modelDir: { bucket: "bucket", path: "runs/r-1/model/" },
        });
    });

    it.each([
        ["gs://bucket/model", "model/"],
        ["gs://bucket", ""],
        ["gs://bucket/", ""],
    ])("parses %s with the prefix %j", (uri, path) => {
        expect(parseEnvironment({ ...VALID, AIP_MODEL_DIR: uri }).modelDir).toEqual({ bucket: "bucket", path });
    });

    it("reads the location of the list of a dataset's objects, and accepts a pattern if it is set", () => {
        const uri = "gs://data-bucket/part-*.csv";
        const list = "gs://bucket/runs/r-1/dataset.json";
        expect(
            parseEnvironment({ ...VALID, AIP_TRAINING_DATA_URI: uri, GCP_TRAINER_DATASET_LIST: list }),
        ).toMatchObject({
            dataset: { bucket: "data-bucket", path: "part-*.csv" },
            datasetList: { bucket: "bucket", path: "runs/r-1/dataset.json" },
        });
        expect(() => parseEnvironment({ ...VALID, GCP_TRAINER_DATASET_LIST: "dataset.json" })).toThrow(
            'The environment variable GCP_TRAINER_DATASET_LIST must be a gs:// URI of the list of the dataset\'s objects; got "dataset.json"',
        );
    });

    it("names both variables if both are missing", () => {
        expect(() => parseEnvironment({})).toThrow(
            new EnvironmentError(
                "The environment variable AIP_TRAINING_DATA_URI must be a gs:// URI of one CSV object, or of a folder, which ends in a slash; got none\n" +
                    "The environment variable AIP_MODEL_DIR must be a gs:// URI under which to write the model; got none",
            ),
        );
    });

    it.each(["iris.csv", "gs://bucket", "gs://bucket/", "gs://bucket/part-*.csv", "gs://UPPER/iris.csv"])(
        "rejects %s as a dataset",
        (uri) => {
            expect(() => parseEnvironment({ ...VALID, AIP_TRAINING_DATA_URI: uri })).toThrow(EnvironmentError);
        },
    );

    it("rejects an unsupported format", () => {
        expect(() => parseEnvironment({ ...VALID, AIP_DATA_FORMAT: "bigquery" })).toThrow(
            'The environment variable AIP_DATA_FORMAT must be "csv", "jsonl" or unset; got "bigquery"',
        );
    });
});

describe("parseGcsUri", () => {
    it("keeps the object name unchanged", () => {
        expect(parseGcsUri("gs://bucket/a//b c?#%2F.csv")).toEqual({ bucket: "bucket", path: "a//b c?#%2F.csv" });
    });
});

const GB = 1e9;

describe("availableMemory", () => {
    it.each([
        ["the container's limit", 2 * GB, 8 * GB, 2 * GB],
        ["the machine's memory if no limit is set", 0, 8 * GB, 8 * GB],
        ["the machine's memory if the limit is unlimited", 2 ** 64, 8 * GB, 8 * GB],
    ])("is %s", (_, constrained, total, expected) => {
        expect(availableMemory(constrained, total)).toBe(expected);
    });
});
