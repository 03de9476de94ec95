import type { RunLocation, Stall } from "./messages";
import { isClaimed, isTerminal, type RunStatus } from "./status";
import { hasAttemptsLeft, type SeenStatus } from "./transitions";

export interface WaitOptions extends RunLocation {
    /** False ends the wait once the VM has claimed the run. */
    wait: boolean;
    maxAttempts: number;
    debugMinutes: number;
    /** Advice for a deployed stack. */
    hints?: {
        /** Printed once the wait begins, unless the run has already ended. */
        leaving?: string | undefined;
        /** The command that shows the run's log. */
        log?: string | undefined;
    };
    /** True if someone else is responsible for enabling Private Google Access on the VM's subnetwork. */
    onPrivateSubnetwork: boolean;
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
     * Generation of the status when this waiter started the VM. If it has not changed by the time the VM is down, that
     * boot did nothing.
     */
    startedGeneration: string | undefined;
    /** Compute Engine's status; undefined if the VM does not exist. */
    vmStatus: string | undefined;
    hasSeenUp: boolean;
    /** Number of consecutive polls that found the VM down. */
    downPolls: number;
    /** Time since which every poll has found the VM `RUNNING`, or undefined if it is not running. */
    runningSinceMs: number | undefined;
    /** Time of the last change to the status or log, or otherwise the beginning of the wait. */
    lastChangeMs: number;
}

/** A run as one poll sees it. */
export interface RunView extends WaitState, Pick<WaitOptions, "wait" | "maxAttempts"> {
    nowMs: number;
}

/** The waiter's next step. */
export type Action =
    /** Nothing to do before the next poll. */
    | { kind: "poll" }
    /** The VM has claimed the run, and nobody is waiting for it to end. */
    | { kind: "detach"; status: RunStatus }
    | { kind: "collect"; status: RunStatus }
    /** Report the failure, and mark it as reported. */
    | { kind: "fail"; seen: SeenStatus }
    /** Write `PENDING` for the next attempt. `stopVm` is true if the VM is still in its debug window. */
    | { kind: "retry"; seen: SeenStatus; stopVm: boolean }
    /** Write `INTERRUPTED` for a VM that could not do so itself. */
    | { kind: "interrupt"; seen: SeenStatus; interruptions: number }
    /** Write `FAILED`, because interruptions have used up all attempts. */
    | { kind: "give-up"; seen: SeenStatus }
    | { kind: "start-vm" }
    /** The run needs a VM that no longer exists. */
    | { kind: "vm-gone" }
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
        return { kind: "retry", seen, stopVm: !isDown(view.vmStatus) };
    }
    if (downPolls === 0) {
        const stall = findStall(view);
        return stall ? { kind: "stalled", stall } : { kind: "poll" };
    }
    // The VM may have written its last status after this poll read the status; the next poll will show it.
    return downPolls === 1 ? { kind: "poll" } : decideDown(view);
}

/** True when the status alone determines the next step. In that case, the VM need not exist and is not queried. */
export function isDecidedByStatus({ seen, retryGeneration, wait }: Pick<RunView, "seen" | "retryGeneration" | "wait">) {
    if (seen === undefined) {
        return false;
    }
    return isTerminal(seen.status.state) ? seen.generation !== retryGeneration : isClaimed(seen.status.state) && !wait;
}

/** Chooses the next step for an unfinished run whose VM is down. */
function decideDown(view: RunView): Action {
    const { seen, maxAttempts } = view;
    const start: Action = view.vmStatus === undefined ? { kind: "vm-gone" } : { kind: "start-vm" };
    if (seen === undefined) {
        return view.hasSeenUp ? { kind: "stalled", stall: "off" } : start;
    }
    const { state, interruptions } = seen.status;
    if (isClaimed(state) || seen.generation === view.startedGeneration) {
        // The boot script counts the interruption when it claims the run, but a boot that never got that far cannot.
        return { kind: "interrupt", seen, interruptions: interruptions + (state === "INTERRUPTED" ? 1 : 0) };
    }
    return state === "INTERRUPTED" && !hasAttemptsLeft(seen.status, maxAttempts) ? { kind: "give-up", seen } : start;
}

/** True when the VM is not running and will not start by itself. */
export function isDown(vmStatus: string | undefined): boolean {
    return vmStatus === undefined || ["TERMINATED", "STOPPED", "SUSPENDED"].includes(vmStatus);
}

/**
 * Determines whether a VM that is up shows no sign of life: `silent` after 3 minutes without a change to status, log or
 * heartbeat (the heartbeat is due every 30 s), `unclaimed` if no status appeared within 15 minutes (the boot script
 * waits 10 minutes for IAM grants to take effect).
 */
function findStall({ nowMs, seen, lastChangeMs, runningSinceMs }: RunView): Stall | undefined {
    if (runningSinceMs === undefined) {
        return undefined;
    }
    if (seen && isClaimed(seen.status.state)) {
        return nowMs - Math.max(lastChangeMs, runningSinceMs) > 3 * 60_000 ? "silent" : undefined;
    }
    return nowMs - runningSinceMs > 15 * 60_000 ? "unclaimed" : undefined;
}
