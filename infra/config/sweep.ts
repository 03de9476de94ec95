import { canonicalJson } from "../../run/canonical-json";
import type { Hyperparameter } from "../training-job-args";
import { checkHyperparameter } from "./checks";
import type { Finding } from "./key-types";
import type { ProjectFiles } from "./project-files";

/** The hyperparameters of one point of a sweep. */
export type Point = Readonly<Record<string, Hyperparameter>>;

/** The keys that define the points. */
export interface SweepKeys {
    sweep: Readonly<Record<string, readonly Hyperparameter[]>>;
    sweepFile: string;
}

/** The key that defines the points, with either the points or the reason why there are none. */
export interface Points {
    key: "sweep" | "sweepFile";
    points: readonly Point[];
    problem?: string;
}

/** Parses a list that was set as JSON, which `npx pulumi config set --path` stores as a string. */
export function toValues(value: unknown): unknown {
    try {
        return typeof value === "string" ? JSON.parse(value) : value;
    } catch {
        return value;
    }
}

/** Checks one entry of the key `sweep`. */
export function checkSweepEntry(name: string, value: unknown): Finding {
    const found = checkHyperparameter(name, "");
    if (found !== undefined) {
        return found;
    }
    const values = toValues(value);
    if (!Array.isArray(values) || values.length === 0) {
        return "must be a list with at least one value";
    }
    const texts = values.map((each) => canonicalJson(each));
    const twice = texts.find((text, index) => texts.indexOf(text) !== index);
    return twice === undefined
        ? values.map((each) => checkHyperparameter(name, each)).find((each) => each !== undefined)
        : `must not contain duplicate values; ${twice} appears more than once`;
}

/** The points that a config defines: a grid, or the rows of a file. There are none if neither key is set. */
export function pointsOf({ sweep, sweepFile }: SweepKeys, files: ProjectFiles): Points {
    if (sweepFile === "") {
        return { key: "sweep", points: gridOf(Object.entries(sweep)) };
    }
    const state = files.state(sweepFile);
    const text = state === "file" ? files.text?.(sweepFile) : undefined;
    if (text === undefined) {
        return { key: "sweepFile", points: [], problem: `must be a CSV or JSON Lines file; found ${state}` };
    }
    const rows = /\.(jsonl|ndjson)$/i.test(sweepFile) ? readJsonLines(text) : readCsv(text);
    const problem = rows.problem ?? problemOf(rows.points);
    return { key: "sweepFile", points: rows.points, ...(problem === undefined ? {} : { problem }) };
}

/** The number of points in a grid, which may be too many to list. */
export function gridSize(sweep: SweepKeys["sweep"]): number {
    const sizes = Object.values(sweep).map(({ length }) => length);
    return sizes.length === 0 ? 0 : sizes.reduce((product, size) => product * size, 1);
}

/** The combinations of all values; the last name changes fastest. */
function gridOf(entries: readonly (readonly [name: string, values: readonly Hyperparameter[]])[]): Point[] {
    if (entries.length === 0) {
        return [];
    }
    return entries.reduce<Point[]>(
        (points, [name, values]) => points.flatMap((point) => values.map((value) => ({ ...point, [name]: value }))),
        [{}],
    );
}

function problemOf(points: readonly Point[]): string | undefined {
    if (points.length === 0) {
        return "must contain at least one point";
    }
    const seen = new Map<string, number>();
    for (const [index, point] of points.entries()) {
        const row = `point ${index + 1}`;
        const [name, value] = Object.entries(point).find(([name, value]) => checkHyperparameter(name, value)) ?? [];
        if (name !== undefined) {
            const found = checkHyperparameter(name, value);
            return `must have valid hyperparameters; ${name} in ${row} ${typeof found === "object" ? found.must : found}`;
        }
        if (Object.keys(point).length === 0) {
            return `must not contain an empty point; ${row} is empty`;
        }
        const text = canonicalJson(point);
        const first = seen.get(text);
        if (first !== undefined) {
            return `must not contain duplicate points; ${row} repeats point ${first + 1}, ${text}`;
        }
        seen.set(text, index);
    }
    return undefined;
}

interface Rows {
    points: Point[];
    problem?: string;
}

function readJsonLines(text: string): Rows {
    const points: Point[] = [];
    for (const [index, line] of text.split(/\r?\n/).entries()) {
        const value = line.trim() === "" ? undefined : toValues(line);
        if (value !== undefined && (typeof value !== "object" || value === null || Array.isArray(value))) {
            return { points: [], problem: `must have a JSON object on each line; line ${index + 1} is not one` };
        }
        points.push(...(value === undefined ? [] : [value as Point]));
    }
    return { points };
}

/**
 * Reads CSV with a header. An empty cell omits its hyperparameter; text that represents a number or a boolean is
 * converted to one.
 */
function readCsv(text: string): Rows {
    const [header = [], ...rows] = cellsOf(text).filter((cells) => cells.some((cell) => cell !== ""));
    const repeated = header.find((name, index) => name === "" || header.indexOf(name) !== index);
    if (repeated !== undefined) {
        return { points: [], problem: `must have distinct names in its header; found "${repeated}" twice or empty` };
    }
    const short = rows.findIndex((cells) => cells.length !== header.length);
    if (short >= 0) {
        const counts = `${header.length} cells in each row; row ${short + 2} has ${rows[short]?.length}`;
        return { points: [], problem: `must have ${counts}` };
    }
    return {
        points: rows.map((cells) =>
            Object.fromEntries(
                header.map((name, index) => [name, typed(cells[index] ?? "")]).filter(([, value]) => value !== ""),
            ),
        ),
    };
}

function typed(cell: string): string | number | boolean {
    if (cell === "true" || cell === "false") {
        return cell === "true";
    }
    return cell !== "" && String(Number(cell)) === cell && Number.isFinite(Number(cell)) ? Number(cell) : cell;
}

/** The cells of CSV text. https://www.rfc-editor.org/rfc/rfc4180 */
function cellsOf(text: string): string[][] {
    const rows: string[][] = [[]];
    const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
    const content = text.replace(/^\uFEFF/, "").trimEnd();
    while (pattern.lastIndex < content.length) {
        const [match = "", quoted, plain = "", end] = pattern.exec(content) ?? [];
        if (match === "") {
            break;
        }
        rows.at(-1)?.push((quoted?.replaceAll('""', '"') ?? plain).trim());
        if (end !== "," && end !== "") {
            rows.push([]);
        }
    }
    // The last cell of the file may be empty.
    if (content.endsWith(",")) {
        rows.at(-1)?.push("");
    }
    return rows;
}
