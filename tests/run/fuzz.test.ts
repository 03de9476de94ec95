import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { collectRun } from "../../run/collect";
import { parseLogChunkName, runLayout } from "../../run/layout";
import { parseStatus, renderStatus, runStates } from "../../run/status";
import { anyJsonText, anyText, DEEP_JSON, expectNothingEvaluated, FUZZ, variantsOf } from "../helpers/fuzz";
import { FakeBucket, FakeClock, putLog, runId, statusOf } from "./fakes";

const { model, objects, log } = runLayout(runId);
const STATUS = statusOf({ state: "SUCCEEDED", exitCode: 0, finishedAt: "2026-01-01T00:02:00Z" });

let root: string;
beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "run-fuzz-"));
});
afterEach(() => {
    rmSync(root, { recursive: true, force: true });
});

/** Collects a run. An error must be a message for the user; a programming error fails the test. */
async function collectOrExplain(bucket: FakeBucket): Promise<"collected" | Error> {
    const context = { bucket, clock: new FakeClock(), print: () => undefined };
    try {
        await collectRun(context, { status: STATUS, folder: path.join(root, "models", "dev", runId) });
        return "collected";
    } catch (error) {
        expect(error).toBeInstanceOf(Error);
        expect(error).not.toBeInstanceOf(TypeError);
        expect(error).not.toBeInstanceOf(RangeError);
        return error as Error;
    }
}

describe("parseStatus", () => {
    const anyStatus = fc.oneof(anyJsonText, variantsOf(STATUS), variantsOf(statusOf({ reason: "why", bootId: "b" })));

    it("reads any JSON as a status that renders to the same text, or says which part is wrong", () => {
        fc.assert(
            fc.property(anyStatus, (text) => {
                let status: ReturnType<typeof parseStatus>;
                try {
                    status = parseStatus(text, "gs://demo-bucket/status.json");
                } catch (error) {
                    const { message } = error as Error;
                    expect(message).toMatch(/^gs:\/\/demo-bucket\/status\.json is not a run's status: .*; got /s);
                    expect(message.length).toBeLessThan(2000);
                    return;
                }
                expect(runStates).toContain(status.state);
                expect(parseStatus(renderStatus(status), "again")).toEqual(status);
            }),
            FUZZ,
        );
        expectNothingEvaluated();
    });

    it.each(DEEP_JSON.map((text) => [text.slice(0, 8), text]))(
        "reads an extra entry nested 20,000 levels deep, %s...",
        (_what, deep) => {
            const text = renderStatus(STATUS).replace(/\}\n$/, `,"extra":${deep}}`);

            expect(parseStatus(text, "here")).toEqual(STATUS);
        },
    );
});

describe("collecting a run", () => {
    const listing = {
        schema: 1,
        pages: [{ items: [{ name: `${model}a`, size: "1", generation: "1", crc32c: "AAAAAA==", md5Hash: "x" }] }, {}],
    };

    it("saves the model whatever the listing contains, or explains what is wrong", async () => {
        await fc.assert(
            fc.asyncProperty(fc.oneof(variantsOf(listing), anyJsonText), async (text) => {
                const bucket = new FakeBucket();
                bucket.put(`${model}a`, "a");
                bucket.put(objects, text);
                const result = await collectOrExplain(bucket);
                if (result instanceof Error) {
                    expect(result.message).toContain("demo-bucket");
                }
                rmSync(path.join(root, "models"), { recursive: true, force: true });
            }),
            { ...FUZZ, numRuns: 30 },
        );
        expectNothingEvaluated();
    });

    it("writes objects only to its own folder, whatever their names", async () => {
        const part = fc.oneof(anyText, fc.constantFrom("..", ".", "a", "A", "manifest.json", "C:", "con", "renamed"));
        const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
        await fc.assert(
            fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 4 }), async (names) => {
                const bucket = new FakeBucket();
                const items = names.map((each) => {
                    const { sizeBytes, ...stored } = bucket.put(`${model}${each}`, "content");
                    return { ...stored, size: String(sizeBytes) };
                });
                bucket.put(objects, JSON.stringify({ schema: 1, pages: [{ items }] }));
                putLog(bucket, 1, 0, "log");
                const result = await collectOrExplain(bucket);

                expect(readdirSync(root)).toEqual(result === "collected" ? ["models"] : []);
                if (result === "collected") {
                    expect(readdirSync(path.join(root, "models", "dev")).sort()).toEqual(["index.html", runId]);
                    const manifest = readFileSync(path.join(root, "models", "dev", runId, "manifest.json"), "utf8");
                    expect(JSON.parse(manifest)).toHaveProperty("runId", runId);
                }
                rmSync(path.join(root, "models"), { recursive: true, force: true });
            }),
            { ...FUZZ, numRuns: 30 },
        );
    });

    it("reads an attempt and an offset only from the names of log chunks", () => {
        fc.assert(
            fc.property(
                fc.oneof(
                    anyText,
                    fc.nat().map((offset) => `1/${String(offset).padStart(12, "0")}.txt`),
                ),
                (end) => {
                    const found = parseLogChunkName(runId, `${log}${end}`);
                    if (found !== undefined) {
                        expect(runLayout(runId).logChunk(found.attempt, found.firstByte)).toBe(`${log}${end}`);
                    }
                },
            ),
            FUZZ,
        );
    });
});
