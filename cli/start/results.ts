import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { ownFiles } from "../../run/layout";
import type { Properties } from "./context";

/** Files that every successful run leaves in its folder, whatever trained. */
const EXPECTED = Object.values(ownFiles);

/**
 * What came home from a run.
 *
 * @param folder `<resultsDir>/<stack>/<runId>`
 * @returns or what is not there: the rehearsal has not succeeded then
 */
export function readResults(
    folder: string,
): { files: string[]; metrics: Properties | undefined } | { problem: string } {
    if (!existsSync(folder)) {
        return { problem: `there is no ${folder}: the results did not come home` };
    }
    const files = readdirSync(folder, { recursive: true })
        .map(String)
        .filter((name) => statSync(path.join(folder, name)).isFile())
        .sort();
    const missing = EXPECTED.filter((name) => !files.includes(name));
    if (missing.length > 0) {
        return { problem: `${folder} has no ${missing.join(", ")}` };
    }
    if (files.length === EXPECTED.length) {
        return {
            problem: "the trainer ended well and wrote no model; it has to write under the gs:// URI in AIP_MODEL_DIR",
        };
    }
    const metrics = files.includes("metrics.json")
        ? (JSON.parse(readFileSync(path.join(folder, "metrics.json"), "utf8")) as Properties)
        : undefined;
    return { files, metrics };
}

/**
 * What a person is told of the results: where they are, their files, and the report if the trainer wrote one.
 *
 * @param folder as it is shown: relative to the project
 */
export function resultLines(folder: string, files: readonly string[]): string[] {
    const report = files.includes("report.html") ? [`Report: ${path.join(folder, "report.html")}`] : [];
    return [`Results, verified, in ${folder}${path.sep}`, `  ${files.join("  ")}`, ...report];
}

/**
 * The metrics as tables: every number at the top level, whatever the trainer calls it, and every list of rows, such as the
 * classes with theirs.
 */
export function metricsTable(metrics: Properties): string[] {
    const numbers = numbersOf(metrics);
    const width = Math.max(12, ...numbers.map(([name]) => name.length));
    const lines = numbers.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
    for (const value of Object.values(metrics)) {
        if (Array.isArray(value) && value.length > 0 && value.every(isRow)) {
            lines.push("", ...table(value));
        }
    }
    return lines;
}

/** The numbers at the top level of the metrics, by name, as they are shown. */
export function numbersOf(metrics: Properties): [name: string, shown: string][] {
    return Object.entries(metrics)
        .filter(([name, value]) => typeof value === "number" && !HIDDEN.includes(name))
        .map(([name, value]) => [name, format(value)]);
}

/** Bookkeeping of the format, not a result. */
const HIDDEN = ["schema", "seed"];

/** A table longer than a screen hides what stands above it. */
const MOST_ROWS = 20;

function isRow(value: unknown): value is Properties {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        return false;
    }
    return Object.values(value).every((cell) => typeof cell !== "object");
}

function table(rows: Properties[]): string[] {
    const columns = Object.keys(rows[0] ?? {});
    const cells = rows.map((row) => columns.map((column) => format(row[column])));
    const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((row) => row[i]?.length ?? 0)));
    const draw = (row: string[]) =>
        `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ")}`;
    const left = cells.length - MOST_ROWS;
    return [
        draw(columns),
        ...cells.slice(0, MOST_ROWS).map(draw),
        ...(left > 0 ? [`  and ${left} more, in metrics.json`] : []),
    ];
}

function format(value: unknown): string {
    if (typeof value !== "number") {
        return String(value);
    }
    return value.toLocaleString("en-US", { maximumSignificantDigits: 5, useGrouping: false });
}
