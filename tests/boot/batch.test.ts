import { spawnSync } from "node:child_process";
import { BUCKET, RUN_ID } from "./helpers/backend";
import { TestTask } from "./helpers/batch-task";

const concurrently = test.concurrent;
/** A trainer that takes a moment to save its checkpoint. */
const SAVING = "trap 'echo saved; exit 0' TERM; echo begun; while :; do sleep 0.1; done";

describe("a task of a Batch job", () => {
    concurrently(
        "trains, reports and exits with 0, and leaves nothing on the VM, which may run another task",
        async () => {
            await TestTask.with({}, async (task) => {
                const { exitCode, output } = await task.run();

                expect(await task.status()).toMatchObject({
                    state: "SUCCEEDED",
                    attempt: 1,
                    interruptions: 0,
                    exitCode: 0,
                });
                expect(await task.log()).toBe("trained\n");
                expect(await task.google.backend.bucket.get(`runs/${RUN_ID}/objects.json`)).toContain('"schema":1');
                expect(exitCode).toBe(0);
                expect(output).toContain("gcp-trainer: task 0, try 1");
                // The trainer's output is already in the bucket; Cloud Logging would charge for a second copy.
                expect(output).not.toContain("trained\n");
                expect(task.leftFiles()).toEqual([]);
                expect(task.dockerCalls().at(-1)).toEqual(["rm", "--force", "--volumes", "gcp-trainer"]);
            });
        },
    );

    concurrently(
        "exits with 1 if the trainer fails, whatever the trainer's exit code, so that Batch does not retry the task",
        async () => {
            await TestTask.with({}, async (task) => {
                expect((await task.run({ trainer: "echo bad; exit 75" })).exitCode).toBe(1);
                expect(await task.status()).toMatchObject({ state: "FAILED", exitCode: 75 });

                const again = await task.run({}, 1);
                expect(again.exitCode).toBe(1);
                expect(again.output).toContain("is already FAILED; nothing to do");
            });
        },
    );

    concurrently("is TIMED_OUT by its own limit, after the trainer has saved its checkpoint", async () => {
        await TestTask.with({ maxRunSeconds: 10 }, async (task) => {
            expect((await task.run({ trainer: SAVING })).exitCode).toBe(1);
            expect(await task.status()).toMatchObject({ state: "TIMED_OUT", exitCode: 0 });
            expect((await task.status())?.reason).toContain("exceeded its limit of 10 s; raise maxRunMinutes");
            expect(await task.log()).toBe("begun\nsaved\n");
        });
    });

    concurrently("exits with 75 when the VM is preempted, and the next try continues as attempt 2", async () => {
        await TestTask.with({}, async (task) => {
            const ended = task.run({ trainer: SAVING });
            await task.until(({ state }) => state === "RUNNING");
            task.google.preempted = true;
            expect((await ended).exitCode).toBe(75);
            expect(await task.status()).toMatchObject({
                state: "INTERRUPTED",
                reason: "Compute Engine preempted the VM; run pulumi up to resume",
            });
            expect(await task.log(1)).toBe("begun\nsaved\n");

            task.google.preempted = false;
            expect((await task.run({ trainer: "echo again" }, 1)).exitCode).toBe(0);
            expect(await task.status()).toMatchObject({ state: "SUCCEEDED", attempt: 2, interruptions: 1 });
        });
    });

    concurrently("exits with 75 if Batch's agent stops it", async () => {
        await TestTask.with({}, async (task) => {
            const ended = task.run({ trainer: SAVING });
            await task.until(({ state }) => state === "RUNNING");
            task.terminate();
            expect((await ended).exitCode).toBe(75);
            expect(await task.status()).toMatchObject({ state: "INTERRUPTED" });
        });
    });

    concurrently("is also INTERRUPTED if it is preempted during the image pull", async () => {
        await TestTask.with({}, async (task) => {
            const ended = task.run({ pull: "sleep 60" });
            await task.until(({ state }) => state === "PULLING");
            task.google.preempted = true;
            expect((await ended).exitCode).toBe(75);
            expect(await task.status()).toMatchObject({ state: "INTERRUPTED", exitCode: null });
        });
    });

    concurrently("continues after the loss of its VM, and gives up after maxAttempts attempts", async () => {
        await TestTask.with({ maxAttempts: 2 }, async (task) => {
            const ended = task.run({ trainer: SAVING });
            await task.until(({ state }) => state === "RUNNING");
            task.kill();
            await ended;
            const second = task.run({ trainer: SAVING }, 1);
            await task.until(({ state, attempt }) => state === "RUNNING" && attempt === 2);
            task.kill();
            await second;

            expect((await task.run({}, 2)).exitCode).toBe(1);
            expect(await task.status()).toMatchObject({
                state: "FAILED",
                reason: expect.stringContaining("was interrupted 2 times, and maxAttempts is 2"),
            });
        });
    });

    concurrently("leaves a run alone once another writer has taken it over, and is not retried", async () => {
        await TestTask.with({ timing: { heartbeatSeconds: 1 } }, async (task) => {
            const ended = task.run({ trainer: SAVING });
            const status = await task.until(({ state }) => state === "RUNNING");
            const other = { ...status, attempt: 2, bootId: "another" };
            await task.google.backend.bucket.put(`runs/${RUN_ID}/status.json`, JSON.stringify(other));

            expect((await ended).exitCode).toBe(1);
            expect(await task.status()).toMatchObject({ attempt: 2, bootId: "another" });
        });
    });

    concurrently("asks for another try if it cannot read its scripts, or if they are not the stack's", async () => {
        await TestTask.with({ timing: { grantSeconds: 1 } }, async (task) => {
            await task.google.backend.bucket.put(task.plan.bundleName, "echo hacked");

            const { exitCode, output } = await task.run();

            expect(exitCode).toBe(75);
            expect(output).toContain(`gs://${BUCKET}/${task.plan.bundleName} could not be read, or its SHA-256 is not`);
            expect(output).not.toMatch(/^hacked/m);
        });
    });

    it("has a short script without syntax errors", async () => {
        await TestTask.with({}, async (task) => {
            expect(spawnSync("bash", ["-n"], { input: task.script }).status).toBe(0);
            expect(spawnSync("bash", ["-n"], { input: task.plan.bundle }).status).toBe(0);
            expect(task.script.length).toBeLessThan(3000);
        });
    });
});
