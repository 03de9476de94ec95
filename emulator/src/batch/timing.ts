import type { BatchFaultKind, BatchFaults } from "../faults/batch-rule";

/** Options for Google Batch, which is faster in the emulator than on Google Cloud. */
export interface BatchTiming {
    /** Duration of a step. QUEUED, SCHEDULED and the release of the VMs each take one step. */
    readonly tickMs: number;
    /** Time between a preemption notice and the loss of power; 30 seconds on Google Cloud. */
    readonly preemptionMs: number;
    /** Time that Batch waits for the first report from a VM's agent; 18 minutes on Google Cloud. */
    readonly agentMs: number;
    /** Number of steps after which a job that cannot start fails. On Google Cloud, it fails after two days. */
    readonly queueTicks: number;
    /** Maximum number of VMs that a job can have at once. Google's limits apply as well. */
    readonly maxVms: number;
}

/** Number of steps without a report after which Batch gives up on a VM. */
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
