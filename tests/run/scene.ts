import type { WaitOptions } from "../../run/decide";
import type { RunStatus } from "../../run/status";
import { type VmOptions, vmEngine } from "../../run/vm-engine";
import { waitForRun } from "../../run/wait";
import { FakeBucket, FakeClock, FakeVm, runId, statusObject } from "./fakes";

type Change = Partial<WaitOptions & VmOptions>;

/** A waiter in a fake environment. */
export interface Scene {
    bucket: FakeBucket;
    vm: FakeVm;
    clock: FakeClock;
    printed: string[];
    wait: (change?: Change) => Promise<RunStatus>;
    /** Waits, and returns the error's message. */
    failure: (change?: Change) => Promise<string>;
    /** The current status in the bucket. */
    status: () => RunStatus;
}

export function scene(): Scene {
    const bucket = new FakeBucket();
    const vm = new FakeVm();
    const clock = new FakeClock();
    const printed: string[] = [];
    const wait: Scene["wait"] = (change = {}) =>
        waitForRun(
            {
                bucket,
                clock,
                engine: vmEngine(vm, {
                    runId,
                    project: "demo-project",
                    zone: "us-central1-a",
                    instance: "iris-vm",
                    debugMinutes: 0,
                    onPrivateSubnetwork: false,
                    ...change,
                }),
                print: (line) => printed.push(line),
            },
            { runId, wait: true, maxAttempts: 3, ...change },
        );
    return {
        bucket,
        vm,
        clock,
        printed,
        wait,
        failure: async (change) => {
            const outcome = await wait(change).catch((error: Error) => error);
            expect(outcome).toBeInstanceOf(Error);
            return (outcome as Error).message;
        },
        status: () => JSON.parse(bucket.text(statusObject) ?? "{}") as RunStatus,
    };
}
