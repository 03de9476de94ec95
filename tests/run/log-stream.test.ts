import fc from "fast-check";
import { lastLines, planChunks, readLogTail, toLogChunks } from "../../run/log-chunks";
import { createLinePrinter, createLogStream, splitLines } from "../../run/log-stream";
import { terminalText } from "../../run/terminal-text";
import { FakeBucket, FakeClock, putLog, runId } from "./fakes";

/** A log, the offsets at which it is split into chunks, and the overlap and arrival order of the chunks. */
const cutLog = fc
    .tuple(
        fc.array(
            fc.string({ unit: "binary", maxLength: 12 }).filter((line) => !/[\r\n]/.test(line)),
            { maxLength: 12 },
        ),
        fc.boolean(),
    )
    .map(([lines, isEnded]) => Buffer.from(lines.join("\n") + (isEnded && lines.length > 0 ? "\n" : "")))
    .chain((bytes) =>
        fc.record({
            bytes: fc.constant(bytes),
            cuts: fc.uniqueArray(fc.integer({ min: 0, max: Math.max(0, bytes.length - 1) }), { maxLength: 8 }),
            overlap: fc.integer({ min: 0, max: 5 }),
            order: fc.array(fc.nat(), { minLength: 9, maxLength: 9 }),
        }),
    );

function chunksOf(bytes: Buffer, cuts: number[], overlap: number): { firstByte: number; content: Buffer }[] {
    const starts = [...new Set([0, ...cuts])].sort((a, b) => a - b);
    return starts.map((start, index) => ({
        firstByte: start,
        content: bytes.subarray(start, (starts[index + 1] ?? bytes.length) + overlap),
    }));
}

function follow(): {
    bucket: FakeBucket;
    clock: FakeClock;
    printed: string[];
    log: ReturnType<typeof createLogStream>;
} {
    const bucket = new FakeBucket();
    const clock = new FakeClock();
    const printed: string[] = [];
    return { bucket, clock, printed, log: createLogStream(bucket, runId, clock, (line) => printed.push(line)) };
}

describe("the log stream", () => {
    it("prints the newest lines of several long chunks, and counts the others", async () => {
        const { bucket, printed, log } = follow();
        let offset = 0;
        for (const lineCount of [1000, 100_000, 20]) {
            const chunk = Buffer.from(
                Array.from({ length: lineCount }, (_, index) => `${lineCount}: ${index}\n`).join(""),
            );
            putLog(bucket, 1, offset, chunk);
            offset += chunk.length;
        }
        await log.finish(1);
        expect(printed.slice(0, 2)).toEqual([
            "... 100970 lines omitted here; the whole log is at gs://demo-bucket/runs/r-0123456789/log/",
            "| 100000: 99970",
        ]);
        expect(printed).toHaveLength(51);
        expect(printed.at(-1)).toBe("| 20: 19");
    });

    it("keeps at most 250 lines in memory, however many a chunk has", () => {
        const lines = Array.from({ length: 300_000 }, (_, index) => `${index}`);
        const { newest, earlier, held } = splitLines(Buffer.from("held"), Buffer.from(`${lines.join("\n")}\nrest`));
        expect([newest, earlier, String(held)]).toEqual([lines.slice(-250), 299_750, "rest"]);
    });

    it("prints every line once and in order, however the log is split and whenever chunks arrive", async () => {
        await fc.assert(
            fc.asyncProperty(cutLog, async ({ bytes, cuts, overlap, order }) => {
                const { bucket, clock, printed, log } = follow();
                const chunks = chunksOf(bytes, cuts, overlap);
                // Chunks arrive in any order, so a gap must hold back the later ones.
                const shuffled = chunks
                    .map((chunk, index) => ({ chunk, rank: order[index] ?? 0 }))
                    .sort((a, b) => a.rank - b.rank);
                for (const { chunk } of shuffled) {
                    putLog(bucket, 1, chunk.firstByte, chunk.content);
                    await log.follow(1);
                    await clock.sleep(1000);
                }
                await log.finish(1);

                const lines = bytes.toString("utf8").split("\n");
                if (lines.at(-1) === "") {
                    lines.pop();
                }
                expect(printed).toEqual(lines.map((line) => `| ${terminalText(line)}`));
            }),
            { numRuns: 300 },
        );
    });

    it("rereads a chunk that has grown under the same name", async () => {
        const { bucket, printed, log } = follow();
        putLog(bucket, 1, 0, "one\ntw");
        await log.follow(1);
        putLog(bucket, 1, 0, "one\ntwo\nthree\n");
        await log.follow(1);
        expect(printed).toEqual(["| one", "| two", "| three"]);
    });

    it("reports the number of missing bytes at the end", async () => {
        const { bucket, printed, log } = follow();
        putLog(bucket, 1, 0, "one\n");
        putLog(bucket, 1, 10, "three\n");
        await log.follow(1);
        expect(printed).toEqual(["| one"]);
        await log.finish(1);
        expect(printed).toEqual(["| one", "| [6 bytes of the log are missing here]", "| three"]);
    });

    it("finishes an attempt's log before it begins the next one", async () => {
        const { bucket, clock, printed, log } = follow();
        putLog(bucket, 1, 0, "first attempt\nheld back");
        await log.follow(1);
        putLog(bucket, 2, 0, "second attempt\n");
        await clock.sleep(1000);
        await log.follow(2);
        expect(printed).toEqual(["| first attempt", "| held back", "| second attempt"]);
    });

    it("prints the beginning of a long line once, without waiting for its end", async () => {
        const { bucket, printed, log } = follow();
        const cut = `| ${"x".repeat(1000)} [long line truncated here]`;
        putLog(bucket, 1, 0, "x".repeat(70_000));
        await log.follow(1);
        expect(printed).toEqual([cut]);
        putLog(bucket, 1, 70_000, "x".repeat(2_000_000));
        await log.follow(1);
        putLog(bucket, 1, 2_070_000, `end\nnext\n${"x".repeat(1001)}\n`);
        await log.follow(1);
        expect(printed).toEqual([cut, "| next", cut]);
    });

    it("follows a progress bar that never ends its line", async () => {
        const { bucket, printed, log } = follow();
        putLog(bucket, 1, 0, "10%\r".repeat(20_000));
        await log.follow(1);
        putLog(bucket, 1, 80_000, "20%\r".repeat(20_000));
        await log.follow(1);
        expect(printed).toEqual(["| 10%", "| 20%"]);
    });

    it("shows each new state of a progress bar while its line is unfinished, and no state twice", async () => {
        const { bucket, printed, log } = follow();
        const states = [
            "start\n",
            "\r 10% |#",
            "   |\r 20% |##  |\r 3",
            "0% |### |\r",
            "\r 30% |### |\r",
            "\n100%\r\nend\r\n",
        ];
        let offset = 0;
        const counts: number[] = [];
        for (const state of states) {
            putLog(bucket, 1, offset, state);
            offset += Buffer.byteLength(state);
            await log.follow(1);
            counts.push(printed.length);
        }
        expect(printed).toEqual(["| start", "|  20% |##  |", "|  30% |### |", "| 100%", "| end"]);
        expect(counts).toEqual([1, 1, 2, 2, 2, 5]);
    });

    it("does not mistake half of a Windows line break for progress", async () => {
        const { bucket, printed, log } = follow();
        putLog(bucket, 1, 0, "one\r");
        await log.follow(1);
        putLog(bucket, 1, 4, "\ntwo\r\n");
        await log.follow(1);
        expect(printed).toEqual(["| one", "| two"]);
    });

    it("recognises that the next chunk has arrived", async () => {
        const { bucket, log } = follow();
        putLog(bucket, 1, 0, "one\n");
        await log.follow(1);
        await expect(log.hasNext()).resolves.toBe(false);
        putLog(bucket, 1, 4, "two\n");
        await expect(log.hasNext()).resolves.toBe(true);
    });

    it("shows a progress bar as a terminal would", () => {
        expect(splitLines(Buffer.alloc(0), Buffer.from("10%\r50%\r100%\ndone\r\nrest")).newest).toEqual([
            "100%",
            "done",
        ]);
    });
});

describe("the line printer", () => {
    it("prints at most the newest 50 lines a second, and counts the others", async () => {
        const clock = new FakeClock();
        const printed: string[] = [];
        const print = createLinePrinter(clock, (line) => printed.push(line), "gs://b/log/");
        const newest = Array.from({ length: 250 }, (_, index) => `${index}`);
        const lines = { newest, earlier: 1000 };

        print(lines);
        expect(printed).toHaveLength(51);
        expect(printed[0]).toBe("... 1200 lines omitted here; the whole log is at gs://b/log/");
        expect(printed.at(-1)).toBe("| 249");

        await clock.sleep(60_000);
        printed.length = 0;
        print(lines);
        expect(printed).toHaveLength(251);
    });

    it("prints five seconds' worth of lines if chunks arrive every five seconds", async () => {
        const clock = new FakeClock();
        const printed: string[] = [];
        const print = createLinePrinter(clock, (line) => printed.push(line), "gs://b/log/");
        for (let chunk = 0; chunk < 4; chunk += 1) {
            await clock.sleep(5000);
            print({ newest: Array.from({ length: 240 }, () => "line"), earlier: 0 });
        }
        expect(printed).toHaveLength(960);
    });
});

describe("log chunks", () => {
    it("are ordered numerically by attempt and offset, and exclude other objects", () => {
        const bucket = new FakeBucket();
        const names = ["10/000000000000.txt", "2/000000000005.txt", "2/000000000000.txt", "2/x.txt", "notes.txt"];
        const objects = names.map((name) => bucket.put(`runs/${runId}/log/${name}`, "abc"));
        const order = toLogChunks(runId, objects).map(({ attempt, firstByte }) => [attempt, firstByte]);
        expect(order).toEqual([
            [2, 0],
            [2, 5],
            [10, 0],
        ]);
    });

    it("are read from where the previous chunk ends, so that no byte is read twice", () => {
        const bucket = new FakeBucket();
        const put = (offset: number, text: string) =>
            bucket.put(`runs/${runId}/log/1/${String(offset).padStart(12, "0")}.txt`, text);
        const chunks = toLogChunks(runId, [put(0, "abcdef"), put(4, "efgh"), put(4, "efgh")]);
        expect(planChunks(chunks, 2, false).map(({ skipBytes }) => skipBytes)).toEqual([2, 2]);
    });

    it("yield an attempt's last lines without reading all of a long log", async () => {
        const bucket = new FakeBucket();
        const read: string[] = [];
        bucket.before = (operation, name) => operation === "read" && read.push(name);
        const size = 200 * 1024;
        for (let chunk = 0; chunk < 10; chunk += 1) {
            putLog(bucket, 1, chunk * size, `${`${chunk}`.repeat(size - 1)}\n`);
        }
        const tail = await readLogTail(bucket, runId, 1, 40);
        expect(tail.map((line) => line[0])).toEqual(["8", "9"]);
        expect(read).toHaveLength(2);
    });

    it("yield no lines if the log is empty", () => {
        expect(lastLines("", 40)).toEqual([]);
        expect(lastLines("\n\n", 40)).toEqual([]);
        expect(lastLines("a\n\nb\n", 2)).toEqual(["", "b"]);
    });
});
