import { type Action, decide, type RunView } from "../../run/decide";
import { isDown } from "../../run/engine";
import type { RunStatus } from "../../run/status";
import { toState, vmEngine } from "../../run/vm-engine";
import { FakeVm, runId, statusOf } from "./fakes";

const MINUTE = 60_000;

const { traits } = vmEngine(new FakeVm(), {
    runId,
    project: "demo-project",
    zone: "us-central1-a",
    instance: "iris-vm",
    debugMinutes: 0,
    onPrivateSubnetwork: false,
});

/** A poll 60 minutes into a run whose VM is up. */
const UP: RunView = {
    nowMs: 60 * MINUTE,
    wait: true,
    maxAttempts: 3,
    seen: undefined,
    retryGeneration: undefined,
    startedGeneration: undefined,
    traits,
    engineState: toState("RUNNING"),
    hasSeenUp: true,
    downPolls: 0,
    runningSinceMs: 50 * MINUTE,
    lastChangeMs: 59 * MINUTE,
};
const DOWN: Partial<RunView> = {
    engineState: toState("TERMINATED"),
    downPolls: 2,
    runningSinceMs: undefined,
    hasSeenUp: false,
};
const GONE: Partial<RunView> = { ...DOWN, engineState: toState(undefined) };

/** A status object with generation 7. */
const seen = (change: Partial<RunStatus>) => ({ seen: { status: statusOf(change), generation: "7" } });

type Row = [situation: string, view: Partial<RunView>, action: Partial<Action>];

function table(rows: Row[]): void {
    it.each(rows)("%s", (_situation, view, action) => {
        expect(decide({ ...UP, ...view })).toMatchObject(action);
    });
}

describe("a run that has ended", () => {
    const failed = seen({ state: "FAILED" });
    table([
        ["is collected if it SUCCEEDED", seen({ state: "SUCCEEDED" }), { kind: "collect" }],
        ["is also collected without `wait`", { ...seen({ state: "SUCCEEDED" }), wait: false }, { kind: "collect" }],
        ["is collected if its VM was deleted", { ...seen({ state: "SUCCEEDED" }), ...GONE }, { kind: "collect" }],
        ["fails the update if it FAILED", failed, { kind: "fail" }],
        ["fails the update if it TIMED_OUT", seen({ state: "TIMED_OUT" }), { kind: "fail" }],
        ["also fails the update without `wait`", { ...failed, wait: false }, { kind: "fail" }],
        [
            "is retried if an earlier update has reported this failure",
            { ...failed, ...DOWN, retryGeneration: "7" },
            { kind: "retry", cancels: false },
        ],
        [
            "has its VM stopped before the retry if it is still in its debug window",
            { ...failed, retryGeneration: "7" },
            { kind: "retry", cancels: true },
        ],
        ["is not retried if this update's own attempt failed", { ...failed, retryGeneration: "6" }, { kind: "fail" }],
    ]);
});

describe("a run whose VM is up", () => {
    table([
        ["is polled again while it trains", seen({ state: "RUNNING" }), { kind: "poll" }],
        ["is polled again while it waits for its VM", seen({ state: "PENDING" }), { kind: "poll" }],
        ["is polled again before its first status", {}, { kind: "poll" }],
        [
            "ends the update at PULLING without `wait`",
            { ...seen({ state: "PULLING" }), wait: false },
            { kind: "detach" },
        ],
        [
            "ends the update at RUNNING without `wait`",
            { ...seen({ state: "RUNNING" }), wait: false },
            { kind: "detach" },
        ],
        ["does not end the update at PENDING", { ...seen({ state: "PENDING" }), wait: false }, { kind: "poll" }],
        [
            "is polled again while its VM stops",
            { ...seen({ state: "RUNNING" }), engineState: toState("STOPPING") },
            { kind: "poll" },
        ],
    ]);
});

describe("a run whose VM shows no sign of life", () => {
    const silent: Action = { kind: "stalled", stall: "silent" };
    const unclaimed: Action = { kind: "stalled", stall: "unclaimed" };
    table([
        ["is stalled after 3 minutes", { ...seen({ state: "RUNNING" }), lastChangeMs: 57 * MINUTE - 1 }, silent],
        ["is stalled after 3 minutes in PULLING", { ...seen({ state: "PULLING" }), lastChangeMs: 0 }, silent],
        ["is not stalled at 3 minutes", { ...seen({ state: "RUNNING" }), lastChangeMs: 57 * MINUTE }, { kind: "poll" }],
        [
            "is not stalled if its VM has been running for less than 3 minutes",
            { ...seen({ state: "RUNNING" }), lastChangeMs: 0, runningSinceMs: 58 * MINUTE },
            { kind: "poll" },
        ],
        ["is stalled after 15 minutes without a status", { runningSinceMs: 45 * MINUTE - 1 }, unclaimed],
        ["is not stalled at 15 minutes without a status", { runningSinceMs: 45 * MINUTE }, { kind: "poll" }],
        [
            "is stalled if its VM has not claimed it within 15 minutes",
            { ...seen({ state: "PENDING" }), runningSinceMs: 0 },
            unclaimed,
        ],
        [
            "is not stalled while its VM is not RUNNING yet",
            { engineState: toState("STAGING"), runningSinceMs: undefined, lastChangeMs: 0 },
            { kind: "poll" },
        ],
    ]);
});

describe("an unfinished run whose VM is down", () => {
    const lastChance = { state: "INTERRUPTED", interruptions: 2 } as const;
    table([
        [
            "is polled once more, because the VM may have written its final status",
            { ...seen({ state: "RUNNING" }), ...DOWN, downPolls: 1 },
            { kind: "poll" },
        ],
        [
            "is marked INTERRUPTED if it was RUNNING, and the boot script counts the interruption",
            { ...seen({ state: "RUNNING", interruptions: 1 }), ...DOWN },
            { kind: "interrupt", interruptions: 1 },
        ],
        [
            "is marked INTERRUPTED if its VM was deleted",
            { ...seen({ state: "PULLING" }), ...GONE },
            { kind: "interrupt", interruptions: 0 },
        ],
        ["has its VM started if it is INTERRUPTED", { ...seen({ state: "INTERRUPTED" }), ...DOWN }, { kind: "start" }],
        ["has its VM started if it is PENDING", { ...seen({ state: "PENDING" }), ...DOWN }, { kind: "start" }],
        ["has its VM started if it was never up", DOWN, { kind: "start" }],
        [
            "fails if its VM powered off without a status",
            { ...DOWN, hasSeenUp: true },
            { kind: "stalled", stall: "off" },
        ],
        ["fails if its VM no longer exists", { ...seen({ state: "INTERRUPTED" }), ...GONE }, { kind: "gone" }],
        ["fails if its VM never existed", GONE, { kind: "gone" }],
        ["is given up if the attempts are used up", { ...seen(lastChance), ...DOWN }, { kind: "give-up" }],
        ["is given up even if its VM was deleted", { ...seen(lastChance), ...GONE }, { kind: "give-up" }],
        ["is not given up with attempts left", { ...seen(lastChance), ...DOWN, maxAttempts: 4 }, { kind: "start" }],
        [
            "counts a boot that never claimed it as an interruption",
            { ...seen({ state: "INTERRUPTED", interruptions: 1 }), ...DOWN, startedGeneration: "7" },
            { kind: "interrupt", interruptions: 2 },
        ],
        [
            "is marked INTERRUPTED if a boot never claimed the PENDING run",
            { ...seen({ state: "PENDING" }), ...DOWN, startedGeneration: "7" },
            { kind: "interrupt", interruptions: 0 },
        ],
    ]);
});

describe("isDown", () => {
    it.each([undefined, "TERMINATED", "STOPPED", "SUSPENDED"])("is true for %s", (vmStatus) => {
        expect(isDown(toState(vmStatus))).toBe(true);
    });

    it.each(["PROVISIONING", "STAGING", "RUNNING", "STOPPING", "SUSPENDING", "REPAIRING"])(
        "is false for %s",
        (vmStatus) => {
            expect(isDown(toState(vmStatus))).toBe(false);
        },
    );
});
