import type { FitTask } from "./types";

/** Measured time in nanoseconds for sorting one value in a column, and for one pass over it while a tree grows. */
const SORT_NS = 50;
const PASS_NS = 12;

/** Time for sorting a value in a node again, relative to the time for a pass over it. */
const SORTING = 5;

/** A rough estimate of the milliseconds that one thread needs for sorting the columns in a table. */
export function estimateSortMs(columns: number, tableRows: number): number {
    return (columns * tableRows * SORT_NS) / 1e6;
}

/** A rough estimate of the milliseconds for growing one tree: each level passes once over all rows in all columns. */
export function estimateTreeMs(
    { rows, growth, forest }: Pick<FitTask, "growth" | "forest"> & { rows: ArrayLike<number> },
    columns: number,
    tableRows: number,
): number {
    const levels = Math.min(growth.maxDepth, Math.log2(rows.length) + 2);
    const passes = Math.min(columns, SORTING * (forest?.maxFeatures ?? columns));
    return ((passes * rows.length * levels + tableRows) * PASS_NS) / 1e6;
}
