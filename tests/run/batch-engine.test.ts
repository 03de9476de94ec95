import { batchEngine, toState } from "../../run/batch-engine";
import { type BatchJob, deleteJobs, withAttempts } from "../../run/batch-jobs";
import { waitForRun } from "../../run/wait";
import { apiError, DEFINITION, FakeBatch, LABELS, PLACE, type StoredJob } from "./fake-batch";
import { FakeBucket, FakeClock, putLog, putStatus, runId, statusObject } from "./fakes";

const ID = PLACE.jobId;

function scene({ spotFallback = "none", maxAttempts = 3, wait = true } = {}) {
    const bucket = new FakeBucket();
    const clock = new FakeClock();
    const batch = new FakeBatch();
    const printed: string[] = [];
    const engine = batchEngine(batch.apis(clock), { ...PLACE, runId, definition: DEFINITION, spotFallback });
    const waiting = () =>
        waitForRun({ bucket, clock, engine, print: (line) => printed.push(line) }, { runId, wait, maxAttempts });
    const failure = async () => {
        const outcome = await waiting().catch((error: Error) => error);
        expect(outcome).toBeInstanceOf(Error);
        return (outcome as Error).message;
    };
    const status = () => JSON.parse(bucket.text(statusObject) ?? "{}");
    return { bucket, clock, batch, printed, engine, wait: waiting, failure, status };
}

const created = ({ requests }: FakeBatch) => requests.filter((request) => request.startsWith("POST jobs?"));

describe("a Batch run", () => {
    it("is followed from the queue to its end", async () => {
        const { bucket, clock, batch, printed, engine, wait } = scene();
        putStatus(bucket, { state: "PENDING", bootId: null });
        await engine.start(3);
        clock.at(30_000, () => batch.set(ID, "SCHEDULED"));
        clock.at(60_000, () => {
            batch.set(ID, "RUNNING", { RUNNING: "1" });
            putStatus(bucket, { state: "RUNNING", startedAt: "2026-01-01T00:01:00Z" });
            putLog(bucket, 1, 0, "reading\n");
        });
        clock.at(90_000, () => {
            putStatus(bucket, { state: "SUCCEEDED", exitCode: 0 });
            batch.set(ID, "SUCCEEDED", { SUCCEEDED: "1" });
        });

        await expect(wait()).resolves.toMatchObject({ state: "SUCCEEDED" });

        expect(printed).toEqual([
            `run ${runId}, attempt 1: waiting for its VM`,
            `run ${runId}, attempt 1: training`,
            "| reading",
            `run ${runId}, attempt 1: succeeded`,
        ]);
        expect(created(batch)).toEqual([`POST jobs?jobId=${ID}`]);
    });

    it("says after two minutes why it has not started, and again when the reason changes", async () => {
        const { bucket, clock, batch, printed, engine, wait } = scene();
        putStatus(bucket, { state: "PENDING" });
        await engine.start(3);
        const quota = "Quota checking process decides to delay scheduling for the job u because of [Quota: CPUS].";
        const stockOut =
            "VM in Managed Instance Group meets error: Batch Error: code - CODE_GCE_ZONE_RESOURCE_POOL_EXHAUSTED";
        clock.at(10_000, () => batch.set(ID, "QUEUED", {}, quota));
        clock.at(300_000, () => batch.set(ID, "SCHEDULED", {}, stockOut, "Job state is set from QUEUED to SCHEDULED"));
        clock.at(400_000, () => putStatus(bucket, { state: "SUCCEEDED" }));

        await wait();

        expect(printed.filter((line) => line.includes("still waiting"))).toEqual([
            `run ${runId} is still waiting for its VM: ${quota}`,
            `run ${runId} is still waiting for its VM: ${stockOut}`,
        ]);
    });

    it("is left alone while Batch retries it after a preemption, however long that takes", async () => {
        const { bucket, clock, batch, engine, wait, status } = scene();
        putStatus(bucket, { state: "INTERRUPTED", reason: "Compute Engine preempted the VM" });
        await engine.start(3);
        batch.set(
            ID,
            "RUNNING",
            { PENDING: "1" },
            "Task state is updated from RUNNING to FAILED with exit code 50001.",
        );
        clock.at(7_200_000, () => putStatus(bucket, { state: "SUCCEEDED", attempt: 2, interruptions: 1 }));

        await expect(wait()).resolves.toMatchObject({ attempt: 2 });
        expect(created(batch)).toHaveLength(1);
        expect(status().interruptions).toBe(1);
    });

    it("gets another job if Batch ended the first one while attempts were left", async () => {
        const { bucket, clock, batch, printed, engine, wait } = scene({ spotFallback: "standard" });
        putStatus(bucket, { state: "RUNNING", attempt: 2, interruptions: 1 });
        await engine.start(3);
        batch.set(
            ID,
            "FAILED",
            {},
            "Task state is updated from RUNNING to FAILED due to Spot VM preemption with exit code 50001.",
        );
        clock.at(60_000, () => putStatus(bucket, { state: "SUCCEEDED", attempt: 3, interruptions: 2 }));

        await wait();

        expect(created(batch)).toEqual([`POST jobs?jobId=${ID}`, `POST jobs?jobId=${ID}-a2`]);
        const [first, second] = [ID, `${ID}-a2`].map((id) => batch.jobs.get(id));
        expect(first?.allocationPolicy?.instances[0]?.policy.provisioningModel).toBe("SPOT");
        expect(first?.taskGroups?.[0]?.taskSpec.maxRetryCount).toBe(1);
        expect(second?.allocationPolicy?.instances[0]?.policy.provisioningModel).toBe("STANDARD");
        expect(second?.taskGroups?.[0]?.taskSpec.maxRetryCount).toBe(0);
        expect(printed.join("\n")).toContain(`the Batch job ${ID} is FAILED (Compute Engine preempted the spot VM)`);
    });

    it("fails once all attempts are used up, with the last reason", async () => {
        const { bucket, batch, engine, failure, status } = scene();
        putStatus(bucket, { state: "RUNNING", attempt: 3, interruptions: 2 });
        await engine.start(1);
        batch.set(ID, "FAILED", {}, "Task state is updated from RUNNING to FAILED with exit code 50002.");

        expect(await failure()).toContain("The run was interrupted 3 times, and maxAttempts is 3");
        expect(status()).toMatchObject({ state: "FAILED", reported: true });
        expect(created(batch)).toHaveLength(1);
    });

    it("gets a new job for its next attempt after it has failed", async () => {
        const { bucket, clock, batch, engine, wait, status } = scene();
        await engine.start(3);
        batch.set(ID, "FAILED");
        putStatus(bucket, { state: "FAILED", exitCode: 3, reported: true });
        clock.at(60_000, () => putStatus(bucket, { state: "SUCCEEDED", attempt: 2 }));

        await wait();

        expect(created(batch)).toHaveLength(2);
        expect(batch.jobs.get(`${ID}-a2`)?.taskGroups?.[0]?.taskSpec.maxRetryCount).toBe(2);
        expect(status()).toMatchObject({ state: "SUCCEEDED" });
    });

    it("fails with the events of its jobs only after a second job has also failed to start a VM", async () => {
        const { bucket, clock, batch, engine, failure } = scene();
        putStatus(bucket, { state: "PENDING" });
        await engine.start(3);
        const problem = "No VM has agent reporting correctly within time window 1080 seconds";
        batch.set(ID, "FAILED", {}, problem);
        batch.before = (request) => {
            if (request === `POST jobs?jobId=${ID}-a2`) {
                clock.at(clock.now() - Date.parse("2026-01-01T00:00:00Z") + 5_000, () =>
                    batch.set(`${ID}-a2`, "FAILED", {}, problem),
                );
            }
        };

        const message = await failure();

        expect(message).toContain(`Run ${runId} has no status: its Batch job ended before a VM claimed the run.`);
        expect(message).toContain(`| ${problem}`);
        expect(message).toContain("roles/batch.agentReporter");
        expect(created(batch)).toHaveLength(2);
    });

    it("gets a new job after somebody has deleted its job", async () => {
        const { bucket, clock, batch, wait } = scene();
        putStatus(bucket, { state: "RUNNING" });
        clock.at(60_000, () => putStatus(bucket, { state: "SUCCEEDED", attempt: 2 }));

        await wait();
        expect(created(batch)).toEqual([`POST jobs?jobId=${ID}`]);
    });

    it("does not hold up the update once Batch has accepted the job if `wait` is false", async () => {
        const { bucket, engine, wait } = scene({ wait: false });
        putStatus(bucket, { state: "PENDING" });
        await engine.start(3);

        await expect(wait()).resolves.toMatchObject({ state: "PENDING" });
    });

    it("fails at once if Batch refuses the job", async () => {
        const { batch, failure } = scene();
        batch.before = (request) => {
            if (request.startsWith("POST")) {
                throw apiError(400, "machine_type field is invalid.");
            }
        };

        expect(await failure()).toBe(
            `Batch refused the job ${ID} in us-central1: machine_type field is invalid. Change the config, and \`pulumi up\` tries again.`,
        );
    });
});

describe("starting a job", () => {
    it("attaches to the job if the response to an earlier request was lost", async () => {
        const { batch, engine } = scene();
        let isFirst = true;
        const apis = batch.apis(new FakeClock());
        await apis.call("POST", `${apis.endpoints.batch}projects/demo-project/locations/us-central1/jobs?jobId=${ID}`, {
            labels: LABELS,
        });
        // Batch does not know about a new job for a moment.
        batch.before = (request) => {
            if (isFirst && request === `GET jobs/${ID}`) {
                isFirst = false;
                batch.jobs.set("hidden", batch.jobs.get(ID) as StoredJob);
                batch.jobs.delete(ID);
            } else if (request.startsWith("POST jobs?") && batch.jobs.has("hidden")) {
                batch.jobs.set(ID, batch.jobs.get("hidden") as StoredJob);
                batch.jobs.delete("hidden");
            }
        };

        await engine.start(3);

        expect([...batch.jobs.keys()]).toEqual([ID]);
    });

    it("rejects a job with the same id that belongs to something else", async () => {
        const { batch, engine } = scene();
        batch.jobs.set(ID, {
            name: ID,
            labels: { ...LABELS, "gcp-trainer-owner": "other" },
            status: { state: "RUNNING" },
        });

        await expect(engine.start(3)).rejects.toThrow(`The Batch job ${ID} exists, but it does not belong`);
    });

    it("waits for the deletion of an earlier job with the same id", async () => {
        const { batch, clock, engine } = scene();
        batch.jobs.set(ID, { name: ID, labels: LABELS, status: { state: "DELETION_IN_PROGRESS" } });
        clock.at(60_000, () => batch.jobs.delete(ID));

        await engine.start(3);

        expect(batch.jobs.get(ID)?.status?.state).toBe("QUEUED");
    });
});

describe("deleting a run's jobs", () => {
    it("deletes all of them, and waits until their VMs are gone", async () => {
        const { batch, clock, engine } = scene();
        await engine.start(3);
        batch.set(ID, "FAILED");
        await engine.start(3);
        batch.slowDeletions = 5;

        await deleteJobs(batch.apis(clock), PLACE);

        expect(batch.jobs.size).toBe(0);
        expect(batch.slowDeletions).toBeLessThanOrEqual(0);
        await expect(deleteJobs(batch.apis(clock), PLACE)).resolves.toBeUndefined();
    });
});

describe("withAttempts", () => {
    it.each([
        [3, "none", 2, "SPOT"],
        [1, "none", 0, "SPOT"],
        [20, "none", 10, "SPOT"],
        [3, "standard", 1, "SPOT"],
        [2, "standard", 0, "SPOT"],
        [1, "standard", 0, "STANDARD"],
    ])(
        "handles %i attempts with the fallback %s: Batch retries %i times on %s VMs",
        (left, fallback, retries, model) => {
            const { taskGroups, allocationPolicy } = withAttempts(DEFINITION, left, fallback);

            expect(taskGroups[0]?.taskSpec.maxRetryCount).toBe(retries);
            expect(allocationPolicy.instances[0]?.policy).toEqual({
                machineType: "e2-small",
                provisioningModel: model,
            });
            expect(taskGroups[0]?.taskSpec.lifecyclePolicies).toEqual([
                { action: "RETRY_TASK", actionCondition: { exitCodes: [50001, 50002, 50003, 50004, 50006, 75] } },
            ]);
        },
    );
});

describe("a job's state", () => {
    const job = (state: string, counts = {}, events: string[] = []): BatchJob => ({
        name: ID,
        status: {
            state,
            taskGroups: { group0: { counts } },
            statusEvents: events.map((description) => ({ description, eventTime: "2026-01-01T00:00:00Z" })),
        },
    });
    it.each([
        [job("QUEUED"), "starting"],
        [job("SCHEDULED"), "starting"],
        [job("RUNNING", { PENDING: "1" }), "starting"],
        [job("RUNNING", { RUNNING: "1" }), "running"],
        [job("CANCELLATION_IN_PROGRESS"), "stopping"],
        [job("DELETION_IN_PROGRESS"), "stopping"],
        [job("SUCCEEDED"), "ended"],
        [job("FAILED"), "ended"],
        [job("CANCELLED"), "ended"],
        [undefined, "gone"],
    ])("%# is %s", (found, phase) => {
        expect(toState(found).phase).toBe(phase);
    });
});
