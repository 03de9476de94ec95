import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { collectRun } from "../../run/collect";
import { publishFolder } from "../../run/files";
import { saveRun } from "../../run/save-all";
import type { RunStatus } from "../../run/status";
import { type FakeBucket, FakeClock, runId } from "./fakes";
import { bucketWith, status } from "./successful-run";

const FIRST = `${runId}.20260101T000200Z`;
/** The status of the same run after it was trained again in a new bucket. */
const again: RunStatus = { ...status, bootId: "anotherboot", startedAt: "2026-02-01T00:00:00Z" };
const failed: RunStatus = { ...status, state: "FAILED", attempt: 1, finishedAt: "2026-01-01T00:01:00Z" };

let root: string;
beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "earlier-"));
});
afterEach(() => {
    rmSync(root, { recursive: true, force: true });
});

const stackDir = () => path.join(root, "models", "dev");
const folder = () => path.join(stackDir(), runId);
/** The folders of runs, without the page that lists them. */
const savedFolders = () => readdirSync(stackDir()).filter((name) => name !== "index.html");
const read = (...parts: string[]) => readFileSync(path.join(stackDir(), ...parts), "utf8");

async function collect(bucket: FakeBucket, of: RunStatus = status): Promise<string[]> {
    const printed: string[] = [];
    const context = { bucket, clock: new FakeClock(), print: (line: string) => printed.push(line) };
    await collectRun(context, { status: of, folder: folder() });
    return printed;
}

/** Saves the log and status from a run that has not succeeded, or the results from one that has. */
async function save(bucket: FakeBucket, of: RunStatus): Promise<void> {
    const context = { bucket, clock: new FakeClock(), print: () => undefined };
    await saveRun(context, of, { relative: "models/dev", absolute: folder() });
}

describe("the results from an earlier attempt", () => {
    it("are moved as a whole when the same run is trained again in a new bucket", async () => {
        await collect(bucketWith({ "model.json": "first", "same.json": "{}" }));
        writeFileSync(path.join(folder(), "notes.txt"), "mine");
        const files = readdirSync(folder());
        const manifest = read(runId, "manifest.json");

        const printed = await collect(bucketWith({ "model.json": "second", "same.json": "{}" }), again);

        expect(printed).toEqual([`run ${runId}: the results from an earlier attempt are in the folder ${FIRST}`]);
        expect(savedFolders().sort()).toEqual([runId, FIRST]);
        expect(readdirSync(path.join(stackDir(), FIRST))).toEqual(files);
        expect(read(FIRST, "model.json")).toBe("first");
        expect(read(FIRST, "manifest.json")).toBe(manifest);
        expect(read(runId, "model.json")).toBe("second");
        expect(readdirSync(folder()).sort()).toEqual(files.filter((name) => name !== "notes.txt").sort());
    });

    it("are kept whole when several attempts are saved at the same time", async () => {
        const attempts = Array.from({ length: 8 }, (_, index) => ({ ...status, bootId: `boot${index}` }));

        await Promise.all(
            attempts.map((of) => collect(bucketWith({ "model.json": of.bootId, [`${of.bootId}.txt`]: "" }), of)),
        );

        const saved = savedFolders().map((name) => {
            const { bootId } = JSON.parse(read(name, "status.json"));
            const files = readdirSync(path.join(stackDir(), name)).filter((file) => file.startsWith("boot"));
            return [bootId, read(name, "model.json"), files];
        });
        expect(saved.sort()).toEqual(attempts.map(({ bootId }) => [bootId, bootId, [`${bootId}.txt`]]));
    });

    it.each([
        { what: "moved away", replace: () => undefined, left: [] },
        {
            what: "replaced",
            replace: () => {
                mkdirSync(folder());
                writeFileSync(path.join(folder(), "their.txt"), "theirs");
            },
            left: ["their.txt"],
        },
    ])("are not mixed with a folder that another process has $what in the meantime", async ({ replace, left }) => {
        const partial = path.join(stackDir(), "partial");
        mkdirSync(folder(), { recursive: true });
        mkdirSync(partial);
        writeFileSync(path.join(folder(), "first.txt"), "");
        writeFileSync(path.join(partial, "mine.txt"), "mine");

        const isPublished = await publishFolder(partial, folder(), "mine.txt", async () => {
            renameSync(folder(), path.join(stackDir(), FIRST));
            replace();
            return false;
        });

        expect(isPublished).toBe(false);
        expect(existsSync(folder()) ? readdirSync(folder()) : []).toEqual(left);
        expect(readdirSync(path.join(stackDir(), FIRST))).toEqual(["first.txt"]);
        expect(readdirSync(partial)).toEqual(["mine.txt"]);
    });

    it("are recognised by their manifest if their status was deleted", async () => {
        await collect(bucketWith({ "model.json": "first" }));
        rmSync(path.join(folder(), "status.json"));

        await collect(bucketWith({ "model.json": "second" }), again);

        expect(read(FIRST, "model.json")).toBe("first");
    });

    it("never replace others that ended at the same time", async () => {
        await collect(bucketWith({ "model.json": "first" }));
        await collect(bucketWith({ "model.json": "second" }), again);
        await collect(bucketWith({ "model.json": "third" }), { ...again, bootId: "thirdboot" });

        expect([FIRST, `${FIRST}-2`, runId].map((name) => read(name, "model.json"))).toEqual([
            "first",
            "second",
            "third",
        ]);
    });

    it("stay in place until the new ones are complete", async () => {
        await collect(bucketWith({ "model.json": "first" }));
        const bucket = bucketWith({ "model.json": "second" });
        bucket.before = (operation) => {
            if (operation === "download") {
                throw new Error("cut off");
            }
        };

        await expect(collect(bucket, again)).rejects.toThrow("cut off");

        expect(savedFolders()).toEqual([runId]);
        expect(read(runId, "model.json")).toBe("first");
    });

    it("are kept when a run that has not succeeded is saved under the same id", async () => {
        await collect(bucketWith({ "model.json": "first" }));
        await save(bucketWith({}), { ...again, state: "RUNNING", finishedAt: null });

        expect(read(FIRST, "model.json")).toBe("first");
        expect(readdirSync(folder()).sort()).toEqual(["status.json", "trainer.log"]);
    });

    it("are kept when a failed attempt is followed by a successful one", async () => {
        await save(bucketWith({}), failed);
        await collect(bucketWith({ "model.json": "{}" }));

        expect(JSON.parse(read(`${runId}.20260101T000100Z`, "status.json"))).toMatchObject({ state: "FAILED" });
        expect(existsSync(path.join(folder(), "model.json"))).toBe(true);
    });
});

it("the results from one attempt are completed in place", async () => {
    const bucket = bucketWith({ "model.json": "{}" });
    await save(bucket, { ...status, state: "RUNNING", finishedAt: null, updatedAt: "2026-01-01T00:01:00Z" });
    await collect(bucket);

    expect(savedFolders()).toEqual([runId]);
    expect(JSON.parse(read(runId, "status.json"))).toMatchObject({ state: "SUCCEEDED" });
});
