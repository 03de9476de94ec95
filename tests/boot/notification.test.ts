import { PushEndpoint } from "../../emulator/test/pubsub/push-endpoint";
import { runLayout } from "../../run/layout";
import { BUCKET } from "./helpers/backend";
import { TRIVIAL, withSweepJob } from "./helpers/emulated-sweep";
import { DATASET, RUN_ID, TestVm } from "./helpers/vm";

const concurrently = test.concurrent;
const at = runLayout(RUN_ID);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const TOPIC = "projects/demo-project/topics/finished";

/** Runs `test` with a VM whose stack notifies an endpoint. */
async function withNotification(test: (vm: TestVm, endpoint: PushEndpoint) => Promise<void>): Promise<void> {
    await TestVm.with({}, async (vm) => {
        const endpoint = new PushEndpoint(204);
        try {
            const topic = await vm.google.backend.makeTopic(await endpoint.start());
            vm.config.notification = { topic, stack: "dev", runName: "first" };
            await test(vm, endpoint);
        } finally {
            await endpoint.stop();
        }
    });
}

/** Waits for this many messages, and returns them. */
async function messages(endpoint: PushEndpoint, count: number): Promise<Record<string, unknown>[]> {
    await endpoint.until(count);
    return endpoint.received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
}

const publications = (vm: TestVm) => vm.google.requests.filter((line) => line.includes(":publish"));

describe("the notification of a finished run", () => {
    concurrently("names the stack, the run, the model and its metrics after a success, as JSON", async () => {
        await withNotification(async (vm, endpoint) => {
            const metrics = '{\n\t"accuracy": 0.5,\n\t"note": "ä {} \\"x\\""\n}\n';
            await vm.google.backend.bucket.put(`${at.model}metrics.json`, metrics);
            await vm.boot();

            expect(await messages(endpoint, 1)).toEqual([
                {
                    stack: "dev",
                    runName: "first",
                    bucket: BUCKET,
                    modelUri: `gs://${BUCKET}/${at.model}`,
                    metrics: { accuracy: 0.5, note: 'ä {} "x"' },
                    runId: RUN_ID,
                    state: "SUCCEEDED",
                    attempt: 1,
                    exitCode: 0,
                    reason: null,
                    startedAt: expect.stringMatching(TIME),
                    finishedAt: (await vm.status())?.finishedAt,
                },
            ]);
            expect(endpoint.received[0]?.headers["content-type"]).toBe("application/json");
            expect(publications(vm)).toEqual([`POST /v1/${TOPIC}:publish`]);
            expect(vm.filesWith("key=secret")).toEqual([]);
        });
    });

    concurrently("says why a run failed, and names no model", async () => {
        await withNotification(async (vm, endpoint) => {
            await vm.boot({ trainer: "exit 3" });

            const [message] = await messages(endpoint, 1);
            expect(message).toMatchObject({
                state: "FAILED",
                exitCode: 3,
                reason: "The trainer failed (exit code 3); see the end of its log",
            });
            expect(Object.keys(message ?? {})).not.toContain("modelUri");
        });
    });

    concurrently.each([
        ["large", JSON.stringify({ list: Array(3000).fill(0) })],
        ["not a JSON object", '"text"'],
        ["truncated", '{"accuracy": {"train": 1}'],
        ["not valid JSON", '{"accuracy": NaN}'],
    ])("leaves out a metrics.json that is %s", async (_, metrics) => {
        await withNotification(async (vm, endpoint) => {
            await vm.google.backend.bucket.put(`${at.model}metrics.json`, metrics);
            await vm.boot();

            const [message] = await messages(endpoint, 1);
            expect(message).toMatchObject({ state: "SUCCEEDED", modelUri: `gs://${BUCKET}/${at.model}` });
            expect(Object.keys(message ?? {})).not.toContain("metrics");
        });
    });

    concurrently("is sent again after an error, but not by a boot that finds the run finished", async () => {
        await withNotification(async (vm, endpoint) => {
            vm.google.faults.push({ match: /:publish/, times: 1, answer: 503 });
            await vm.boot();
            await vm.boot();

            expect(await messages(endpoint, 1)).toHaveLength(1);
            expect(publications(vm)).toHaveLength(2);
        });
    });

    concurrently("is sent for the attempt that ends the run, not for an interrupted one", async () => {
        await withNotification(async (vm, endpoint) => {
            const boot = vm.boot({ trainer: "sleep 60" });
            await vm.until(({ state }) => state === "RUNNING");
            vm.shutDown();
            await boot;
            expect(await vm.status()).toMatchObject({ state: "INTERRUPTED" });
            expect(publications(vm)).toEqual([]);

            await vm.boot();
            expect(await messages(endpoint, 1)).toMatchObject([{ state: "SUCCEEDED", attempt: 2 }]);
        });
    });

    concurrently("says that a run was interrupted too often", async () => {
        await withNotification(async (vm, endpoint) => {
            vm.config.maxAttempts = 1;
            await vm.putStatus({ state: "INTERRUPTED" });
            await vm.boot();

            const [message] = await messages(endpoint, 1);
            expect(message).toMatchObject({ state: "FAILED", reason: expect.stringContaining("maxAttempts is 1") });
        });
    });

    concurrently("results only in a message on the console if it cannot be published", async () => {
        await TestVm.with({}, async (vm) => {
            vm.config.notification = { topic: TOPIC, stack: "dev", runName: "" };
            vm.google.faults.push({
                match: /:publish/,
                answer: 404,
                message: "Resource not found (resource=finished).",
            });
            const { result, console } = await vm.boot();

            expect(result).toBe("success");
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", reason: null });
            expect(console).toContain(`the notification could not be published to ${TOPIC} (HTTP 404`);
            expect(await vm.google.backend.bucket.get(DATASET)).toBeDefined();
        });
    });
});

describe("the notification of a sweep", () => {
    it("is a single message, sent by the last task", async () => {
        const endpoint = new PushEndpoint(204);
        const url = await endpoint.start();
        const notification = { topic: TOPIC, stack: "dev", runName: "" };
        try {
            await withSweepJob(
                { points: 3, parallelism: 3, maxFailedTasks: 0, trainer: TRIVIAL, notification },
                async (scene) => {
                    await scene.vm.backend.makeTopic(url);
                    await scene.engine.start(3);
                    expect(await scene.wait(() => undefined)).toMatchObject({ state: "SUCCEEDED" });

                    expect(await messages(endpoint, 1)).toMatchObject([
                        { stack: "dev", runId: RUN_ID, state: "SUCCEEDED", modelUri: `gs://${BUCKET}/${at.model}` },
                    ]);
                    while ((await scene.engine.state()).phase !== "ended") {
                        await scene.clock.sleep(1000);
                    }
                    expect(endpoint.received).toHaveLength(1);
                },
            );
        } finally {
            await endpoint.stop();
        }
    });
});
