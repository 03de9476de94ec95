import { bestOf, comparedMetrics, isLowerBetter } from "../../run/metric-direction";
import type { SavedRun } from "../../run/saved-runs";
import { formatValue } from "../shared/metrics";
import { alignColumns } from "../shared/text";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";
import { costOf } from "./runs-table";

/** Sorts runs by a metric, best first; runs without it come last. */
export function sortByMetric<R extends { facts: SavedRun }>(runs: readonly R[], metric: string): R[] {
    requireMetric(
        runs.map(({ facts }) => facts),
        metric,
    );
    const sign = isLowerBetter(metric) ? 1 : -1;
    const rankOf = ({ facts }: R) => {
        const value = facts.metrics[metric];
        return value === undefined ? Number.POSITIVE_INFINITY : sign * value;
    };
    return [...runs].sort((a, b) => rankOf(a) - rankOf(b) || 0);
}

/** @throws UsageError if no run has the metric */
function requireMetric(runs: readonly SavedRun[], metric: string, usage = "--sort METRIC"): void {
    const known = comparedMetrics(runs);
    if (!runs.some(({ metrics }) => metric in metrics)) {
        const list = known.length === 0 ? "the runs have none" : `they have ${known.join(", ")}`;
        throw new UsageError(
            `"${metric}" must be a metric of one of the runs; ${list} (${commandLine("runs", usage)})`,
        );
    }
}

/**
 * The run with the best value of a metric, as lines of text.
 *
 * @param metric by default, the first of the runs' metrics that describes the model
 */
export function bestLines(runs: readonly SavedRun[], metric: string | undefined): string[] {
    const by = metric ?? comparedMetrics(runs)[0];
    if (by === undefined) {
        throw new UsageError(`There is no best run, because no run has metrics (${commandLine("runs")})`);
    }
    requireMetric(runs, by, "best METRIC");
    const best = bestOf(runs, by) as SavedRun;
    const which = isLowerBetter(by) ? "lowest" : "highest";
    const count = runs.filter(({ metrics }) => by in metrics).length;
    const parameters = Object.entries(best.parameters).map(([name, value]) => `${name}=${value}`);
    return [
        `${titleOf(best)}: ${by} ${formatValue(best.metrics[by])}, the ${which} of ${count} runs`,
        ...(parameters.length > 0 ? [`  ${parameters.join("  ")}`] : []),
    ];
}

/** Everything that differs between two runs, as a table. */
export function diffLines(a: SavedRun, b: SavedRun): string[] {
    const names = (key: "parameters" | "metrics") => [...new Set([a, b].flatMap((run) => Object.keys(run[key])))];
    const rows: [string, string, string, string?][] = [
        ["state", a.state, b.state],
        ["data", a.dataset ?? "-", b.dataset ?? "-"],
        ["hash of the data", a.datasetHash ?? "-", b.datasetHash ?? "-"],
        ["image", a.image?.slice(0, 19) ?? "-", b.image?.slice(0, 19) ?? "-"],
        ["machine", a.machine ?? "-", b.machine ?? "-"],
        ["seconds", String(a.seconds ?? "-"), String(b.seconds ?? "-")],
        ["cost", costOf(a), costOf(b)],
        ...names("parameters").map((name): [string, string, string] => [
            name,
            a.parameters[name] ?? "-",
            b.parameters[name] ?? "-",
        ]),
        ...names("metrics").map((name): [string, string, string, string] => [
            name,
            formatValue(a.metrics[name] ?? "-"),
            formatValue(b.metrics[name] ?? "-"),
            change(name, a.metrics[name], b.metrics[name]),
        ]),
    ];
    const different = rows.filter(([, left, right]) => left !== right);
    if (different.length === 0) {
        return [`${titleOf(a)} and ${titleOf(b)} do not differ`];
    }
    return alignColumns([["", titleOf(a), titleOf(b), ""], ...different.map((row) => row.map((cell) => cell ?? ""))]);
}

/** The change from one value to another, and whether it is an improvement. */
function change(metric: string, from: number | undefined, to: number | undefined): string {
    if (
        from === undefined ||
        to === undefined ||
        from === to ||
        !comparedMetrics([{ metrics: { [metric]: to } }]).length
    ) {
        return "";
    }
    const isBetter = to < from === isLowerBetter(metric);
    return `${to > from ? "+" : ""}${formatValue(to - from)} ${isBetter ? "better" : "worse"}`;
}

/**
 * Finds a run by its id, the beginning of its id, or its name.
 *
 * @throws UsageError if there is none, or more than one
 */
export function findRun(runs: readonly SavedRun[], wanted: string): SavedRun {
    const exact = runs.filter(({ id, name }) => id === wanted || name === wanted);
    const found =
        exact.length > 0 ? exact : runs.filter(({ id }) => id.startsWith(wanted) || id.startsWith(`r-${wanted}`));
    if (found.length !== 1) {
        const which = found.length === 0 ? "no run has it" : `${found.map(({ id }) => id).join(" and ")} have it`;
        throw new UsageError(`"${wanted}" must be the id or the name of one run; ${which} (${commandLine("runs")})`);
    }
    return found[0] as SavedRun;
}

/** Runs as CSV: one row each, with a column for each parameter and metric. */
export function csvLines(runs: readonly SavedRun[]): string[] {
    const own = [
        "id",
        "name",
        "state",
        "startedAt",
        "seconds",
        "costUsd",
        "exampleCostUsd",
        "dataset",
        "datasetHash",
        "image",
        "machine",
    ] as const;
    const parameters = [...new Set(runs.flatMap((run) => Object.keys(run.parameters)))];
    const metrics = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))];
    const head = [...own, ...parameters.map((name) => `param.${name}`), ...metrics.map((name) => `metric.${name}`)];
    const rows = runs.map((run) => [
        ...own.map((key) => run[key]),
        ...parameters.map((name) => run.parameters[name]),
        ...metrics.map((name) => run.metrics[name]),
    ]);
    return [head, ...rows].map((cells) => cells.map((cell) => quoted(String(cell ?? ""))).join(","));
}

/** A cell of a CSV file. A spreadsheet would evaluate text from a trainer that begins like a formula. */
function quoted(text: string): string {
    const safe = /^[=+@\t\r]|^-(?![\d.]|$)/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function titleOf({ id, name }: SavedRun): string {
    return name === null ? id : `${name} (${id})`;
}
