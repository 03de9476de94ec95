import type { BatchFaultKind, BatchFaults } from "../faults/batch-rule";

/** Options for Google Batch, which is faster in the emulator than on Google Cloud. */
export interface BatchTiming {
    /** Duration of a step: QUEUED, SCHEDULED, and the release of the VMs each take one. */
    readonly tickMs: number;
    /** Time between the notice of a preemption and the loss of power. On Google Cloud it is 30 seconds. */
    readonly preemptionMs: number;
    /** Time that Batch waits for the first report of a VM's agent. On Google Cloud it is 18 minutes. */
    readonly agentMs: number;
    /** Ticks after which a job that cannot start fails. On Google Cloud it is two days. */
    readonly queueTicks: number;
    /** Largest number of VMs that a job has at once, in addition to Google's limits. */
    readonly maxVms: number;
}

/** Ticks without a report after which Batch gives up on a VM. */
export const LOST_AGENT_TICKS = 2;

/**
 * Waits, tick by tick, for as long as a fault specifies, unless the fault is removed.
 * @param tick returns false to stop waiting
 */
export async function untilFaultOver(
    faults: BatchFaults,
    kind: BatchFaultKind,
    jobId: string,
    tick: () => Promise<boolean>,
): Promise<void> {
    for (let ticks = 0; ticks < (faults.ofJob(kind, jobId)?.ticks ?? 0); ticks++) {
        if (!(await tick())) {
            return;
        }
    }
}
