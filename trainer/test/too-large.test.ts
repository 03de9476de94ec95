import { HyperparameterError } from "../lib/errors";
import { openFitPool } from "../lib/tree";
import type { ObjectStore } from "../src/storage";
import { train } from "../src/train";
import { count } from "./tables";

const CSV = `x,y\n${count(40)
    .map((row) => `${row},${row % 2 === 0 ? "even" : "odd"}`)
    .join("\n")}\n`;

describe("a model that is too large", () => {
    it("is rejected before the final fit, and nothing is written", async () => {
        const written: string[] = [];
        const storage: ObjectStore = {
            read: () => ({
                async *[Symbol.asyncIterator]() {
                    yield Buffer.from(CSV);
                },
            }),
            list: async (uri) => [uri],
            create: async (uri) => {
                written.push(uri.path);
            },
        };
        let fits = 0;
        const training = train({
            argv: ["--target=y", "--algorithm=forest"],
            env: { AIP_TRAINING_DATA_URI: "gs://bucket/data.csv", AIP_MODEL_DIR: "gs://bucket/model/" },
            openStorage: () => storage,
            openFitPool: (dataset) => {
                const pool = openFitPool(dataset, { file: __filename });
                return {
                    threads: 1,
                    close: () => pool.close(),
                    fit: async (task) => {
                        fits++;
                        return { ...(await pool.fit(task)), leaves: 300_000_000 };
                    },
                };
            },
            print: () => {},
        });

        await expect(training).rejects.toThrow(HyperparameterError);
        await expect(training).rejects.toThrow(
            /^The model must be at most \d\.\d\d GB; got about 66\.00 GB in 300000000 leaves: raise `minNumSamples`, or /,
        );
        expect({ fits, written }).toEqual({ fits: 1, written: [] });
    });
});
