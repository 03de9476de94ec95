import { BatchFaults, parseBatchFault } from "../../src";
import { TestEmulator } from "../../src/testing";
import { inOrder, JOBS, jobBody, prepare, TestJob } from "./support";

let emulator: TestEmulator;
const faults = new BatchFaults();
const BATCH = { tickMs: 30, preemptionMs: 1500, maxVms: 4, faults };

beforeAll(async () => {
    emulator = await TestEmulator.start({ batch: BATCH });
    await prepare(emulator);
});
afterEach(() => faults.clear());
afterAll(() => emulator.stop());

const EXIT_CODES = [50001, 50002, 50003, 50004, 50006, 75];
const RETRY = {
    maxRetryCount: 3,
    lifecyclePolicies: [{ action: "RETRY_TASK", actionCondition: { exitCodes: EXIT_CODES } }],
};

/** The exit codes of a task's failures, in chronological order. */
async function failures(job: TestJob, index = 0): Promise<(number | undefined)[]> {
    const events = inOrder((await job.tasks())[index]?.status.statusEvents);
    return events.filter(({ taskState }) => taskState === "FAILED").map(({ taskExecution }) => taskExecution?.exitCode);
}

describe("a failing task", () => {
    it("is retried for the exit codes in a RETRY_TASK policy, and receives the number of its attempt", async () => {
        const script = 'echo "attempt $BATCH_TASK_RETRY_ATTEMPT"; [ $BATCH_TASK_RETRY_ATTEMPT = 2 ] || exit 75';
        const job = await TestJob.create(emulator, "again", jobBody(script, { spec: RETRY }));
        expect((await job.end()).status.state).toBe("SUCCEEDED");
        expect(await job.lines()).toEqual(["attempt 0", "attempt 1", "attempt 2"]);
        expect(await failures(job)).toEqual([75, 75]);
    });

    it("ends the whole job if its exit code is not retried, and leaves the other tasks UNEXECUTED", async () => {
        const script = "[ $BATCH_TASK_INDEX = 0 ] && exit 3; exec sleep 61.4";
        const job = await TestJob.create(
            emulator,
            "stops",
            jobBody(script, { taskCount: 4, parallelism: 2, spec: RETRY }),
        );
        const { status } = await job.end();
        expect([status.state, status.taskGroups?.group0?.counts]).toEqual(["FAILED", { FAILED: "1", UNEXECUTED: "3" }]);
        expect(await failures(job)).toEqual([3]);
        expect((await job.events()).at(-1)).toMatch(
            /^Job state is set from RUNNING to FAILED for job \S+\.Job failed due to task failure\. Specifically, task with index 0 failed due to the following task event: "Task state is updated from RUNNING to FAILED on zones\/\S+\/instances\/\d+ with exit code 3\."$/,
        );
    });

    it("is retried up to maxRetryCount times without a policy, but not for exit codes in a FAIL_TASK policy", async () => {
        const always = await TestJob.create(emulator, "always", jobBody("exit 9", { spec: { maxRetryCount: 2 } }));
        const policy = { action: "FAIL_TASK", actionCondition: { exitCodes: [9] } };
        const spec = { maxRetryCount: 2, lifecyclePolicies: [policy] };
        const never = await TestJob.create(emulator, "never", jobBody("exit 9", { spec }));
        expect([(await always.end()).status.state, (await never.end()).status.state]).toEqual(["FAILED", "FAILED"]);
        expect([await failures(always), await failures(never)]).toEqual([[9, 9, 9], [9]]);
    });

    it("gets the exit code 50005 if it exceeds its time limit", async () => {
        const job = await TestJob.create(
            emulator,
            "limit",
            jobBody("exec sleep 61.5", { spec: { maxRunDuration: "0.3s" } }),
        );
        expect((await job.end()).status.state).toBe("FAILED");
        expect(await failures(job)).toEqual([50005]);
    });
});

describe("a disrupted task", () => {
    const URL = "http://$GCE_METADATA_HOST/computeMetadata/v1/instance/preempted";
    const CURL = "curl -s -H Metadata-Flavor:Google";

    it("learns of a preemption from the metadata before it loses its VM, and is retried on another VM", async () => {
        faults.add(parseBatchFault("kind=preempt,job=preempted"));
        const script = `[ $BATCH_TASK_RETRY_ATTEMPT = 0 ] || exit 0
            echo "notice $(${CURL} "${URL}?wait_for_change=true&last_etag=$(${CURL} -D - -o /dev/null ${URL} | tr -d '\\r' | sed -n 's/^etag: //Ip')")"
            exec sleep 61.6`;
        const job = await TestJob.create(emulator, "preempted", jobBody(script, { spec: RETRY }));
        const { status } = await job.end();
        expect(status.state).toBe("SUCCEEDED");
        expect(await failures(job)).toEqual([50001]);
        expect((await job.tasks())[0]?.status.statusEvents?.map(({ description }) => description)).toContainEqual(
            expect.stringMatching(/RUNNING to FAILED on \S+ due to Spot VM preemption with exit code 50001\.$/),
        );
    });

    it("keeps its own exit code if it ends by itself during a preemption", async () => {
        await emulator.restart({ batch: { ...BATCH, preemptionMs: 600_000 } });
        faults.add(parseBatchFault("kind=preempt,job=quick"));
        const script = `[ $BATCH_TASK_RETRY_ATTEMPT = 0 ] || exit 0
            until [ "$(${CURL} ${URL})" = TRUE ]; do sleep 0.05; done; exit 75`;
        const job = await TestJob.create(emulator, "quick", jobBody(script, { spec: RETRY }));
        expect((await job.end()).status.state).toBe("SUCCEEDED");
        expect(await failures(job)).toEqual([75]);
        await emulator.restart();
    });

    it("can be preempted through the instance on which it runs", async () => {
        const script = "[ $BATCH_TASK_RETRY_ATTEMPT = 0 ] || exit 0; exec sleep 61.7";
        const job = await TestJob.create(emulator, "by-hand", jobBody(script, { spec: RETRY }));
        await job.untilState("RUNNING");
        const { items } = (await emulator.ok("GET", `/compute/v1/projects/demo-project/aggregated/instances`)) as {
            items: Record<string, { instances: { name: string; selfLink: string }[] }>;
        };
        const { uid } = await job.get();
        const [vm] = Object.values(items)
            .flatMap(({ instances }) => instances)
            .filter(({ name }) => name.startsWith(uid));
        await emulator.ok("POST", `${vm?.selfLink.replace(/^.*\/compute\/v1/, "/emulator/v1")}:preempt`);
        expect((await job.end()).status.state).toBe("SUCCEEDED");
        expect(await failures(job)).toEqual([50001]);
    });

    it.each([
        ["lost-agent", 50002, "Batch no longer receives VM updates"],
        ["reboot", 50003, "VM is rebooted during task execution"],
        ["unresponsive", 50004, "tasks cannot be canceled"],
        ["recreate", 50006, "VM is recreated during task execution"],
    ])("is hit by the fault %s, gets the exit code %d, and is retried", async (kind, code, why) => {
        await emulator.ok("POST", "/emulator/v1/batch/faults", {
            body: { rule: `kind=${kind},job=f-${kind},after=0.1` },
        });
        const script = "[ $BATCH_TASK_RETRY_ATTEMPT = 0 ] || exit 0; exec sleep 61.8";
        const job = await TestJob.create(emulator, `f-${kind}`, jobBody(script, { spec: RETRY }));
        expect((await job.end()).status.state).toBe("SUCCEEDED");
        expect(await failures(job)).toEqual([code]);
        expect((await job.tasks())[0]?.status.statusEvents?.map(({ description }) => description)).toContainEqual(
            expect.stringContaining(`due to ${why} with exit code ${code}.`),
        );
    });

    it("ends the job when its retries are used up", async () => {
        faults.add(parseBatchFault("kind=recreate,job=used-up,attempts=all"));
        const spec = { ...RETRY, maxRetryCount: 1 };
        const job = await TestJob.create(emulator, "used-up", jobBody("exec sleep 61.9", { spec }));
        expect((await job.end()).status.state).toBe("FAILED");
        expect(await failures(job)).toEqual([50006, 50006]);
    });
});

describe("a job that cannot start", () => {
    it("is QUEUED without quota and SCHEDULED without capacity, with an event for each", async () => {
        faults.add(parseBatchFault("kind=quota,job=waits,ticks=2"));
        faults.add(parseBatchFault("kind=stock-out,job=waits,ticks=2"));
        const job = await TestJob.create(emulator, "waits", jobBody("true"));
        expect((await job.end()).status.state).toBe("SUCCEEDED");
        expect(await job.events()).toEqual([
            expect.stringMatching(
                /^Quota checking process decides to delay scheduling for the job waits-\S+ due to inadequate quotas \[Quota: CPUS, /,
            ),
            expect.stringContaining("QUEUED to SCHEDULED"),
            expect.stringContaining("CODE_GCE_ZONE_RESOURCE_POOL_EXHAUSTED"),
            expect.stringContaining("SCHEDULED to RUNNING"),
            expect.stringContaining("RUNNING to SUCCEEDED"),
        ]);
    });

    it("fails without tasks if no zone ever has capacity", async () => {
        faults.add(parseBatchFault("kind=stock-out,job=no-stock,ticks=all"));
        const job = await TestJob.create(emulator, "no-stock", jobBody("true"));
        expect((await job.end()).status.state).toBe("FAILED");
        expect(await job.tasks()).toEqual([]);
    });

    it.each([
        [
            "its account does not exist",
            "no-account",
            { allocation: { serviceAccount: { email: "none@demo-project.iam.gserviceaccount.com" } } },
            "CODE_GCE_RESOURCE_NOT_FOUND",
        ],
        [
            "the network does not exist",
            "no-net",
            { nic: { network: "projects/demo-project/global/networks/none" } },
            "CODE_GCE_RESOURCE_NOT_FOUND",
        ],
        [
            "the machine needs a Hyperdisk",
            "no-disk",
            { policy: { machineType: "c4-standard-4" } },
            "CODE_GCE_INVALID_FIELD_VALUE",
        ],
    ])("fails without tasks if %s", async (_, id, settings, code) => {
        const job = await TestJob.create(emulator, id, jobBody("true", settings));
        expect((await job.end()).status.state).toBe("FAILED");
        expect((await job.events())[1]).toMatch(
            `Job gets non-retryable information Batch Error: code - ${code}, description - `,
        );
        expect(await job.tasks()).toEqual([]);
    });

    it("fails if no VM's agent reports", async () => {
        faults.add(parseBatchFault("kind=no-agent,job=no-agent"));
        const job = await TestJob.create(emulator, "no-agent", jobBody("true"));
        expect((await job.end()).status.state).toBe("FAILED");
        expect((await job.events())[1]).toMatch(
            /^No VM has agent reporting correctly within time window 1080 seconds, VM state for instance no-agent-\S+ is \S+,agent,start$/,
        );
    });

    it("cannot be found for a while after it is created", async () => {
        faults.add(parseBatchFault("kind=early-404,job=young,ticks=all"));
        const job = await TestJob.create(emulator, "young", jobBody("true"));
        expect((await emulator.call("GET", `${JOBS}/young`)).status).toBe(404);
        faults.clear();
        expect((await job.end()).status.state).toBe("SUCCEEDED");
    });
});
