import { BatchFaults, parseBatchFault } from "../../src";
import { TestEmulator } from "../../src/testing";
import { type EventJson, inOrder, JOBS, jobBody, PROJECT_ID, prepare, REGION, TestJob, untilDone } from "./support";

let emulator: TestEmulator;
const faults = new BatchFaults();

beforeAll(async () => {
    emulator = await TestEmulator.start({ batch: { tickMs: 30, maxVms: 4, queueTicks: 10_000, faults } });
    await prepare(emulator);
});
afterEach(() => faults.clear());
afterAll(() => emulator.stop());

const NUMBERED = /^projects\/\d{12}\/locations\/us-central1\/jobs\//;

function stateChanges(events: readonly EventJson[] = []): EventJson[] {
    return inOrder(events).filter(({ type }) => type === "STATUS_CHANGED");
}

describe("a job", () => {
    it("runs its script once per task, with Batch's variables, and then has no VMs left", async () => {
        const script =
            'echo "$BATCH_TASK_INDEX of $BATCH_TASK_COUNT, attempt $BATCH_TASK_RETRY_ATTEMPT, $BATCH_JOB_ID $BATCH_JOB_UID"; echo oops >&2';
        const job = await TestJob.create(emulator, "simple", jobBody(script, { taskCount: 3, parallelism: 2 }));
        const { uid, status } = await job.end();
        expect(status.state).toBe("SUCCEEDED");
        expect(status.taskGroups?.group0?.counts).toEqual({ SUCCEEDED: "3" });
        expect(uid).toMatch(/^simple-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{5}$/);
        expect((await job.lines()).sort()).toEqual([
            `0 of 3, attempt 0, simple ${uid}`,
            `1 of 3, attempt 0, simple ${uid}`,
            `2 of 3, attempt 0, simple ${uid}`,
            "oops",
            "oops",
            "oops",
        ]);
        expect((await emulator.inventory()).filter(({ kind }) => /instance|disk|batch/.test(kind))).toEqual([
            { kind: "batch job", name: `projects/${PROJECT_ID}/locations/${REGION}/jobs/simple` },
        ]);
    });

    it("is returned with Batch's defaults, and with the project number wherever Batch uses it", async () => {
        const body = { taskGroups: [{ taskSpec: { runnables: [{ script: { text: "true" } }] } }] };
        const instances = [{ policy: { bootDisk: { image: "batch-cos" } } }];
        const created = await emulator.ok("POST", `${JOBS}?jobId=defaults`, {
            body: { ...body, allocationPolicy: { instances } },
        });
        expect(created).toEqual({
            name: `projects/${PROJECT_ID}/locations/${REGION}/jobs/defaults`,
            uid: expect.any(String),
            createTime: expect.stringMatching(/^\d{4}-.*\.\d{9}Z$/),
            updateTime: created.createTime,
            status: { state: "QUEUED", runDuration: "0s" },
            taskGroups: [
                {
                    name: expect.stringMatching(`${NUMBERED.source}defaults/taskGroups/group0$`),
                    taskCount: "1",
                    parallelism: "1",
                    taskSpec: {
                        runnables: [{ script: { text: "true" } }],
                        computeResource: { cpuMilli: "2000", memoryMib: "2000" },
                    },
                },
            ],
            allocationPolicy: {
                instances,
                labels: { "batch-job-id": "defaults" },
                location: {
                    allowedLocations: [
                        "regions/us-central1",
                        "zones/us-central1-a",
                        "zones/us-central1-b",
                        "zones/us-central1-c",
                        "zones/us-central1-f",
                    ],
                },
                serviceAccount: { email: expect.stringMatching(/^\d{12}-compute@developer\.gserviceaccount\.com$/) },
            },
        });
    });

    it("passes through Batch's states, with an event for each, and has no tasks before it runs", async () => {
        faults.add(parseBatchFault("kind=quota,ticks=all"));
        const job = await TestJob.create(emulator, "states", jobBody("exit 0"));
        expect([await job.state(), await job.tasks()]).toEqual(["QUEUED", []]);
        expect((await emulator.call("GET", `${JOBS}/states/taskGroups/group0/tasks/0`)).status).toBe(404);
        faults.clear();
        const { status } = await job.end();
        expect(
            stateChanges(status.statusEvents).map(({ type, description }) => [
                type,
                ...description.split(/ (?=projects)/),
            ]),
        ).toEqual(
            ["QUEUED to SCHEDULED", "SCHEDULED to RUNNING", "RUNNING to SUCCEEDED"].map((change) => [
                "STATUS_CHANGED",
                `Job state is set from ${change} for job`,
                expect.stringMatching(`${NUMBERED.source}states\\.$`),
            ]),
        );
        const [task] = await job.tasks();
        expect(task?.name).toMatch(new RegExp(`${NUMBERED.source}states/taskGroups/group0/tasks/0$`));
        const events = inOrder(task?.status.statusEvents);
        expect(events.map(({ taskState, taskExecution }) => [taskState, taskExecution])).toEqual([
            ["ASSIGNED", undefined],
            ["RUNNING", undefined],
            ["SUCCEEDED", undefined],
        ]);
        expect(events[1]?.description).toMatch(
            /^Task state is updated from ASSIGNED to RUNNING on zones\/us-central1-[abcf]\/instances\/\d+\.$/,
        );
    });

    it("is gone once its deletion has finished, together with everything that was running in it", async () => {
        const job = await TestJob.create(emulator, "deleted", jobBody("sleep 77.13"));
        await job.untilState("RUNNING");
        faults.add(parseBatchFault("kind=slow-delete,ticks=all"));
        const operation = await emulator.ok("DELETE", `${JOBS}/deleted`);
        expect(operation).toEqual({
            name: expect.stringMatching(`^projects/${PROJECT_ID}/locations/${REGION}/operations/operation-`),
            done: false,
            metadata: {
                "@type": "type.googleapis.com/google.cloud.batch.v1.OperationMetadata",
                apiVersion: "v1",
                createTime: expect.any(String),
                requestedCancellation: false,
                target: `projects/${PROJECT_ID}/locations/${REGION}/jobs/deleted`,
                verb: "delete",
            },
        });
        expect(await job.state()).toBe("DELETION_IN_PROGRESS");
        faults.clear();
        const done = await untilDone(emulator, String(operation.name));
        expect(done.response).toEqual({ "@type": "type.googleapis.com/google.protobuf.Empty" });
        const answer = await emulator.call("GET", `${JOBS}/deleted`);
        expect(answer.json).toEqual({
            error: {
                code: 404,
                message: `Resource 'projects/${PROJECT_ID}/locations/${REGION}/jobs/deleted' was not found`,
                status: "NOT_FOUND",
            },
        });
        const again = await TestJob.create(emulator, "deleted", jobBody("true"));
        expect((await again.end()).status.state).toBe("SUCCEEDED");
    });
});
