import type { RunStatus } from "../../run/status";
import { httpError, putLog, putStatus, runId, statusObject } from "./fakes";
import { scene } from "./scene";

describe("a run that succeeds", () => {
    it("is followed from the first boot to its end, including its log", async () => {
        const { bucket, clock, printed, wait } = scene();
        clock.at(3_000, () => putStatus(bucket, { state: "PULLING" }));
        clock.at(6_000, () => putStatus(bucket, { state: "RUNNING" }));
        clock.at(7_000, () => putLog(bucket, 1, 0, "reading\nsplit"));
        clock.at(9_000, () => putLog(bucket, 1, 13, "ting\nlast, without an end"));
        clock.at(9_500, () => putStatus(bucket, { state: "SUCCEEDED", exitCode: 0 }));

        await expect(wait()).resolves.toMatchObject({ state: "SUCCEEDED", exitCode: 0 });

        expect(printed).toEqual([
            `run ${runId}, attempt 1: claimed by the VM, pulling the image`,
            `run ${runId}, attempt 1: training`,
            "| reading",
            "| splitting",
            "| last, without an end",
            `run ${runId}, attempt 1: succeeded`,
        ]);
    });

    it("is polled every second, and after ten minutes every five seconds, except for its log", async () => {
        const { bucket, clock, printed, wait } = scene();
        const polls: number[] = [];
        const printedBy = new Set<number>();
        const beganMs = clock.now();
        const second = () => (clock.now() - beganMs) / 1000;
        bucket.before = (operation, name) => {
            if (operation === "stat" && name === statusObject) {
                polls.push(second());
            }
            if (printed.some((line) => line === "| late")) {
                printedBy.add(second());
            }
        };
        putStatus(bucket, { state: "RUNNING" });
        for (let second = 0; second < 1200; second += 30) {
            clock.at(second * 1000, () => putStatus(bucket, { state: "RUNNING" }));
        }
        clock.at(900_500, () => putLog(bucket, 1, 0, "late\n"));
        clock.at(1_200_000, () => putStatus(bucket, { state: "SUCCEEDED" }));

        await wait();

        expect(polls.filter((at) => at < 600)).toHaveLength(600);
        expect(polls.filter((at) => at >= 600).length).toBeLessThan(130);
        expect(Math.min(...printedBy)).toBeLessThanOrEqual(902);
    });

    it("is reported in one line, without its log, if it ended before the wait", async () => {
        const { bucket, printed, wait } = scene();
        putLog(bucket, 1, 0, "reading\n");
        putStatus(bucket, { state: "SUCCEEDED", exitCode: 0, finishedAt: "2025-12-31T12:00:00Z" });

        await wait({ hints: { leaving: "you can leave", log: "npm run logs" } });

        expect(printed).toEqual([
            `run ${runId}, attempt 1: succeeded at 2025-12-31T12:00:00Z, before this command; its log: npm run logs`,
        ]);
    });

    it("is shown with its log if it began after the command, even if it ended before the wait", async () => {
        const { bucket, clock, printed, wait } = scene();
        putLog(bucket, 1, 0, "reading\n");
        const startedAt = new Date(clock.now() - 5000).toISOString();
        putStatus(bucket, { state: "SUCCEEDED", exitCode: 0, startedAt, finishedAt: startedAt });

        await wait({ commandStartedMs: clock.now() - 60_000 });

        expect(printed).toEqual(["| reading", `run ${runId}, attempt 1: succeeded`]);
    });

    it("is announced before its log if it began before the wait", async () => {
        const { bucket, clock, printed, wait } = scene();
        putLog(bucket, 1, 0, "reading\n");
        putStatus(bucket, { state: "RUNNING", startedAt: "2025-12-31T12:00:00Z" });
        clock.at(2_000, () => putStatus(bucket, { state: "SUCCEEDED", exitCode: 0 }));

        await wait({ hints: { leaving: "you can leave" } });

        expect(printed).toEqual([
            "you can leave",
            `run ${runId}, attempt 1: training since 2025-12-31T12:00:00Z; its log so far:`,
            "| reading",
            `run ${runId}, attempt 1: succeeded`,
        ]);
    });

    it("without `wait`, does not hold up the update once the VM claims the run", async () => {
        const { bucket, clock, wait } = scene();
        clock.at(4_000, () => putStatus(bucket, { state: "PULLING" }));

        await expect(wait({ wait: false })).resolves.toMatchObject({ state: "PULLING" });
    });

    it("is also collected by a later update without `wait`", async () => {
        const { bucket, vm, wait } = scene();
        putStatus(bucket, { state: "SUCCEEDED" });
        vm.state = "TERMINATED";

        await expect(wait({ wait: false })).resolves.toMatchObject({ state: "SUCCEEDED" });
        expect(vm.calls).toEqual([]);
    });

    it("is not marked INTERRUPTED if it ends between the reads of its status and its VM", async () => {
        const { bucket, vm, clock, wait, status } = scene();
        putStatus(bucket, { state: "RUNNING" });
        vm.state = "TERMINATED";
        clock.at(500, () => putStatus(bucket, { state: "SUCCEEDED" }));

        await wait();

        expect(status().state).toBe("SUCCEEDED");
        expect(bucket.writes).toEqual([]);
    });
});

describe("a VM that goes down before the run has ended", () => {
    it("is marked INTERRUPTED and restarted", async () => {
        const { bucket, vm, clock, wait, printed } = scene();
        putStatus(bucket, { state: "RUNNING", bootId: "first" });
        vm.state = "TERMINATED";
        let atStart: Partial<RunStatus> = {};
        vm.onStart = () => {
            atStart = JSON.parse(bucket.text(statusObject) ?? "{}") as RunStatus;
            clock.at(10_000, () => putStatus(bucket, { state: "RUNNING", attempt: 2, interruptions: 1 }));
            clock.at(20_000, () => putStatus(bucket, { state: "SUCCEEDED", attempt: 2, interruptions: 1 }));
        };

        await expect(wait()).resolves.toMatchObject({ state: "SUCCEEDED", attempt: 2 });

        expect(vm.calls).toEqual(["start"]);
        expect(atStart).toMatchObject({ state: "INTERRUPTED", attempt: 1, interruptions: 0, bootId: "first" });
        expect(atStart.reason).toContain("iris-vm is TERMINATED and could not record why");
        expect(printed.join("\n")).toContain("starting the VM iris-vm");
    });

    it("is restarted, but not marked again, if it wrote INTERRUPTED itself", async () => {
        const { bucket, vm, wait } = scene();
        putStatus(bucket, { state: "INTERRUPTED", reason: "Compute Engine preempted the VM" });
        vm.state = "TERMINATED";
        vm.onStart = () => putStatus(bucket, { state: "SUCCEEDED", attempt: 2 });

        await wait();

        expect(bucket.writes).toEqual([]);
        expect(vm.calls).toEqual(["start"]);
    });

    it("is not started while it is stopping", async () => {
        const { bucket, vm, clock, wait } = scene();
        putStatus(bucket, { state: "RUNNING" });
        vm.state = "STOPPING";
        clock.at(30_000, () => putStatus(bucket, { state: "SUCCEEDED" }));

        await wait();
        expect(vm.calls).toEqual([]);
    });

    it("fails the run once the attempts are used up, and marks it as reported", async () => {
        const { bucket, vm, failure, status } = scene();
        putStatus(bucket, { state: "RUNNING", attempt: 3, interruptions: 2 });
        vm.state = "TERMINATED";

        const message = await failure();

        expect(message).toContain("The run was interrupted 3 times, and maxAttempts is 3");
        expect(message).toContain("as attempt 4");
        expect(status()).toMatchObject({ state: "FAILED", interruptions: 3, reported: true });
        expect(vm.calls).toEqual([]);
    });

    it("cannot be started after it has been deleted", async () => {
        const { bucket, vm, failure, status } = scene();
        putStatus(bucket, { state: "RUNNING" });
        vm.state = undefined;

        expect(await failure()).toContain("no longer exists. `pulumi up --refresh`");
        expect(status()).toMatchObject({ state: "INTERRUPTED" });
        expect(status().reason).toContain("was deleted");
    });

    it("uses up one attempt with each boot that never claims the run", async () => {
        const { bucket, vm, clock, failure, status } = scene();
        putStatus(bucket, { state: "INTERRUPTED" });
        vm.state = "TERMINATED";
        vm.onStart = () => {
            clock.at(clock.now() - Date.parse("2026-01-01T00:00:00Z") + 5_000, () => {
                vm.state = "TERMINATED";
            });
        };

        expect(await failure()).toContain("interrupted 3 times");
        expect(vm.calls).toEqual(["start", "start"]);
        expect(status()).toMatchObject({ state: "FAILED", interruptions: 3 });
    });

    it("is started if it never wrote a status, and reported if it then powers off without writing one", async () => {
        const { vm, clock, failure } = scene();
        vm.state = "TERMINATED";
        vm.serial = "gcp-trainer: no permission to write\n";
        vm.onStart = () =>
            clock.at(20_000, () => {
                vm.state = "TERMINATED";
            });

        const message = await failure();

        expect(vm.calls).toEqual(["start"]);
        expect(message).toContain("its VM powered off without writing one");
        expect(message).toContain("| gcp-trainer: no permission to write");
    });

    it("is reported with the cost of another attempt, and with a way to let an interrupted run continue by itself", async () => {
        const { bucket, vm, clock, printed, failure } = scene();
        putStatus(bucket, { state: "INTERRUPTED" });
        vm.state = "TERMINATED";
        vm.onStart = () => {
            clock.at(5_000, () => {
                putStatus(bucket, { state: "FAILED", reason: "no such file", interruptions: 1 });
            });
        };
        const last = { hourlyUsd: 2, attemptUsd: 5, interruptions: 2 };
        const price = { hourlyUsd: 0.5, attemptUsd: 1.25, isExample: false, last };

        const message = await failure({ price });
        const advice = "With `engine: batch`, an interrupted run continues by itself. ";
        expect(printed).toContain(`${advice}Another attempt costs $0.50 an hour, and at most $1.25.`);
        expect(message).toContain("as attempt 2. Another attempt costs $0.50 an hour, and at most $1.25.");
    });

    it("with spotFallback, is not started as a spot VM for the last attempt, and the message says what replaces it", async () => {
        const { bucket, vm, printed, failure, status } = scene();
        putStatus(bucket, { state: "INTERRUPTED", interruptions: 1 });
        vm.state = "TERMINATED";
        const last = { hourlyUsd: 2, attemptUsd: 5, interruptions: 2 };
        const price = { hourlyUsd: 0.5, attemptUsd: 1.25, isExample: false, last };

        const message = await failure({ lastIsStandard: true, price });
        expect(message).toContain("was interrupted on spot VMs, and its last attempt needs a standard VM.");
        expect(message).toContain("`pulumi up` replaces the VM iris-vm with one. Another attempt costs $2.00 an hour");
        expect(printed.join("\n")).toContain("Another attempt costs $2.00 an hour, and at most $5.00.");
        expect(vm.calls).toEqual([]);
        expect(status()).toMatchObject({ state: "INTERRUPTED", interruptions: 1 });
    });

    it("reports Compute Engine's error if it cannot be started", async () => {
        const { bucket, vm, failure, status } = scene();
        putStatus(bucket, { state: "INTERRUPTED" });
        vm.state = "TERMINATED";
        vm.onStart = () => {
            throw new Error("ZONE_RESOURCE_POOL_EXHAUSTED: the zone has no e2-small left");
        };

        const message = await failure();

        expect(message).toContain("us-central1-a could not be started: ZONE_RESOURCE_POOL_EXHAUSTED");
        expect(status().state).toBe("INTERRUPTED");
    });
});

describe("a run that failed", () => {
    it("fails the update with the exit code, the reason, the last 40 log lines and the location of the whole log", async () => {
        const { bucket, failure, status } = scene();
        const lines = Array.from({ length: 100 }, (_, index) => `line ${index + 1}`);
        putLog(bucket, 1, 0, `${lines.join("\n")}\n`);
        putStatus(bucket, { state: "FAILED", exitCode: 3, reason: "The trainer failed (exit code 3)" });

        const message = await failure();

        expect(message).toContain("attempt 1, failed: The trainer failed (exit code 3)\n");
        expect(message).toContain("The last 40 lines of the trainer's log:\n| line 61\n");
        expect(message).toContain("| line 100\n");
        expect(message).not.toContain("| line 60\n");
        expect(message).toContain(`gcloud storage cat gs://demo-bucket/runs/${runId}/trainer.log`);
        expect(message).toContain("`pulumi up` tries again, as attempt 2");
        expect(message).not.toContain("gcloud compute ssh");
        expect(status()).toMatchObject({ state: "FAILED", reported: true, exitCode: 3 });
        expect(bucket.text(`runs/${runId}/trainer.log`)).toMatch(
            /^===== attempt 1, logged from 2026.* =====\nline 1\n/,
        );
    });

    it("explains how to log in to a VM that stays up for debugging", async () => {
        const { bucket, failure } = scene();
        putStatus(bucket, { state: "TIMED_OUT", finishedAt: "2026-01-01T10:00:00Z" });

        const message = await failure({ debugMinutes: 30 });

        expect(message).toContain("timed out");
        expect(message).toContain("stays up for debugging until 2026-01-01T10:30:00.000Z:");
        expect(message).toContain(
            "gcloud compute ssh iris-vm --project demo-project --zone us-central1-a --tunnel-through-iap",
        );
        for (const role of ["iap.tunnelResourceAccessor", "compute.osAdminLogin", "iam.serviceAccountUser"]) {
            expect(message).toContain(`roles/${role}`);
        }
    });

    it("does not offer a login to a VM that has powered itself off", async () => {
        const { bucket, failure } = scene();
        putStatus(bucket, { state: "FAILED", exitCode: 3, finishedAt: "2025-12-31T23:00:00Z" });

        const message = await failure({ debugMinutes: 30 });

        expect(message).toContain("failed with the trainer's exit code 3");
        expect(message).not.toContain("gcloud compute ssh");
    });

    it("is retried by the next update, which begins a new attempt, resets the count and starts the VM", async () => {
        const { bucket, vm, wait } = scene();
        putStatus(bucket, { state: "FAILED", attempt: 3, interruptions: 2, reported: true, exitCode: 3 });
        vm.state = "TERMINATED";
        let atStart: Partial<RunStatus> = {};
        vm.onStart = () => {
            atStart = JSON.parse(bucket.text(statusObject) ?? "{}") as RunStatus;
            putStatus(bucket, { state: "SUCCEEDED", attempt: 4 });
        };

        await expect(wait()).resolves.toMatchObject({ attempt: 4 });
        expect(atStart).toMatchObject({
            state: "PENDING",
            attempt: 4,
            interruptions: 0,
            reported: false,
            exitCode: null,
        });
    });

    it("has its VM stopped before the retry if it is still up for debugging", async () => {
        const { bucket, vm, wait } = scene();
        putStatus(bucket, { state: "FAILED", reported: true });
        vm.onStart = () => putStatus(bucket, { state: "SUCCEEDED", attempt: 2 });

        await wait();
        expect(vm.calls).toEqual(["stop", "start"]);
    });

    it("is not retried twice by one update", async () => {
        const { bucket, vm, failure } = scene();
        putStatus(bucket, { state: "FAILED", reported: true, exitCode: 3 });
        vm.state = "TERMINATED";
        vm.onStart = () => putStatus(bucket, { state: "FAILED", attempt: 2, exitCode: 4 });

        expect(await failure()).toContain("attempt 2, failed with the trainer's exit code 4");
        expect(vm.calls).toEqual(["start"]);
    });

    it("is reported even if a network error interrupts the report", async () => {
        const { bucket, vm, failure } = scene();
        putStatus(bucket, { state: "FAILED", exitCode: 3 });
        let broken = 3;
        bucket.before = (operation, name) => {
            if (operation === "list" && name.includes("/log/") && broken-- > 0) {
                throw httpError(503, "unavailable");
            }
        };

        expect(await failure()).toContain("exit code 3");
        expect(vm.calls).toEqual([]);
    });

    it("continues from PENDING if an earlier update wrote it but could not start the VM", async () => {
        const { bucket, vm, wait } = scene();
        putStatus(bucket, { state: "PENDING", attempt: 2 });
        vm.state = "TERMINATED";
        vm.onStart = () => putStatus(bucket, { state: "SUCCEEDED", attempt: 2 });

        await wait();
        expect(bucket.writes).toEqual([]);
    });
});
