import { type LoneBucket, startTestBucket } from "../../../emulator/src/testing";
import { PETS, PredictFolder } from "./support";

// These tests run the command with the real client library against the emulator's Cloud Storage.
let bucket: LoneBucket;
let folder: PredictFolder;

beforeAll(async () => {
    bucket = await startTestBucket("predict");
    await bucket.put("runs/r-1/model/model.json", JSON.stringify(PETS));
    await bucket.put("data/new.csv", "age,sound,weight\n1,woof,5\n");
});
afterAll(() => bucket.stop());

beforeEach(() => {
    folder = new PredictFolder();
    folder.env = environment(bucket.anonymousEndpoint);
});
afterEach(() => folder.remove());

function environment(endpoint: string): NodeJS.ProcessEnv {
    return { GOOGLE_STORAGE_CUSTOM_ENDPOINT: `${endpoint}/storage/v1/`, GOOGLE_OAUTH_ACCESS_TOKEN: "developer" };
}

const OUTPUT =
    "age,sound,weight,predicted_target,probability_cat,probability_dog,prediction_error,prediction_note\n1,woof,5,dog,0,1,,\n";

describe("npm run predict with gs:// URIs", () => {
    it.each(["runs/r-1/model/model.json", "runs/r-1/model/", "runs/r-1"])(
        "predicts the rows of an input file in a bucket with the model %s",
        async (object) => {
            const { status, stdout } = await folder.predict(`gs://predict/${object}`, "gs://predict/data/new.csv");

            expect([status, stdout]).toEqual([0, OUTPUT]);
            expect(folder.reported[0]).toContain("Model gs://predict/runs/r-1/model/model.json: ");
        },
    );

    it.each([
        [
            "gs://predict/runs/r-2",
            "gs://predict/data/new.csv",
            "Found no model; looked for gs://predict/runs/r-2/model.json, gs://predict/runs/r-2/model/model.json",
        ],
        ["gs://predict/model.json", "gs://predict/data/new.csv", "The model gs://predict/model.json does not exist"],
        ["pets", "gs://predict/data/old.csv", "The input gs://predict/data/old.csv does not exist"],
        ["pets", "gs://nowhere/new.csv", "The input gs://nowhere/new.csv does not exist"],
        ["pets", "gs://predict", 'The input must be gs://BUCKET/OBJECT; got "gs://predict"'],
    ])("rejects model %s for input %s: %s", async (model, input, message) => {
        expect(await folder.failure(model, input, "out.csv")).toBe(message);
        expect(folder.has("out.csv")).toBe(false);
    });

    it("reports the missing role", async () => {
        folder.env = environment(bucket.strangerEndpoint);

        expect(await folder.failure("pets", "gs://predict/data/new.csv")).toContain("roles/storage.objectViewer");
    });
});
