/** Matches the names of metrics for which a lower value is better; for all others, a higher value is better. */
export const lowerIsBetter = "loss|error|deviance|brier|perplexity|rmse|mse|mae|mape|seconds";

/** True if a lower value of a metric is better, according to its name. */
export function isLowerBetter(metric: string): boolean {
    return new RegExp(lowerIsBetter, "i").test(metric);
}

/**
 * Names of values that describe the data, the split, the format or the size of a model, and are not used to compare
 * models.
 */
const notCompared =
    "^(schema|seed|rows|trainRows|testRows|testRowsWithUnseenValues|epochs|rounds|trees|treeDepth|treeLeaves|leaves|baseline.*)$";

/** The metrics by which runs are compared, in the order in which the trainer wrote them. */
export function comparedMetrics(runs: readonly { metrics: Readonly<Record<string, number>> }[]): string[] {
    const names = runs.flatMap(({ metrics }) => Object.keys(metrics));
    return names.filter((name, index) => names.indexOf(name) === index && !new RegExp(notCompared).test(name));
}

/**
 * The run with the best value of a metric; undefined if no run has the metric. If two runs are equally good, the
 * earlier one counts as the best.
 */
export function bestOf<R extends { startedAt: string | null; metrics: Readonly<Record<string, number>> }>(
    runs: readonly R[],
    metric: string,
): R | undefined {
    const sign = isLowerBetter(metric) ? 1 : -1;
    const rankOf = (run: R) => sign * (run.metrics[metric] ?? Number.POSITIVE_INFINITY);
    const having = runs.filter(({ metrics }) => metrics[metric] !== undefined);
    const inTime = [...having].sort((a, b) => ((a.startedAt ?? "") < (b.startedAt ?? "") ? -1 : 1));
    return inTime.reduce<R | undefined>(
        (best, run) => (best === undefined || rankOf(run) < rankOf(best) ? run : best),
        undefined,
    );
}
