import type { BatchJobDefinition } from "./batch-jobs";
import { renderRanges } from "./sweep-rows";

/**
 * Returns the definition of a job that trains only some points of a sweep. If all of them have an outcome, its only
 * task concludes the sweep.
 * @param jobId the job's id, by which its tasks recognise one another.
 */
export function withPoints(definition: BatchJobDefinition, indexes: readonly number[], jobId: string) {
    const chosen = indexes.length === 0 ? [0] : indexes;
    const variables = { SWEEP_JOB: jobId, SWEEP_POINTS: renderRanges(chosen) };
    return {
        ...definition,
        taskGroups: definition.taskGroups.map((group) => ({
            ...group,
            taskSpec: {
                ...group.taskSpec,
                runnables: group.taskSpec.runnables.map((runnable) => ({ ...runnable, environment: { variables } })),
                // If a point is interrupted too often, its script needs one more try to record this.
                maxRetryCount: Math.min(10, (group.taskSpec.maxRetryCount ?? 0) + 1),
            },
            taskCount: String(chosen.length),
            parallelism: String(Math.min(Number(group.parallelism), chosen.length)),
        })),
    };
}
