import { pointRun, runLayout } from "../../run/layout";
import { BUCKET, RUN_ID } from "./helpers/backend";
import { TestTask } from "./helpers/batch-task";

const concurrently = test.concurrent;
const at = runLayout(RUN_ID);
const COUNT = 3;
const SWEEP = {
    isArray: true,
    points: Array.from({ length: COUNT }, (_, index) => ({ id: String(index), arguments: {}, args: ["--rate=1"] })),
    metric: "",
    goal: "maximize" as const,
    maxFailedTasks: 0,
};

/** Starts an array in the same way as the Pulumi resource. */
async function withArray(test: (task: TestTask) => Promise<void>): Promise<void> {
    await TestTask.with({ sweep: SWEEP }, async (task) => {
        const status = { schema: 1, runId: RUN_ID, state: "PENDING", attempt: 1, interruptions: 0, reported: false };
        await task.google.backend.bucket.put(at.status, JSON.stringify(status));
        await test(task);
    });
}

const statusOf = async (task: TestTask, index: number) => {
    const text = await task.google.backend.bucket.get(runLayout(pointRun(RUN_ID, String(index))).status);
    return text === undefined ? undefined : JSON.parse(text);
};

describe("the tasks of an array", () => {
    concurrently("receive their index and the number of tasks, share one model, and succeed as a whole", async () => {
        await withArray(async (task) => {
            await task.google.backend.bucket.put(`${at.model}part-0.bin`, "written by an earlier task");
            expect(await task.run({}, 0, 2)).toMatchObject({ exitCode: 0 });
            expect(await task.run({}, 0, 0)).toMatchObject({ exitCode: 0 });
            expect(await task.status()).toMatchObject({ state: "RUNNING" });
            expect(await task.run({}, 0, 1)).toMatchObject({ exitCode: 0 });

            expect(await task.status()).toMatchObject({ state: "SUCCEEDED", exitCode: 0, reason: null });
            const [call = []] = task.dockerCalls().filter(([verb]) => verb === "run");
            const own = `gs://${BUCKET}/${at.tasks}2/`;
            expect(call.filter((word) => /^(AIP_(MODEL|CHECK|TENSOR)|BATCH)/.test(word)).sort()).toEqual([
                `AIP_CHECKPOINT_DIR=${own}checkpoints/`,
                `AIP_MODEL_DIR=gs://${BUCKET}/${at.model}`,
                `AIP_TENSORBOARD_LOG_DIR=${own}logs/`,
                "BATCH_TASK_COUNT=3",
                "BATCH_TASK_INDEX=2",
            ]);
            expect(call.at(-1)).toBe("--rate=1");
            expect(await statusOf(task, 2)).toMatchObject({ runId: `${RUN_ID}/tasks/2`, state: "SUCCEEDED" });
            expect(await task.google.backend.bucket.get(`${at.tasks}2/log/1/000000000000.txt`)).toBe("trained\n");
            expect(await task.google.backend.bucket.get(`${at.model}part-0.bin`)).toBe("written by an earlier task");
            expect(await task.google.backend.bucket.get(at.objects)).toContain("part-0.bin");
            expect(await task.google.backend.bucket.get(at.table)).toBeUndefined();
        });
    });

    concurrently("fail as a whole after the first failure, which ends the job", async () => {
        await withArray(async (task) => {
            expect(await task.run({}, 0, 0)).toMatchObject({ exitCode: 0 });
            expect(await task.run({ trainer: "exit 3" }, 0, 1)).toMatchObject({ exitCode: 1 });

            expect(await task.status()).toMatchObject({
                state: "FAILED",
                reason: "1 of 3 tasks failed (1 with exit code 3: task 1), and 1 had succeeded; run pulumi up to repeat the others",
            });
            // Batch may have started another task before it noticed the failure.
            expect(await task.run({}, 0, 2)).toMatchObject({ exitCode: 0 });
            expect(await statusOf(task, 2)).toBeUndefined();
        });
    });

    concurrently(
        "keep their index in the array in a later job, and exit immediately if they are already done",
        async () => {
            await withArray(async (task) => {
                expect(await task.run({}, 0, 1)).toMatchObject({ exitCode: 0 });
                task.variables = { SWEEP_JOB: "second", SWEEP_POINTS: "1-2" };
                expect(await task.run({}, 0, 0)).toMatchObject({ exitCode: 0 });
                expect(task.dockerCalls().filter(([verb]) => verb === "run")).toHaveLength(1);
                expect(await task.run({}, 0, 1)).toMatchObject({ exitCode: 0 });

                const [, call = []] = task.dockerCalls().filter(([verb]) => verb === "run");
                expect(call).toContain("BATCH_TASK_INDEX=2");
            });
        },
    );
});
