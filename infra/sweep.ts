import { pointId, type RunIdentity } from "./run-id";
import type { Job } from "./training-job-args";
import { type BootSweep, trainerArgs } from "./user-data";

/** The part of a run's identity that only a sweep or an array has. */
export function tasksIdentity({
    points,
    sweepMetric,
    sweepGoal,
    tasks,
}: Pick<Job, "points" | "sweepMetric" | "sweepGoal" | "tasks">): Pick<RunIdentity, "sweep" | "tasks"> {
    return {
        ...(points.length > 0 ? { sweep: { points, metric: sweepMetric, goal: sweepGoal } } : {}),
        ...(tasks > 1 ? { tasks } : {}),
    };
}

/**
 * Plans the points of a sweep, or the tasks of an array as points without hyperparameters of their own; undefined for
 * any other run.
 * @param identity the run's identity, which determines the ids of its points.
 */
export function bootSweep(
    { sweepMetric, sweepGoal, maxFailedTasks }: Pick<Job, "sweepMetric" | "sweepGoal" | "maxFailedTasks">,
    identity: RunIdentity,
): BootSweep | undefined {
    const { sweep, hyperparameters, tasks } = identity;
    if (tasks !== undefined) {
        const args = trainerArgs(identity);
        const points = Array.from({ length: tasks }, (_, index) => ({ id: String(index), arguments: {}, args }));
        return { isArray: true, points, metric: "", goal: sweepGoal, maxFailedTasks: 0 };
    }
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
