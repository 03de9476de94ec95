import { mkdirSync } from "node:fs";
import path from "node:path";
import { PredictFolder } from "./support";

let folder: PredictFolder;
beforeEach(() => {
    folder = new PredictFolder();
});
afterEach(() => folder.remove());

describe("the model", () => {
    beforeEach(() => folder.write("new.csv", "size\n5\n"));

    it.each(["prices", "prices/model.json", "bucket"])("is found at the path %s", async (name) => {
        folder.write("bucket/model/model.json", folder.read("prices/model.json"));

        await expect(folder.predict(name, "new.csv")).resolves.toMatchObject({ status: 0 });
    });

    it.each([
        ["nowhere", "The model nowhere does not exist"],
        [
            "empty",
            "The folder empty must be a run's folder, models/<stack>/<run id>, with the built-in trainer's model.json",
        ],
        ["new.csv", "new.csv: The model is not JSON"],
        ["other.json", "other.json: The model's `format` must be"],
    ])("is rejected if it is %s", async (name, message) => {
        mkdirSync(path.join(folder.path, "empty"));
        folder.write("other.json", "{}");
        expect(await folder.failure(name, "new.csv")).toContain(message);
    });

    it("is rejected if it is a stack's name, which npm passes on if `-s local` is not preceded by `--`", async () => {
        folder.write("models/local/r-0000000000/model.json", "{}");

        expect(await folder.failure("local", "new.csv")).toContain("(npm run predict -- -s local INPUT)");
    });

    it("can be found in a bucket in the configured emulator only while the emulator is running", async () => {
        folder.env = { GOOGLE_STORAGE_CUSTOM_ENDPOINT: "http://127.0.0.1:9/storage/v1/" };

        expect(await folder.failure("gs://bucket/runs/r-1", "new.csv")).toContain(
            "Nothing is listening at http://127.0.0.1:9: the emulator is not running",
        );
    });

    it("is found even if the input is missing or is a folder", async () => {
        expect(await folder.failure("prices", "nowhere.csv")).toBe("The input nowhere.csv does not exist");
        expect(await folder.failure("prices", "pets")).toBe("The input pets is a folder; it must be a file");
    });

    it.each([
        ["model", ["x".repeat(300), "new.csv"]],
        ["input", ["prices", "x".repeat(300)]],
        ["output", ["prices", "new.csv", `${"x".repeat(300)}.csv`]],
        ["input", ["prices", `new.csv/${"x/".repeat(3000)}`]],
    ])("is rejected if its path is too long, like the other files: %s", async (what, args) => {
        expect(await folder.failure(...args)).toMatch(
            new RegExp(`^The ${what} .{1,210} cannot be opened: its path, or a name in it, is longer than the system`),
        );
    });

    describe("of a stack", () => {
        const RUNS = { "r-1": "2026-01-02T00:00:00Z", "r-2": "2026-01-03T00:00:00Z", "r-3": "2026-01-01T00:00:00Z" };

        beforeEach(() => {
            for (const [run, finishedAt] of Object.entries(RUNS)) {
                folder.write(`models/dev/${run}/model.json`, folder.read("prices/model.json"));
                folder.write(`models/dev/${run}/status.json`, JSON.stringify({ finishedAt }));
            }
            mkdirSync(path.join(folder.path, "models/dev/r-failed"));
            mkdirSync(path.join(folder.path, "models/empty"));
        });

        it.each([
            [["-s", "dev"], "r-2"],
            [["--stack", "organization/gcp-trainer/dev"], "r-2"],
            [["-s", "dev", "--run", "r-3"], "r-3"],
        ])("for the options %j comes from run %s", async (args, run) => {
            await folder.predict(...args, "new.csv");

            expect(folder.reported[0]).toContain(`Model models/dev/${run}/model.json: `);
        });

        it.each([
            [["-s", "prod"], "models/prod has no run with a model; found results for dev (npm run results -- -s prod)"],
            [["-s", "dev", "--run", "r-9"], "models/dev has no run r-9 with a model; it has r-1, r-2, r-3"],
        ])("with %j is not found", async (args, message) => {
            expect(await folder.failure(...args, "new.csv")).toContain(message);
        });
    });
});
