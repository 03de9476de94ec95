import { mkdirSync } from "node:fs";
import path from "node:path";
import { PredictFolder } from "./support";

let place: PredictFolder;
beforeEach(() => {
    place = new PredictFolder();
});
afterEach(() => place.remove());

describe("the model", () => {
    beforeEach(() => place.write("new.csv", "size\n5\n"));

    it.each(["prices", "prices/model.json", "bucket"])("is found as %s", async (name) => {
        place.write("bucket/model/model.json", place.read("prices/model.json"));

        await expect(place.predict(name, "new.csv")).resolves.toMatchObject({ status: 0 });
    });

    it.each([
        ["nowhere", "The model nowhere is not there"],
        ["empty", "The folder empty has no model.json"],
        ["new.csv", "new.csv: The model is not JSON"],
        ["other.json", "other.json: The model's `format` must be"],
    ])("is refused when it is %s", async (name, message) => {
        mkdirSync(path.join(place.folder, "empty"));
        place.write("other.json", "{}");
        expect(await place.failure(name, "new.csv")).toContain(message);
    });

    it("in a bucket needs the emulator where it is expected", async () => {
        place.env = { GOOGLE_STORAGE_CUSTOM_ENDPOINT: "http://127.0.0.1:9/storage/v1/" };

        expect(await place.failure("gs://bucket/runs/r-1", "new.csv")).toContain(
            "Nothing answers at http://127.0.0.1:9: the emulator does not run",
        );
    });

    it("is there, but the input is not", async () => {
        expect(await place.failure("prices", "nowhere.csv")).toBe("The input nowhere.csv is not there");
        expect(await place.failure("prices", "pets")).toBe("The input pets is a folder; it must be a file");
    });

    describe("of a stack", () => {
        const RUNS = { "r-1": "2026-01-02T00:00:00Z", "r-2": "2026-01-03T00:00:00Z", "r-3": "2026-01-01T00:00:00Z" };

        beforeEach(() => {
            for (const [run, finishedAt] of Object.entries(RUNS)) {
                place.write(`models/dev/${run}/model.json`, place.read("prices/model.json"));
                place.write(`models/dev/${run}/status.json`, JSON.stringify({ finishedAt }));
            }
            mkdirSync(path.join(place.folder, "models/dev/r-failed"));
            mkdirSync(path.join(place.folder, "models/empty"));
        });

        it.each([
            [["-s", "dev"], "r-2"],
            [["--stack", "organization/gcp-trainer/dev"], "r-2"],
            [["-s", "dev", "--run", "r-3"], "r-3"],
        ])("with %j is that of %s", async (args, run) => {
            await place.predict(...args, "new.csv");

            expect(place.notes[0]).toContain(`Model models/dev/${run}/model.json: `);
        });

        it.each([
            [
                ["-s", "prod"],
                "models/prod has no run with a model; there are results of dev (npm run results -- -s prod)",
            ],
            [["-s", "dev", "--run", "r-9"], "models/dev has no run r-9 with a model; it has r-1, r-2, r-3"],
        ])("with %j is not there", async (args, message) => {
            expect(await place.failure(...args, "new.csv")).toContain(message);
        });
    });
});
