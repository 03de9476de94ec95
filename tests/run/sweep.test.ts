import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { batchEngine } from "../../run/batch-engine";
import { collectRun } from "../../run/collect";
import type { RunPrice } from "../../run/cost/run-cost";
import { pointRun, runLayout } from "../../run/layout";
import { saveRun } from "../../run/save-all";
import { type RunStatus, renderStatus } from "../../run/status";
import { sweepOutput } from "../../run/sweep-results";
import { parseRow, renderRanges, renderRow, rowObject, type SweepRow, undecidedPoints } from "../../run/sweep-rows";
import { reusePoints } from "../../run/sweep-start";
import { waitForRun } from "../../run/wait";
import { DEFINITION, FakeBatch, PLACE } from "./fake-batch";
import { FakeBucket, FakeClock, putStatus, runId, statusObject, statusOf } from "./fakes";
import { provenance } from "./successful-run";

const idOf = (index: number) => `p-${String(index).padStart(10, "0")}`;
const POINTS = [0, 1, 2, 3].map((index) => ({ id: idOf(index), arguments: { depth: index } }));
const SWEEP = { count: 4, metric: "accuracy", goal: "maximize" };
const at = runLayout(runId);

function rowOf(index: number, change: Partial<SweepRow> = {}): SweepRow {
    return {
        index,
        point: idOf(index),
        state: "SUCCEEDED",
        exitCode: 0,
        metric: index / 10,
        attempts: 1,
        startedAt: "2026-01-01T00:00:00Z",
        finishedAt: "2026-01-01T00:01:30Z",
        seconds: 90,
        reason: null,
        ...change,
    };
}

async function putRow(bucket: FakeBucket, index: number, change: Partial<SweepRow> = {}): Promise<void> {
    const before = await bucket.stat(at.row(index));
    await bucket.write(at.row(index), ...rowObject(rowOf(index, change), before?.generation ?? "0"));
}

function putPoint(bucket: FakeBucket, run: string, index: number, change: Partial<RunStatus> = {}): void {
    const point = runLayout(pointRun(run, idOf(index)));
    const status = statusOf({
        runId: point.root.slice("runs/".length, -1),
        state: "SUCCEEDED",
        exitCode: 0,
        ...change,
    });
    bucket.put(point.status, renderStatus(status));
    bucket.put(`${point.model}metrics.json`, `{"accuracy":0.${index}}`);
    bucket.put(point.logChunk(1, 0), `log of ${index}\n`);
}

function scene({ spotFallback = "none" } = {}) {
    const bucket = new FakeBucket();
    const clock = new FakeClock();
    const batch = new FakeBatch();
    const printed: string[] = [];
    const print = (line: string) => printed.push(line);
    const definition = {
        ...DEFINITION,
        taskGroups: DEFINITION.taskGroups.map((group) => ({ ...group, taskCount: "4", parallelism: "2" })),
    };
    const engine = batchEngine(batch.apis(clock), {
        ...PLACE,
        runId,
        definition,
        spotFallback,
        maxAttempts: 3,
        undecided: () => undecidedPoints(bucket, runId, 4),
    });
    bucket.put(at.pointList, JSON.stringify(POINTS));
    const wait = (price?: RunPrice) =>
        waitForRun({ bucket, clock, engine, print }, { runId, wait: true, maxAttempts: 3, sweep: SWEEP, price });
    return { bucket, clock, batch, printed, print, engine, wait };
}

const jobOf = (batch: FakeBatch, id: string) => {
    const group = batch.jobs.get(id)?.taskGroups?.[0];
    const { environment } = (group?.taskSpec.runnables[0] ?? {}) as { environment?: { variables: object } };
    return { ...group, variables: environment?.variables };
};

describe("a row of a sweep", () => {
    it.each([
        ["a point that succeeded", {}],
        ["a point that failed", { state: "FAILED", exitCode: 3, metric: null, reason: 'said "no"\tand ü' }],
        [
            "a point without times",
            { state: "TIMED_OUT", exitCode: null, startedAt: null, finishedAt: null, seconds: 0 },
        ],
    ])("is the same after it has been written and read: %s", (_, change: Partial<SweepRow>) => {
        const text = renderRow(rowOf(7, change));

        expect(parseRow(text)).toEqual(rowOf(7, change));
        expect(Buffer.byteLength(text) % 3).toBe(0);
    });

    it.each(["", "x", "1\tp-1\tSUCCEEDED", "1\tp-0123456789\tgood\t0"])("is not %j", (text) => {
        expect(parseRow(text)).toBeUndefined();
    });

    it("is selected by ranges of indexes", () => {
        expect(renderRanges([0, 1, 2, 5, 7, 8])).toBe("0-2,5,7-8");
        expect(renderRanges([])).toBe("");
    });
});

describe("a wait for a sweep", () => {
    it("prints counts and failed points, and neither stalls nor writes the status while points train", async () => {
        const { bucket, clock, batch, printed, engine, wait } = scene();
        putStatus(bucket, { state: "PENDING", bootId: null });
        await engine.start(3);
        expect(jobOf(batch, PLACE.jobId)).toMatchObject({
            taskCount: "4",
            parallelism: "2",
            variables: { SWEEP_JOB: PLACE.jobId, SWEEP_POINTS: "0-3" },
            taskSpec: { maxRetryCount: 3 },
        });
        clock.at(20_000, () => {
            batch.set(PLACE.jobId, "RUNNING", { RUNNING: "2", PENDING: "2" });
            putStatus(bucket, { state: "RUNNING", startedAt: "2026-01-01T00:00:20Z" });
        });
        clock.at(120_000, () => void putRow(bucket, 0, { attempts: 2 }));
        clock.at(180_000, () => void putRow(bucket, 1, { state: "FAILED", exitCode: 65, reason: "It broke" }));
        clock.at(3 * 3600_000, () => {
            void putRow(bucket, 2);
            void putRow(bucket, 3);
            putStatus(bucket, { state: "SUCCEEDED", exitCode: 0 });
        });

        await expect(wait()).resolves.toMatchObject({ state: "SUCCEEDED" });
        expect(printed.map((line) => line.replace(/\d+ min so far/, "M min so far"))).toEqual([
            `run ${runId}, attempt 1: waiting for its VM`,
            `run ${runId}, attempt 1: training`,
            `run ${runId}: 0 of 4 points are done, 0 running, 4 waiting, M min so far`,
            `run ${runId}: 0 of 4 points are done, 2 running, 2 waiting, M min so far`,
            `run ${runId}: 1 of 4 points are done, 1 retried, 2 running, 1 waiting, M min so far`,
            `point ${idOf(1)} failed (depth=1): It broke`,
            `run ${runId}: 2 of 4 points are done, 1 failed, 1 retried, 2 running, 0 waiting, M min so far`,
            `run ${runId}: 4 of 4 points are done, 1 failed, 1 retried, M min so far`,
            `run ${runId}, attempt 1: succeeded`,
        ]);
        expect(batch.requests.filter((request) => request.startsWith("POST"))).toHaveLength(1);
    });

    it("adds the cost of the points that are done, including preempted attempts but not reused points", async () => {
        const { bucket, clock, batch, printed, engine, wait } = scene();
        await engine.start(3);
        batch.set(PLACE.jobId, "RUNNING", { RUNNING: "1" });
        await putRow(bucket, 0, { reason: "Reused from run r-aaaaaaaaaa" });
        await putRow(bucket, 1);
        await putRow(bucket, 2, { state: "FAILED", attempts: 2 });
        const { logChunk } = runLayout(pointRun(runId, idOf(2)));
        bucket.put(logChunk(1, 0), "before\n");
        bucket.put(logChunk(1, 7), "the preemption\n", "2026-01-01T00:30:00Z");
        bucket.put(logChunk(2, 0), "after\n");
        putStatus(bucket, { state: "RUNNING" });
        clock.at(60_000, () => putStatus(bucket, { state: "SUCCEEDED", exitCode: 0 }));

        await wait({ hourlyUsd: 2, isExample: true });
        expect(printed.join("\n")).toMatch(
            /3 of 4 points are done, .* min so far; what is done cost \$1\.10 \(example amounts from the emulator\)$/m,
        );
    });

    it("starts a job with the points that have no outcome yet, after Batch has ended a job early", async () => {
        const { bucket, clock, batch, wait, engine } = scene({ spotFallback: "standard" });
        putStatus(bucket, { state: "RUNNING" });
        await engine.start(3);
        await putRow(bucket, 0);
        await putRow(bucket, 2, { state: "FAILED" });
        batch.set(PLACE.jobId, "FAILED", {}, "Task state is updated from RUNNING to FAILED with exit code 50001.");
        clock.at(60_000, () => putStatus(bucket, { state: "SUCCEEDED", attempt: 2 }));

        await wait();
        expect(jobOf(batch, `${PLACE.jobId}-a2`)).toMatchObject({
            taskCount: "2",
            parallelism: "2",
            variables: { SWEEP_JOB: `${PLACE.jobId}-a2`, SWEEP_POINTS: "1,3" },
        });
        expect(batch.jobs.get(`${PLACE.jobId}-a2`)?.allocationPolicy?.instances[0]?.policy.provisioningModel).toBe(
            "STANDARD",
        );
    });

    it("fails and reports the first failed points and their logs; the next wait repeats only the failed points", async () => {
        const { bucket, clock, batch, printed, wait, engine } = scene();
        await engine.start(3);
        batch.set(PLACE.jobId, "SUCCEEDED");
        for (const index of [0, 1, 2, 3]) {
            const failure = index === 3 ? { state: "FAILED" as const, exitCode: 65 } : {};
            putPoint(bucket, runId, index, failure);
            await putRow(bucket, index, failure);
        }
        putStatus(bucket, { state: "FAILED", reason: "1 of 4 points failed (1 with exit code 65)" });

        const error: Error = await wait().then(
            () => new Error("it succeeded"),
            (failure) => failure,
        );
        expect(error.message).toContain(`Run ${runId}, attempt 1, failed: 1 of 4 points failed`);
        expect(error.message).toContain(`${idOf(3)} (depth=3), exit code 65:`);
        expect(error.message).toContain("| log of 3");
        expect(error.message).toContain(`gcloud storage cat gs://demo-bucket/${at.tableCsv}`);

        clock.at(clock.now() - Date.parse("2026-01-01T00:00:00Z") + 60_000, () =>
            putStatus(bucket, { state: "SUCCEEDED", attempt: 2 }),
        );
        await wait();
        expect(jobOf(batch, `${PLACE.jobId}-a2`)).toMatchObject({ taskCount: "1", variables: { SWEEP_POINTS: "3" } });
        expect(JSON.parse(bucket.text(runLayout(pointRun(runId, idOf(3))).status) ?? "")).toMatchObject({
            state: "PENDING",
            attempt: 2,
        });
        expect(bucket.text(statusObject)).toContain('"attempt":2');
        expect(printed.join("\n")).toContain("attempt 1 failed; starting attempt 2");
    });

    it("starts one task to conclude a sweep whose points all have an outcome", async () => {
        const { bucket, batch, engine } = scene();
        for (const index of [0, 1, 2, 3]) {
            await putRow(bucket, index);
        }
        await engine.start(3);
        expect(jobOf(batch, PLACE.jobId)).toMatchObject({ taskCount: "1", variables: { SWEEP_POINTS: "0" } });
    });
});

describe("points that other runs have finished", () => {
    it("are copied with their model, log, status and row", async () => {
        const { bucket, printed, print } = scene();
        putPoint(bucket, "r-aaaaaaaaaa", 1);
        putPoint(bucket, "r-aaaaaaaaaa", 2, { state: "FAILED" });
        putPoint(bucket, "r-bbbbbbbbbb", 9);
        // A run that is not a sweep, with the arguments of the last point.
        const single = `r-${idOf(3).slice(2)}`;
        bucket.put(runLayout(single).status, renderStatus(statusOf({ runId: single, state: "SUCCEEDED" })));
        bucket.put(`${runLayout(single).model}metrics.json`, '{"accuracy":0.75}');

        await reusePoints(bucket, runId, POINTS, SWEEP, print);

        expect(printed).toEqual([`run ${runId}: 2 of 4 points are reused from ${single}, r-aaaaaaaaaa`]);
        expect(await undecidedPoints(bucket, runId, 4)).toEqual([0, 2]);
        const copied = runLayout(pointRun(runId, idOf(1)));
        expect(bucket.text(`${copied.model}metrics.json`)).toBe('{"accuracy":0.1}');
        expect(bucket.text(copied.logChunk(1, 0))).toBe("log of 1\n");
        expect(JSON.parse(bucket.text(copied.status) ?? "")).toMatchObject({
            runId: pointRun(runId, idOf(1)),
            reason: "Reused from run r-aaaaaaaaaa",
        });
        expect(parseRow(bucket.text(at.row(3)) ?? "")).toMatchObject({ metric: 0.75, state: "SUCCEEDED" });
    });
});

describe("the results of a sweep", () => {
    const table = {
        schema: 1,
        runId,
        state: "SUCCEEDED",
        metric: "accuracy",
        goal: "maximize",
        best: idOf(1),
        counts: { points: 2, succeeded: 2, failed: 0 },
        points: [0, 1].map((index) => ({
            point: idOf(index),
            arguments: { depth: index, text: "</script><b>" },
            state: "SUCCEEDED",
            exitCode: 0,
            metric: index / 10,
            attempts: 1,
            minutes: 1.5,
            reason: index === 0 ? "Reused from run r-aaaaaaaaaa" : null,
        })),
    };

    it("are saved with every point, its log, the table and the page, and are saved again if some of them were deleted", async () => {
        const folder = mkdtempSync(path.join(tmpdir(), "sweep-"));
        try {
            const { bucket, clock, print, printed } = scene();
            putPoint(bucket, runId, 0);
            putPoint(bucket, runId, 1);
            bucket.put(at.table, JSON.stringify(table));
            bucket.put(at.tableCsv, `point,state\r\n${idOf(0)},SUCCEEDED\r\n${idOf(1)},SUCCEEDED\r\n`);
            await putRow(bucket, 0, { reason: "Reused from run r-aaaaaaaaaa" });
            // The first attempt was preempted after half an hour.
            await putRow(bucket, 1, { attempts: 2 });
            const { log } = runLayout(pointRun(runId, idOf(1)));
            bucket.put(`${log}1/000000000009.txt`, "more\n", "2026-01-01T00:30:00Z");
            bucket.put(`${log}2/000000000000.txt`, "again\n");
            const model = bucket.put(`${at.model}metrics.json`, '{"accuracy":0.1}');
            const { createdAt: _unused, sizeBytes, ...item } = model;
            bucket.put(at.objects, JSON.stringify({ schema: 1, pages: [{ items: [{ ...item, size: sizeBytes }] }] }));
            const status = statusOf({ state: "SUCCEEDED", exitCode: 0 });
            const target = path.join(folder, runId);
            const priced = { ...provenance, price: { hourlyUsd: 2, isExample: false } };
            const collected = await collectRun(
                { bucket, clock, print },
                { status, folder: target, provenance: priced },
            );

            // This attempt took a minute and a half, and the earlier one half an hour.
            const cost = { usd: 1.05, minutes: 31.5, earlierMinutes: 30, hourlyUsd: 2, isExample: false };
            expect(collected).toMatchObject({ objectCount: 1, extraCount: 5, isSweep: true, cost });
            const read = (file: string) => readFileSync(path.join(target, file), "utf8");
            expect(read(`points/${idOf(1)}/model/metrics.json`)).toBe('{"accuracy":0.1}');
            expect(read(`points/${idOf(1)}/trainer.log`)).toContain("log of 1\n");
            expect(read("sweep.csv")).toBe(
                `point,state,costUsd\r\n${idOf(0)},SUCCEEDED,0\r\n${idOf(1)},SUCCEEDED,1.05\r\n`,
            );
            expect(read("sweep.html")).toContain(
                '"cost":"$1.05 for 31.5 minutes, including 30 minutes of earlier attempts"',
            );
            expect(JSON.parse(read("manifest.json")).cost).toEqual(cost);
            expect(read("sweep.html")).toContain("\\u003c/script>\\u003cb>");
            expect(await sweepOutput({ relative: "models/x", absolute: target }, cost)).toEqual({
                best: idOf(1),
                arguments: { depth: 1, text: "</script><b>" },
                accuracy: 0.1,
                points: 2,
                succeeded: 2,
                failed: 0,
                reused: 1,
                minutes: 31.5,
                costUsd: 1.05,
                table: "models/x/sweep.csv",
                report: "models/x/sweep.html",
            });

            rmSync(path.join(target, "points", idOf(0)), { recursive: true });
            await collectRun({ bucket, clock, print }, { status, folder: target });
            expect(read(`points/${idOf(0)}/trainer.log`)).toContain("log of 0\n");
            expect(printed.join("\n")).toContain("saving the missing or changed files");
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    it("are saved before an unfinished sweep is destroyed", async () => {
        const folder = mkdtempSync(path.join(tmpdir(), "sweep-"));
        try {
            const { bucket, clock, print } = scene();
            putPoint(bucket, runId, 2);
            const absolute = path.join(folder, runId);
            const line = await saveRun({ bucket, clock, print }, statusOf({}), { relative: "models/x", absolute });

            expect(line).toBe(
                `run ${runId}: not finished (RUNNING); its log, status and 2 files of points are in models/x`,
            );
            expect(readFileSync(path.join(absolute, "points", idOf(2), "trainer.log"), "utf8")).toContain("log of 2");
        } finally {
            rmSync(folder, { recursive: true });
        }
    });
});
