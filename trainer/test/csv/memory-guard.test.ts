import { readDataset } from "../../lib/csv/dataset";
import { bytesPerEncodedValue, bytesPerValueOfFit, checkMemory, countThreads } from "../../lib/csv/memory-guard";
import { MemoryError } from "../../lib/errors";
import { EXIT, exitCodeOf } from "../../src/errors";
import { planFits } from "../../src/search/trials";
import { parseArguments } from "../settings/parse-arguments";
import { SOURCE } from "./files";

const GB = 1e9;
const WHOLE = {
    rows: 1_000_000,
    features: 10,
    bytes: 88_000_000,
    totalBytes: 88_000_000,
    textBytes: 0,
    valueBytes: 16,
};

/** The first two megabytes of a file with 30 million rows. */
const PART = { ...WHOLE, rows: 22_500, bytes: 2_000_000, totalBytes: 2_640_000_000 };

describe("checkMemory", () => {
    it("accepts a dataset that fits", () => {
        expect(() => checkMemory(SOURCE, WHOLE, 0.4 * GB)).not.toThrow();
        expect(() => checkMemory(SOURCE, PART, 7 * GB)).not.toThrow();
    });

    it("reports the required memory, the available memory, and commands that help", () => {
        expect(() => checkMemory(SOURCE, PART, 4 * GB)).toThrow(
            new MemoryError(
                `${SOURCE} needs about 6.5 GB of memory, but only 4.0 GB is available: about 29,700,000 rows with 10 features, ` +
                    "16 bytes for each value; use a larger machine (npx pulumi config set machineType e2-standard-2), " +
                    "or leave out columns (npx pulumi config set --path 'dropColumns[0]' NAME), or train on fewer rows",
            ),
        );
    });

    it.each([
        [10, "e2-highmem-2)"],
        [100, "e2-highmem-16)"],
        [600, "n2-highmem-96)"],
        [5000, "16 bytes for each value; no machine type has that much memory; leave out columns"],
    ])("names the machine type for %d GB, if one exists", (need, name) => {
        expect(() => checkMemory(SOURCE, { ...WHOLE, textBytes: need * GB }, GB)).toThrow(name);
    });

    it("accepts a dataset if almost nothing was read or the estimate is close", () => {
        expect(() => checkMemory(SOURCE, { ...PART, rows: 225, bytes: 20_000 }, GB)).not.toThrow();
        expect(() => checkMemory(SOURCE, PART, 6 * GB)).not.toThrow();
    });

    it("counts only the rows read if the size is unknown", () => {
        expect(() => checkMemory(SOURCE, { ...PART, totalBytes: undefined }, GB)).not.toThrow();
        expect(() => checkMemory(SOURCE, { ...WHOLE, totalBytes: undefined }, 0.2 * GB)).toThrow(
            ": 1,000,000 rows with 10",
        );
    });
});

describe("bytesPerValueOfFit", () => {
    it.each([
        ["one tree", ["--algorithm=tree"], 4],
        ["a tree chosen by cross-validation", ["--algorithm=tree", "--cv=5"], 20],
        ["a tree chosen from a list", ["--algorithm=tree", "--maxDepth=[3,4]"], 20],
        ["a forest", ["--algorithm=forest"], 36],
        ["a tree or a forest", ['--algorithm=["tree","forest"]'], 36],
    ])("counts the copies of concurrent threads for %s", (_, argv: string[], bytes) => {
        expect(bytesPerValueOfFit(planFits(parseArguments(["--target=kind", ...argv])), 4)).toBe(bytes);
    });
});

describe("bytesPerEncodedValue", () => {
    it.each([
        ["one forest, tested and fitted on all rows", ["--algorithm=forest"], 2 * 8 + 32],
        ["a pruned tree, chosen in five folds", ["--algorithm=tree"], 6 * 8],
        ["a forest in ten folds", ["--algorithm=forest", "--cv=10"], 11 * 8 + 32],
        ["no settings", [], 6 * 8 + 32],
    ])("counts the sets of columns and the copies for the fits of %s", (_, argv: string[], bytes) => {
        expect(bytesPerEncodedValue(planFits(parseArguments(["--target=kind", ...argv])), 4)).toBe(bytes);
    });
});

describe("readDataset", () => {
    /** An endless file that counts how many chunks were requested. */
    function endless() {
        const rows = Buffer.from("0.25,red\n".repeat(10_000));
        const source = {
            chunks: 0,
            async *[Symbol.asyncIterator]() {
                yield Buffer.from("size,kind\n");
                for (; ; source.chunks++) {
                    yield rows;
                }
            },
        };
        return source;
    }
    const hyperparameters = parseArguments(["--target=kind"]);
    const print = () => {};

    it("stops early if the whole file would not fit in memory", async () => {
        const bytes = endless();
        const failure = readDataset(Object.assign(bytes, { size: 90 * GB }), SOURCE, hyperparameters, {
            print,
            memoryLimitBytes: 4 * GB,
        });
        await expect(failure).rejects.toThrow(MemoryError);
        expect(exitCodeOf(await failure.catch((error: unknown) => error))).toBe(EXIT.memory);
        await expect(failure).rejects.toThrow(
            /needs about \d\d\d\.\d GB of memory, but only 4\.0 GB is available: about [\d,]+ rows/,
        );
        expect(bytes.chunks).toBeLessThan(20);
    });

    it("counts the columns that are needed for the codes of text and the parts of dates", async () => {
        const rows = (cells: string) => Buffer.from(`${cells}\n`.repeat(10_000));
        const needOf = async (header: string, cells: string[]) => {
            const file = {
                size: 90 * GB,
                async *[Symbol.asyncIterator]() {
                    yield Buffer.from(`${header}\n`);
                    for (;;) {
                        yield* cells.map(rows);
                    }
                },
            };
            const failure = readDataset(file, SOURCE, hyperparameters, { print, memoryLimitBytes: GB });
            const message = await failure.catch((error: Error) => error.message);
            return Number(/ features?, (\d+) bytes for each value/.exec(String(message))?.[1]);
        };
        const numbers = await needOf("size,kind", ["0.25,red"]);
        const text = await needOf("size,kind", ["tall,red", "wide,green", "low,blue"]);
        const dates = await needOf("size,kind", ["2024-12-31,red"]);
        // One of the two columns has three lists of codes, or four parts besides the date itself. There is one set of
        // columns.
        expect(text - numbers).toBe((3 * 8) / 2);
        expect(dates - numbers).toBe((4 * 8) / 2);
    });

    it("stops partway through a file of unknown size", async () => {
        const failure = readDataset(endless(), SOURCE, hyperparameters, { print, memoryLimitBytes: 0.16 * GB });
        await expect(failure).rejects.toThrow(
            /needs about 0\.2 GB of memory, but only 0\.2 GB is available: 6\d\d,\d{3} rows/,
        );
    });
});

describe("countThreads", () => {
    it("uses all processors if their fits need at most half the memory, otherwise fewer, but at least one", () => {
        expect(countThreads(8, 1000, 10, 4e9)).toBe(8);
        // Each thread needs 136 MB; 4e9 / 2 - 0.12e9 - 0.04e9 are left.
        expect(countThreads(16, 1_000_000, 10, 4e9)).toBe(13);
        expect(countThreads(8, 10_000_000, 10, 4e9)).toBe(1);
    });
});
