import type { RunState } from "./status";

/** True when the VM executes nothing and starts nothing by itself; `undefined` is a VM that does not exist. */
export function isDown(vmStatus: string | undefined): boolean {
    return vmStatus === undefined || ["TERMINATED", "STOPPED", "SUSPENDED"].includes(vmStatus);
}

/** What the watch for a stalled VM knows; times are milliseconds of the waiter's clock. */
export interface VmWatch {
    nowMs: number;
    /** When status or log last changed, or the wait began. */
    lastChangeMs: number;
    /** Since when the VM has been seen `RUNNING` without a break; undefined while it is not. */
    runningSinceMs: number | undefined;
    /** Undefined while there is no status. */
    state: RunState | undefined;
}

/**
 * Whether nothing comes from a VM that is up: `silent` after 3 minutes without a change of status, log or heartbeat (the
 * heartbeat is due every 30 s), `unclaimed` when no status came within 15 minutes (the boot script waits 10 minutes
 * for IAM grants to arrive).
 */
export function findStall(watch: VmWatch): "silent" | "unclaimed" | undefined {
    if (watch.runningSinceMs === undefined) {
        return undefined;
    }
    if (watch.state === "PULLING" || watch.state === "RUNNING") {
        const since = Math.max(watch.lastChangeMs, watch.runningSinceMs);
        return watch.nowMs - since > 3 * 60_000 ? "silent" : undefined;
    }
    return watch.nowMs - watch.runningSinceMs > 15 * 60_000 ? "unclaimed" : undefined;
}
