import { startBucket, type TestBucket } from "../../helpers/bucket";
import { PETS, PredictFolder } from "./support";

// The command with the real client library against the emulator's Cloud Storage.
let bucket: TestBucket;
let place: PredictFolder;

beforeAll(async () => {
    bucket = await startBucket("predict");
    await bucket.put("runs/r-1/model/model.json", JSON.stringify(PETS));
    await bucket.put("data/new.csv", "age,sound,weight\n1,woof,5\n");
}, 30_000);
afterAll(() => bucket.stop());

beforeEach(() => {
    place = new PredictFolder();
    place.env = environment(bucket.anonymousEndpoint);
});
afterEach(() => place.remove());

function environment(endpoint: string): NodeJS.ProcessEnv {
    return { GOOGLE_STORAGE_CUSTOM_ENDPOINT: `${endpoint}/storage/v1/`, GOOGLE_OAUTH_ACCESS_TOKEN: "developer" };
}

const OUTPUT =
    "age,sound,weight,predicted_target,probability_cat,probability_dog,prediction_error\n1,woof,5,dog,0,1,\n";

describe("in a bucket", () => {
    it.each(["runs/r-1/model/model.json", "runs/r-1/model/", "runs/r-1"])(
        "the model %s predicts an input in a bucket",
        async (object) => {
            const { status, stdout } = await place.predict(`gs://predict/${object}`, "gs://predict/data/new.csv");

            expect([status, stdout]).toEqual([0, OUTPUT]);
            expect(place.notes[0]).toContain("Model gs://predict/runs/r-1/model/model.json: ");
        },
    );

    it.each([
        [
            "gs://predict/runs/r-2",
            "gs://predict/data/new.csv",
            "There is no model: looked for gs://predict/runs/r-2/model.json, gs://predict/runs/r-2/model/model.json",
        ],
        ["gs://predict/model.json", "gs://predict/data/new.csv", "There is no model gs://predict/model.json"],
        ["pets", "gs://predict/data/old.csv", "There is no input gs://predict/data/old.csv"],
        ["pets", "gs://nowhere/new.csv", "There is no input gs://nowhere/new.csv"],
        ["pets", "gs://predict", 'The input must be gs://BUCKET/OBJECT; got "gs://predict"'],
    ])("%s for %s is refused: %s", async (model, input, message) => {
        expect(await place.failure(model, input, "out.csv")).toBe(message);
        expect(place.has("out.csv")).toBe(false);
    });

    it("names the role that is missing", async () => {
        place.env = environment(bucket.strangerEndpoint);

        expect(await place.failure("pets", "gs://predict/data/new.csv")).toContain("roles/storage.objectViewer");
    });
});
