import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Cost } from "../../infra/config/cloud-check";
import { formatUsd } from "../../run/cost/estimate";
import { ownFiles } from "../../run/layout";
import { parseMetrics } from "../../run/metrics";
import { sweepFiles } from "../../run/sweep-results";
import { terminalCell } from "../../run/terminal-text";
import { formatValue, numbersOf } from "../shared/metrics";
import { foldColumns } from "../shared/text";
import type { Properties } from "./rehearsal-context";

/** Files in every successful run's folder, regardless of the trainer. */
const EXPECTED = Object.values(ownFiles);

/**
 * Reads the saved results of a run.
 *
 * @param folder `<resultsDir>/<stack>/<runId>`
 * @returns the results, or the `problem` that makes the rehearsal fail
 */
export function readResults(
    folder: string,
): { files: string[]; metrics: Properties | undefined } | { problem: string } {
    if (!existsSync(folder)) {
        return { problem: `${folder} does not exist: the results were not saved` };
    }
    const files = readdirSync(folder, { recursive: true })
        .map(String)
        .filter((name) => lstatSync(path.join(folder, name)).isFile())
        .sort();
    const missing = EXPECTED.filter((name) => !files.includes(name));
    if (missing.length > 0) {
        return { problem: `${folder} does not contain ${missing.join(", ")}` };
    }
    const model = files.filter((name) => !EXPECTED.includes(name) && !isBesideModel(name));
    if (model.length === 0) {
        return {
            problem: "the trainer succeeded but wrote no model; it must write under the gs:// URI in AIP_MODEL_DIR",
        };
    }
    const metrics = files.includes("metrics.json")
        ? parseMetrics(readFileSync(path.join(folder, "metrics.json")))
        : undefined;
    return { files, metrics };
}

/** True for a checkpoint or a TensorBoard log. */
function isBesideModel(file: string): boolean {
    return /^(logs|checkpoints)[\\/]/.test(file);
}

/** True for a file that belongs to a point of a sweep. */
function isOfPoint(file: string): boolean {
    return /^points[\\/]/.test(file);
}

/** The saved results of a run. */
export interface Results {
    /** Absolute path. */
    folder: string;
    files: readonly string[];
    metrics: Properties | undefined;
    /** The stack output `cost`. */
    cost: Cost;
}

/**
 * Describes the results: their folder and files.
 *
 * @param folder relative to the project
 */
export function resultLines(folder: string, files: readonly string[]): string[] {
    const own = files.filter((file) => !isOfPoint(file));
    const count = files.length - own.length;
    return [
        `Results, verified, in ${folder}${path.sep}`,
        `  ${own.map(terminalCell).join("  ")}`,
        ...(count > 0 ? [`  and ${count} files for the points, in points${path.sep}`] : []),
    ];
}

/**
 * The last lines of a rehearsal: the first metric, the report and the model, if the trainer wrote them, and the price.
 */
export function summaryLines({ folder, files, metrics, cost }: Results, userFolder: string): string[] {
    const [name, value] = numbersOf(metrics ?? {})[0] ?? [];
    const own: readonly string[] = [...EXPECTED, ...Object.values(sweepFiles), "metrics.json", "report.html"];
    const candidates = files.filter((file) => !own.includes(file) && !isOfPoint(file) && !isBesideModel(file));
    const model = ["model.json", ...candidates].find((file) => candidates.includes(file));
    const page = files.includes(sweepFiles.page) ? pathToFileURL(path.join(folder, sweepFiles.page)).href : undefined;
    const relative = model && path.relative(userFolder, path.join(folder, model));
    return [
        ...(name === undefined ? [] : [`${terminalCell(name)}: ${value}`]),
        ...(page === undefined ? [] : [`Sweep: ${page}`]),
        ...(files.includes("report.html") ? [`Report: ${pathToFileURL(path.join(folder, "report.html")).href}`] : []),
        ...(relative === undefined ? [] : [`Model: ${terminalCell(relative)}`]),
        priceLine(cost),
    ];
}

/**
 * Formats metrics as tables: every number at the top level, whatever its name, and every list of rows, such as
 * `classes`, with its name as the title.
 */
export function metricsTable(metrics: Properties): string[] {
    const numbers = numbersOf(metrics).map(([name, value]) => [terminalCell(name), value] as const);
    const width = Math.max(12, ...numbers.map(([name]) => name.length));
    const lines = numbers.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
    for (const [name, value] of Object.entries(metrics)) {
        // Lists without numbers, such as findings, are prose.
        const isTable = Array.isArray(value) && value.length > 0 && value.every(isRow);
        if (isTable && value.some((row) => Object.values(row).some((cell) => typeof cell === "number"))) {
            lines.push("", `  ${terminalCell(name)}:`, ...table(value));
        }
    }
    return lines;
}

/** Maximum number of rows, so that a table does not push the rest of the output off the screen. */
const MAX_ROWS = 20;
/** Maximum width of a line, so that it fits in an 80-column terminal. */
const MAX_COLUMNS = 79;
const INDENT = "    ";

function isRow(value: unknown): value is Properties {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        return false;
    }
    return Object.values(value).every((cell) => typeof cell !== "object");
}

function table(rows: Properties[]): string[] {
    const columns = Object.keys(rows[0] ?? {});
    const shown = rows.slice(0, MAX_ROWS).map((row) => columns.map((column) => formatValue(row[column])));
    const lines = foldColumns([columns, ...shown], MAX_COLUMNS - INDENT.length);
    const left = rows.length - shown.length;
    return [...lines, ...(left > 0 ? [`and ${left} more, in metrics.json`] : [])].map((line) => INDENT + line);
}

/** The price in one line of at most 80 characters, unless it is unknown. */
function priceLine(cost: Cost): string {
    return "unknown" in cost
        ? `Price: unknown, because ${cost.unknown}`
        : `Price: ${formatUsd(cost.hourlyUsd)} an hour, at most ${formatUsd(cost.worstCaseUsd)}` +
              (cost.isExample ? " (example amounts)" : "");
}
