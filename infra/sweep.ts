import { pointId, type RunIdentity } from "./run-id";
import type { Job } from "./training-job-args";
import { type BootSweep, trainerArgs } from "./user-data";

/**
 * Plans the points of a sweep; undefined for a run that is not a sweep.
 * @param identity the run's, which determines the ids of its points.
 */
export function bootSweep(
    { sweepMetric, sweepGoal, maxFailedTasks }: Pick<Job, "sweepMetric" | "sweepGoal" | "maxFailedTasks">,
    identity: RunIdentity,
): BootSweep | undefined {
    const { sweep, hyperparameters } = identity;
    return (
        sweep && {
            metric: sweepMetric,
            goal: sweepGoal,
            maxFailedTasks,
            points: sweep.points.map((point) => ({
                id: pointId(identity, point),
                arguments: point,
                args: trainerArgs({ ...identity, hyperparameters: { ...hyperparameters, ...point } }),
            })),
        }
    );
}
