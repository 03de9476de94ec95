import { readRegularFile } from "./files";
import { parseObject } from "./status";

/** Metrics beyond these limits are saved as a file, but are neither shown nor copied anywhere else. */
export const metricsLimits = { bytes: 16 * 1024 * 1024, depth: 100 };

/** Parses a run's `metrics.json`; returns undefined unless it is a JSON object within the limits. */
export function parseMetrics(content: Buffer): Record<string, unknown> | undefined {
    if (content.length > metricsLimits.bytes) {
        return undefined;
    }
    const metrics = parseObject(content.toString("utf8"));
    return metrics && depthOf(metrics) <= metricsLimits.depth ? metrics : undefined;
}

/** Reads the `metrics.json` in a folder. */
export async function readMetrics(folder: string): Promise<Record<string, unknown> | undefined> {
    const { join } = require("node:path") as typeof import("node:path");
    const content = await readRegularFile(join(folder, "metrics.json"), metricsLimits.bytes);
    return content && parseMetrics(content);
}

/**
 * Selects the metrics for the stack's outputs, which Pulumi prints during each update: at most 20 numbers, short
 * strings and booleans at the top level.
 * @param file the location of all metrics, which is added as `allMetrics` if any were left out.
 */
export function metricsForOutput(metrics: Record<string, unknown>, file: string): Record<string, unknown> {
    const limits = { entries: 20, characters: 100 };
    const isShort = (value: unknown) =>
        value === null || (!isObject(value) && String(value).length <= limits.characters);
    const shown = Object.entries(metrics)
        .filter(([name, value]) => name.length <= limits.characters && isShort(value))
        .slice(0, limits.entries);
    const isComplete = shown.length === Object.keys(metrics).length;
    return Object.fromEntries(isComplete ? shown : [...shown, ["allMetrics", file]]);
}

/**
 * Depth of nested arrays and objects, counted level by level, because a recursive function would overflow the stack.
 */
function depthOf(value: object): number {
    let depth = 0;
    for (let level: object[] = [value]; level.length > 0 && depth <= metricsLimits.depth; depth += 1) {
        level = level.flatMap((each) => Object.values(each).filter(isObject));
    }
    return depth;
}

function isObject(value: unknown): value is object {
    return typeof value === "object" && value !== null;
}
