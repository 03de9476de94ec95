import { pointRun, runLayout } from "../../run/layout";
import { parseRow } from "../../run/sweep-rows";
import { BUCKET, RUN_ID } from "./helpers/backend";
import { TestTask } from "./helpers/batch-task";

const concurrently = test.concurrent;
const at = runLayout(RUN_ID);
const idOf = (index: number) => `p-${String(index).padStart(10, "0")}`;

function sweepOf(count: number, change: object = {}) {
    return {
        sweep: {
            points: Array.from({ length: count }, (_, index) => ({
                id: idOf(index),
                arguments: { depth: index, note: `a "b", c${index}` },
                args: [`--depth=${index}`, "--name=x y"],
            })),
            metric: "accuracy",
            goal: "maximize" as const,
            maxFailedTasks: 0,
            ...change,
        },
    };
}

/** Starts the sweep in the same way as the Pulumi resource, and passes its task to `test`. */
async function withSweep(count: number, change: object, test: (task: TestTask) => Promise<void>): Promise<void> {
    await TestTask.with(sweepOf(count, change), async (task) => {
        const status = { schema: 1, runId: RUN_ID, state: "PENDING", attempt: 1, interruptions: 0, reported: false };
        await task.google.backend.bucket.put(at.status, JSON.stringify(status));
        await test(task);
    });
}

/** Writes what a point's trainer would have written. */
async function putModel(task: TestTask, index: number, metrics: string): Promise<void> {
    const { model } = runLayout(pointRun(RUN_ID, idOf(index)));
    await task.google.backend.bucket.put(`${model}metrics.json`, metrics);
    await task.google.backend.bucket.put(`${model}a folder/model.bin`, `model ${index}`);
}

const read = async (task: TestTask, name: string) => (await task.google.backend.bucket.get(name)) ?? "";
const tableOf = async (task: TestTask) => JSON.parse(await read(task, at.table));

describe("the tasks of a sweep", () => {
    concurrently("train their points under the usual contract, and the last one concludes the sweep", async () => {
        await withSweep(2, {}, async (task) => {
            await putModel(task, 0, '{\n  "accuracy": 0.5,\n  "nested": {"accuracy": 0.99}\n}\n');
            await putModel(task, 1, '{"list":[{"accuracy":1}],"text":"{\\"accuracy\\":2,","accuracy":7.5e-1}');
            expect(await task.run({}, 0, 0)).toMatchObject({ exitCode: 0 });
            expect(await task.status()).toMatchObject({ state: "RUNNING", attempt: 1, exitCode: null });
            expect(JSON.parse(await read(task, runLayout(pointRun(RUN_ID, idOf(0))).status))).toMatchObject({
                runId: pointRun(RUN_ID, idOf(0)),
                state: "SUCCEEDED",
                exitCode: 0,
            });
            expect(await read(task, runLayout(pointRun(RUN_ID, idOf(0))).logChunk(1, 0))).toBe("trained\n");
            expect(await read(task, at.table)).toBe("");
            const [call = []] = task.dockerCalls().filter(([verb]) => verb === "run");
            expect(call.slice(-2)).toEqual(["--depth=0", "--name=x y"]);
            expect(call.filter((word) => /^AIP_(MODEL|CHECK|TENSOR)/.test(word))).toEqual([
                `AIP_MODEL_DIR=gs://${BUCKET}/${at.points}${idOf(0)}/model/`,
                `AIP_CHECKPOINT_DIR=gs://${BUCKET}/${at.points}${idOf(0)}/checkpoints/`,
                `AIP_TENSORBOARD_LOG_DIR=gs://${BUCKET}/${at.points}${idOf(0)}/logs/`,
            ]);
            expect(call.filter((word) => /BATCH|SWEEP/.test(word))).toEqual([]);

            expect(await task.run({}, 0, 1)).toMatchObject({ exitCode: 0 });
            expect(await task.status()).toMatchObject({ state: "SUCCEEDED", exitCode: 0, reason: null });
            expect(await tableOf(task)).toMatchObject({
                schema: 1,
                runId: RUN_ID,
                state: "SUCCEEDED",
                metric: "accuracy",
                best: idOf(1),
                counts: { points: 2, succeeded: 2, failed: 0 },
                points: [
                    {
                        point: idOf(0),
                        arguments: { depth: 0, note: 'a "b", c0' },
                        metric: 0.5,
                        attempts: 1,
                        exitCode: 0,
                    },
                    { point: idOf(1), metric: 0.75, reason: null, log: `gs://${BUCKET}/${at.points}${idOf(1)}/log/` },
                ],
            });
            const [header, first] = (await read(task, at.tableCsv)).split("\r\n");
            expect(header).toBe("point,depth,note,state,exitCode,metric,attempts,minutes,log");
            expect(first).toMatch(/^p-0000000000,0,"a ""b"", c0",SUCCEEDED,0,0.5,1,0\.\d\d,gs:/);
            expect(await read(task, `${at.model}a folder/model.bin`)).toBe("model 1");
            expect(await read(task, at.objects)).toContain(`${at.model}a folder/model.bin`);
        });
    });

    concurrently(
        "never stop one another by failing, and fail the sweep only after more than maxFailedTasks failures",
        async () => {
            await withSweep(3, { maxFailedTasks: 1 }, async (task) => {
                await putModel(task, 0, '{"accuracy":-0.5}');
                expect((await task.run({}, 0, 0)).exitCode).toBe(0);
                const end = await task.run({ trainer: "echo bad; exit 75" }, 0, 1);
                expect(end.exitCode).toBe(0);
                const row = parseRow(await read(task, at.row(1)));
                expect(row).toMatchObject({ index: 1, state: "FAILED", exitCode: 75, metric: null });
                expect(row?.reason).toContain("The trainer failed (exit code 75)");
                expect((await task.run({}, 0, 2)).exitCode).toBe(0);
                expect(await task.status()).toMatchObject({ state: "SUCCEEDED" });
                const table = await tableOf(task);
                expect(table).toMatchObject({ best: idOf(0), counts: { succeeded: 2, failed: 1 } });
                expect(table.points.map(({ metric }: { metric: number }) => metric)).toEqual([-0.5, null, null]);
                expect((await read(task, at.tableCsv)).split("\r\n")[1]).toContain(",SUCCEEDED,0,-0.5,1,");
            });
            await withSweep(2, {}, async (task) => {
                await task.run({ trainer: "exit 3" }, 0, 0);
                await task.run({}, 0, 1);
                expect(await task.status()).toMatchObject({
                    state: "FAILED",
                    exitCode: null,
                    reason: "1 of 2 points failed (1 with exit code 3), and maxFailedTasks is 0; run pulumi up to repeat them",
                });
                expect(await tableOf(task)).toMatchObject({ state: "FAILED", best: null });

                // Batch may repeat a task that it has lost track of.
                const again = await task.run({}, 1, 1);
                expect(again.exitCode).toBe(0);
                expect(again.output).toContain("is already FAILED; nothing to do");
            });
        },
    );

    concurrently("fail the sweep if no point has the metric", async () => {
        await withSweep(1, { metric: "f1" }, async (task) => {
            await putModel(task, 0, '{"accuracy":1}');
            await task.run({}, 0, 0);
            expect((await task.status())?.reason).toMatch(/^No point has a number f1 at the top level of its metrics/);
        });
    });

    concurrently("train only the points of a later job, and skip those that have already ended", async () => {
        await withSweep(5, { goal: "minimize" }, async (task) => {
            for (const index of [0, 1, 4]) {
                await putModel(task, index, `{"accuracy":${index + 1}}`);
                await task.run({}, 0, index);
            }
            task.variables = { SWEEP_JOB: "job-a2", SWEEP_POINTS: "1-3" };
            expect((await task.run({ trainer: "exit 1" }, 0, 0)).output).toContain("is already SUCCEEDED");
            await task.run({}, 0, 1);
            expect((await task.run({}, 0, 2)).exitCode).toBe(0);
            const table = await tableOf(task);
            expect(table).toMatchObject({ best: idOf(0), counts: { points: 5, succeeded: 5 } });
            expect(table.points.map(({ point }: { point: string }) => point)).toEqual([0, 1, 2, 3, 4].map(idOf));
        });
    });

    concurrently("leave the conclusion to one of them, and take it over from a job that has ended", async () => {
        await withSweep(2, { metric: "" }, async (task) => {
            const { bucket } = task.google.backend;
            await bucket.put(`${at.root}conclusion.txt`, `${RUN_ID} 0\n`);
            await task.run({}, 0, 0);
            expect((await task.run({}, 0, 1)).exitCode).toBe(0);
            expect(await task.status()).toMatchObject({ state: "RUNNING" });

            // The task that claimed the conclusion of the sweep is repeated.
            await task.run({}, 1, 0);
            expect(await task.status()).toMatchObject({ state: "SUCCEEDED" });
        });
        await withSweep(1, { metric: "" }, async (task) => {
            await task.google.backend.bucket.put(`${at.root}conclusion.txt`, "another-job 0\n");
            await task.run({}, 0, 0);
            expect(await task.status()).toMatchObject({ state: "SUCCEEDED" });
        });
    });

    concurrently("are repeated after a preemption, and a point that is interrupted too often fails", async () => {
        await withSweep(1, {}, async (task) => {
            const ended = task.run({ trainer: "while :; do sleep 0.1; done" }, 0, 0);
            const point = runLayout(pointRun(RUN_ID, idOf(0))).status;
            for (let tries = 0; tries < 400 && !(await read(task, point)).includes("RUNNING"); tries++) {
                await new Promise((resolve) => setTimeout(resolve, 50));
            }
            task.google.preempted = true;
            expect((await ended).exitCode).toBe(75);
            task.google.preempted = false;
            const status = JSON.parse(await read(task, point));
            expect(status).toMatchObject({ state: "INTERRUPTED", interruptions: 0 });
            await task.google.backend.bucket.put(point, JSON.stringify({ ...status, interruptions: 2 }));
            expect((await task.run({}, 1, 0)).exitCode).toBe(0);
            expect(await task.status()).toMatchObject({ state: "FAILED" });
            expect(JSON.parse(await read(task, point)).reason).toContain("was interrupted 3 times");
        });
    });
});
