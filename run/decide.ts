import type { RunPrice } from "./cost/run-cost";
import { type EngineState, type EngineTraits, isDown } from "./engine";
import type { Stall } from "./messages";
import { isClaimed, isTerminal, type RunStatus } from "./status";
import type { SweepRun } from "./sweep-rows";
import { attemptsLeft, type SeenStatus } from "./transitions";

export interface WaitOptions {
    runId: string;
    /** If false, the wait ends once the run no longer needs a waiter. */
    wait: boolean;
    maxAttempts: number;
    /**
     * Time at which the command started. The log of a run that began later is new even if the run ended before the wait
     * began. By default, such a run belongs to an earlier command.
     */
    commandStartedMs?: number;
    /** Set for a sweep. */
    sweep?: SweepRun | undefined;
    /** The price of a VM; undefined if it is unknown. */
    price?: RunPrice | undefined;
    /** Advice for a deployed stack. */
    hints?: {
        /** Printed once the wait begins, unless the run has already ended. */
        leaving?: string | undefined;
        /** The command that shows the run's log. */
        log?: string | undefined;
    };
}

/** Facts that the waiter carries from one poll to the next. Times are in milliseconds on its clock. */
export interface WaitState {
    /** Undefined while no status exists. */
    seen: SeenStatus | undefined;
    /**
     * Generation of the failed status that an earlier update has already reported, so this update starts the next
     * attempt.
     */
    retryGeneration: string | undefined;
    /**
     * Generation of the status when this waiter started the engine. If it has not changed by the time the engine is
     * down, that start did nothing.
     */
    startedGeneration: string | undefined;
    engineState: EngineState;
    hasSeenUp: boolean;
    /** Number of consecutive polls that found the engine down. */
    downPolls: number;
    /** Time since which every poll has found the machine running, or undefined if it is not running. */
    runningSinceMs: number | undefined;
    /** Time of the last change to the status or log, or else the beginning of the wait. */
    lastChangeMs: number;
}

/** A run as one poll sees it. */
export interface RunView extends WaitState, Pick<WaitOptions, "wait" | "maxAttempts"> {
    traits: EngineTraits;
    nowMs: number;
}

/** The waiter's next step. */
export type Action =
    /** Nothing to do before the next poll. */
    | { kind: "poll" }
    /** The run continues by itself, and nobody is waiting for it to end. */
    | { kind: "detach"; status: RunStatus }
    | { kind: "collect"; status: RunStatus }
    /** Report the failure, and mark it as reported. */
    | { kind: "fail"; seen: SeenStatus }
    /** Write `PENDING` for the next attempt. `cancels` is true if the machine is still up after the last one. */
    | { kind: "retry"; seen: SeenStatus; cancels: boolean }
    /** Write `INTERRUPTED` for a machine that could not do so itself. */
    | { kind: "interrupt"; seen: SeenStatus; interruptions: number }
    /** Write `FAILED`, because interruptions have used up all attempts. */
    | { kind: "give-up"; seen: SeenStatus }
    | { kind: "start"; attemptsLeft: number }
    /** The run needs a machine that no longer exists. */
    | { kind: "gone" }
    | { kind: "stalled"; stall: Stall };

/** Chooses the next step from what one poll saw. */
export function decide(view: RunView): Action {
    const { seen, downPolls } = view;
    if (seen && isDecidedByStatus(view)) {
        const { status } = seen;
        if (isClaimed(status.state)) {
            return { kind: "detach", status };
        }
        return status.state === "SUCCEEDED" ? { kind: "collect", status } : { kind: "fail", seen };
    }
    if (seen && isTerminal(seen.status.state)) {
        return { kind: "retry", seen, cancels: !isDown(view.engineState) };
    }
    if (downPolls === 0) {
        if (seen && !view.wait && view.traits.retries) {
            return { kind: "detach", status: seen.status };
        }
        const stall = findStall(view);
        return stall ? { kind: "stalled", stall } : { kind: "poll" };
    }
    // The machine may have written its last status after this poll read the status; the next poll will show it.
    return downPolls === 1 ? { kind: "poll" } : decideDown(view);
}

/** True when the status alone determines the next step. The engine is then not queried. */
export function isDecidedByStatus({ seen, retryGeneration, wait }: Pick<RunView, "seen" | "retryGeneration" | "wait">) {
    if (seen === undefined) {
        return false;
    }
    return isTerminal(seen.status.state) ? seen.generation !== retryGeneration : isClaimed(seen.status.state) && !wait;
}

/** Chooses the next step for an unfinished run whose machine is down. */
function decideDown(view: RunView): Action {
    const { seen, maxAttempts, traits } = view;
    const isGone = view.engineState.phase === "gone" && !traits.recreates;
    const start = (left: number): Action => (isGone ? { kind: "gone" } : { kind: "start", attemptsLeft: left });
    if (seen === undefined) {
        return view.hasSeenUp ? { kind: "stalled", stall: "off" } : start(maxAttempts);
    }
    const { state, interruptions } = seen.status;
    const didNothing = seen.generation === view.startedGeneration;
    if (didNothing && traits.retries) {
        // The engine has already retried a start without any VM claiming the run, so another start would not help.
        return { kind: "stalled", stall: "off" };
    }
    if (isClaimed(state) || didNothing) {
        // The boot script counts the interruption when it claims the run, so a boot that ended earlier has not counted
        // it.
        return { kind: "interrupt", seen, interruptions: interruptions + (state === "INTERRUPTED" ? 1 : 0) };
    }
    const left = attemptsLeft(seen.status, maxAttempts);
    return state === "INTERRUPTED" && left <= 0 ? { kind: "give-up", seen } : start(left);
}

/**
 * Determines whether a machine that is up shows no sign of life: `silent` after several minutes without a change to
 * status, log or heartbeat (the heartbeat is due every 30 s), `unclaimed` if no status appeared in time (the boot
 * script waits 10 minutes for IAM grants to take effect).
 */
function findStall({ nowMs, seen, lastChangeMs, runningSinceMs, traits }: RunView): Stall | undefined {
    if (runningSinceMs === undefined) {
        return undefined;
    }
    if (seen && isClaimed(seen.status.state)) {
        return nowMs - Math.max(lastChangeMs, runningSinceMs) > traits.silentMinutes * 60_000 ? "silent" : undefined;
    }
    return nowMs - runningSinceMs > traits.unclaimedMinutes * 60_000 ? "unclaimed" : undefined;
}
