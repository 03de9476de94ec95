import { readFileSync } from "node:fs";
import path from "node:path";
import { ROWS } from "../../infra/config/keys";
import { DEFAULTS } from "../../infra/defaults";

const source = readFileSync(path.join(__dirname, "..", "..", "infra", "training-job-args.ts"), "utf8");

describe("the arguments of TrainingJob", () => {
    it.each(Object.entries(DEFAULTS))("document the default of %s, %j", (name, value) => {
        const comment = new RegExp(`@default (?<text>[^\\n]*?) ?(?:\\([^)\\n]*\\) ?)?\\s*\\*/\\n    ${name}\\?:`).exec(
            source,
        );

        expect(comment?.groups?.text).toBe(JSON.stringify(value));
    });

    it("share their defaults with the config keys, except for target and those that have no key", () => {
        const keys = Object.fromEntries(ROWS.map(([name, key]) => [name, key.default]));
        // The config stores secret values under `env`, and finds the dataset's objects and the sweep's points itself.
        const { target, secretValues, datasetObjects, points, ...shared } = DEFAULTS;

        expect(keys).toMatchObject(shared);
        expect([keys.target, target, secretValues, datasetObjects, points]).toEqual(["Species", "", {}, [], []]);
    });
});
