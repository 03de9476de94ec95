import { runLayout } from "../../run/layout";
import { usedUp } from "../../run/transitions";
import { FakeClock, statusOf } from "../run/fakes";
import { RUN_ID, type Status, TestVm, UNTIL_RELEASED } from "./helpers/vm";

const concurrently = test.concurrent;
const at = runLayout(RUN_ID);
const MODEL = at.model;
const CHECKPOINT = `${at.checkpoints}epoch-3`;

async function expectUntouched(before: Partial<Status>): Promise<void> {
    await TestVm.with({}, async (vm) => {
        await vm.putStatus(before);
        const untouched = await vm.status();
        const { result, console } = await vm.boot();
        expect(result).toBe("success");
        expect(await vm.status()).toEqual(untouched);
        expect(vm.google.statusWrites).toEqual([]);
        expect(vm.dockerCalls()).toEqual([]);
        expect(console).toContain(`${before.state}`);
    });
}

describe("a boot that claims its run", () => {
    for (const state of ["SUCCEEDED", "FAILED", "TIMED_OUT"]) {
        concurrently(`powers off and writes nothing if the run is already ${state}`, () => expectUntouched({ state }));
    }

    concurrently("leaves a run in an unknown state alone", () => expectUntouched({ state: "SUSPENDED" }));

    concurrently("begins the attempt that a PENDING status names, and counts interruptions from zero", async () => {
        await TestVm.with({ maxAttempts: 1 }, async (vm) => {
            await vm.putStatus({ state: "PENDING", attempt: 4, interruptions: 2, reported: true, reason: "old" });
            await vm.google.backend.bucket.put(`${MODEL}model.json`, "of attempt 3");
            await vm.boot();
            expect(await vm.status()).toMatchObject({
                state: "SUCCEEDED",
                attempt: 4,
                interruptions: 0,
                reported: false,
                reason: null,
                startedAt: expect.not.stringContaining("2026-01-01"),
            });
            expect(await vm.google.backend.bucket.list(MODEL)).toEqual([]);
            expect(await vm.log(4)).toBe("trained\n");
        });
    });

    for (const state of ["PULLING", "RUNNING", "INTERRUPTED"]) {
        concurrently(
            `begins the next attempt after ${state} from an earlier boot, and keeps only the checkpoints`,
            async () => {
                await TestVm.with({}, async (vm) => {
                    await vm.putStatus({ state });
                    for (const name of ["model.json", "a b/ü&=+'(1).json", "metrics.json"]) {
                        await vm.google.backend.bucket.put(MODEL + name, "of attempt 1");
                    }
                    await vm.google.backend.bucket.put(CHECKPOINT, "weights");
                    vm.google.pageSize = 2;
                    const booted = vm.boot({ trainer: UNTIL_RELEASED });
                    await vm.until((status) => status.state === "RUNNING" && status.attempt === 2);
                    expect(await vm.google.backend.bucket.list(MODEL)).toEqual([]);
                    expect(await vm.google.backend.bucket.list(CHECKPOINT)).toEqual([CHECKPOINT]);
                    vm.release();
                    await booted;
                    expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", attempt: 2, interruptions: 1 });
                });
            },
        );
    }

    concurrently("writes FAILED without training once the run has been interrupted maxAttempts times", async () => {
        await TestVm.with({ maxAttempts: 3 }, async (vm) => {
            await vm.putStatus({ state: "INTERRUPTED", attempt: 5, interruptions: 2 });
            const { result } = await vm.boot();
            expect(result).toBe("success");
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                attempt: 5,
                interruptions: 3,
                exitCode: null,
                reason: usedUp(statusOf({ interruptions: 2 }), 3, new FakeClock()).reason,
                startedAt: "2026-01-01T00:00:00Z",
                finishedAt: expect.any(String),
            });
            expect(vm.dockerCalls()).toEqual([]);
        });
    });

    concurrently("continues as attempt 2 on the same disk after a power cut", async () => {
        await TestVm.with({}, async (vm) => {
            const booted = vm.boot({ trainer: "echo first; sleep 30" });
            const first = await vm.until((status) => status.state === "RUNNING");
            await vm.eventually(async () => (await vm.log(1)) === "first\n");
            vm.powerOff();
            await booted;
            expect(await vm.status()).toMatchObject({ state: "RUNNING", attempt: 1 });

            await vm.boot({ trainer: "echo second" });
            const second = await vm.status();
            expect(second).toMatchObject({ state: "SUCCEEDED", attempt: 2, interruptions: 1 });
            expect(second?.bootId).not.toBe(first.bootId);
            expect([await vm.log(1), await vm.log(2)]).toEqual(["first\n", "second\n"]);
        });
    });

    concurrently("continues if the response to its own write was lost", async () => {
        await TestVm.with({}, async (vm) => {
            vm.google.faults.push({ match: /^POST .*status\.json/, times: 1, answer: "lose" });
            await vm.boot();
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
        });
    });

    concurrently("stops its container and stops writing once another writer changes the status", async () => {
        await TestVm.with({ timing: { heartbeatSeconds: 1 } }, async (vm) => {
            const booted = vm.boot({ trainer: "echo begun; sleep 30" });
            await vm.until((status) => status.state === "RUNNING");
            await vm.putStatus({ state: "RUNNING", attempt: 2, bootId: "a-later-boot" });
            const { console } = await booted;
            expect(console).toContain("was written by another writer; this VM leaves the run alone");
            expect(await vm.status()).toMatchObject({ attempt: 2, bootId: "a-later-boot" });
            expect(vm.dockerCalls().map(([verb]) => verb)).toContain("stop");
        });
    });

    concurrently("does not train if another boot claims the run at the same time", async () => {
        await TestVm.with({}, async (vm) => {
            vm.google.beforeFirst(/^POST .*status\.json/, () => vm.putStatus({ bootId: "a-faster-boot" }));
            await vm.boot();
            expect(await vm.status()).toMatchObject({ bootId: "a-faster-boot", attempt: 1 });
            expect(vm.dockerCalls()).toEqual([]);
        });
    });
});
