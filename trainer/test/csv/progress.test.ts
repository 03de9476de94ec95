import { readDataset } from "../../lib/csv/dataset";
import { parseArguments } from "../settings/parse-arguments";
import { SOURCE } from "./files";

/** Reads a file of 10,000-byte rows that arrives at one megabyte per second, as measured by a simulated clock. */
async function readSlowly(megabytes: number, size?: number): Promise<string[]> {
    const rows = [1, 2, 3, 4].map((value) => `${value / 4},${"abcde"[value]},`.padEnd(9_999, "x"));
    const megabyte = Buffer.from(`${rows.join("\n")}\n`.repeat(25));
    let time = 0;
    async function* bytes(): AsyncGenerator<Uint8Array> {
        yield Buffer.from("size,kind,notes\n");
        for (let count = 0; count < megabytes; count++) {
            time += 1000;
            yield megabyte;
        }
    }
    const lines: string[] = [];
    const hyperparameters = parseArguments(["--target=size", '--dropColumns=["notes"]', "--task=classification"]);
    await readDataset(bytes(), SOURCE, hyperparameters, {
        print: (line) => lines.push(line),
        now: () => time,
        totalBytes: size,
    });
    return lines;
}

describe("read progress", () => {
    it("is reported every five seconds and at the end", async () => {
        const lines = await readSlowly(12, 12_000_016);
        expect(lines).toEqual([
            expect.stringMatching(/^Reading: \d+ rows, 4\.\d MB of 12\.0 MB, 0\.\d MB\/s, about 1\d s left$/),
            expect.stringMatching(/^Reading: \d+ rows, 9\.\d MB of 12\.0 MB, 0\.9 MB\/s, about \d s left$/),
            `Read ${SOURCE}: 1,200 rows, 3 columns, comma-separated, 12.0 MB in 12.0 s (1.0 MB/s)`,
        ]);
    });

    it("is reported without a total if it is unknown", async () => {
        const lines = await readSlowly(6);
        expect(lines).toEqual([
            expect.stringMatching(/^Reading: \d+ rows, 4\.\d MB, 0\.\d MB\/s$/),
            `Read ${SOURCE}: 600 rows, 3 columns, comma-separated`,
        ]);
    });

    it("is not reported for a small file", async () => {
        expect(await readSlowly(1)).toEqual([expect.stringMatching(/^Read .* rows, 3 columns, comma-separated$/)]);
    });
});
