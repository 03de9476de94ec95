import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { canonicalJson } from "../../run/canonical-json";
import type * as check from "../../trainer/lib/check/check";
import type * as errors from "../../trainer/lib/errors";
import type { Finding } from "../../trainer/lib/findings";
import type * as settings from "../../trainer/lib/settings/arguments";
import { datasetPaths, parseDataset, readLocalDataset } from "../dataset";
import { trainerArgs } from "../user-data";
import { sampleFile } from "./file-sample";
import type { Fix, Issue } from "./issues";
import type { ConfigValues } from "./keys";
import { filesOf, type ProjectFiles } from "./project-files";
import { isBuiltIn } from "./rules";
import type { Point } from "./sweep";

/** Results of earlier checks, relative to the project folder. */
const CACHE = path.join("node_modules", ".cache", "gcp-trainer", "datasets.json");
const MAX_CACHED = 20;

/** Maximum number of invalid points to report. */
const MAX_POINT_ISSUES = 5;

/** The trainer's own code, which determines what the check finds. */
const CHECKS = path.join(__dirname, "..", "..", "trainer", "lib");

/** Size above which hashing a dataset takes a noticeable amount of time. */
const LARGE_BYTES = 100e6;

/** Shows a line during a lengthy task. */
export type Announce = (line: string) => void | Promise<void>;

/** The result of checking a dataset. */
export interface DatasetCheck {
    issues: Issue[];
    notes: readonly Note[];
}

/** A finding about the dataset, with the change to the stack config that addresses it. */
export interface Note {
    message: string;
    fix?: Fix;
}

/** Renders notes as lines, with commands on lines of their own; `command` renders a fix as a command for the caller. */
export function renderNotes(dataset: string, notes: readonly Note[], command: (fix: Fix) => string): string[] {
    const lines = notes.flatMap(({ message, fix }) => [
        `  * ${message}`,
        ...(fix === undefined ? [] : [`    To change it: ${command(fix)}`]),
    ]);
    return lines.length === 0 ? [] : [`Findings about the dataset ${dataset}:`, ...lines];
}

/**
 * Checks a local dataset for the built-in trainer with the trainer's own reader: its format, its header, the target and
 * the other hyperparameters, and a sample of the rows. Other trainers may read any file. If there are no problems, the
 * result is kept, so that the same dataset is not read again for the same settings.
 *
 * @param namespace prefix of the project's keys
 * @param root the project folder
 */
export async function checkDataset(
    config: ConfigValues,
    namespace: string,
    root: string,
    announce: Announce,
): Promise<DatasetCheck> {
    const source = parseDataset(config.dataset);
    if (source?.kind !== "file" || !isBuiltIn(config, filesOf(root))) {
        return { issues: [], notes: [] };
    }
    const dataset = path.resolve(root, source.path);
    const bytes = datasetPaths(dataset).reduce((sum, file) => sum + statSync(file).size, 0);
    if (bytes > LARGE_BYTES) {
        await announce(
            `Checking the dataset ${source.path} (${Math.round(bytes / 1e6).toLocaleString("en-US")} MB) ...`,
        );
    }
    const { files, hex } = readLocalDataset(dataset);
    const args = trainerArgs(config);
    const key = hash(canonicalJson([hex, args, hashOfChecks()]));
    const cache = readCache(root);
    const known = cache[key];
    if (known !== undefined) {
        return { issues: [], notes: known };
    }
    let examined = await examine(files, source.path, args, false);
    if (examined.problems.length > 0 || examined.findings.some(({ kind }) => kind === "bad-cells")) {
        examined = await examine(files, source.path, args, true);
    }
    const { problems } = examined;
    const notes = toNotes(examined);
    if (problems.length === 0) {
        writeCache(root, { ...cache, [key]: notes });
    }
    return { issues: problems.map((problem) => toIssue(problem, namespace, config)), notes };
}

/**
 * Checks the points of a sweep for the built-in trainer with the trainer's own rules for its arguments. The dataset
 * check uses the first point.
 */
export function checkPoints(
    config: ConfigValues & { points: readonly Point[] },
    namespace: string,
    files: ProjectFiles,
): Issue[] {
    if (config.points.length === 0 || !isBuiltIn(config, files)) {
        return [];
    }
    const { readArguments } = require("../../trainer/lib/settings/arguments") as typeof settings;
    const key = config.sweepFile === "" ? "sweep" : "sweepFile";
    const found = new Map<string, Issue>();
    for (const point of config.points) {
        const hyperparameters = { ...config.hyperparameters, ...point };
        const { problems } = readArguments(trainerArgs({ ...config, hyperparameters }));
        for (const { setting = "", text } of problems.filter(({ setting = "" }) => setting in point)) {
            const path: [string, ...string[]] = key === "sweep" ? [key, setting] : [key];
            const must = key === "sweep" ? text : `must have valid hyperparameters; ${setting} ${text}`;
            found.set(`${setting} ${text}`, { key: `${namespace}:${path.join(".")}`, must, fix: { remove: path } });
        }
    }
    return [...found.values()].slice(0, MAX_POINT_ISSUES);
}

function toNotes({ findings, isPartial }: Examined): Note[] {
    // Strings that are rare in a sample may be frequent in the file.
    const sure = findings.filter(({ kind }) => !isPartial || kind !== "rare-text");
    return sure.map(({ message, setting }) => {
        const [, name = "", value = ""] = /^(\w+)=(.*)$/s.exec(setting ?? "") ?? [];
        const text = isPartial ? `${message}, judging by a sample of the rows` : message;
        return { message: text, ...(setting === undefined ? {} : { fix: settingFix(name, value) }) };
    });
}

interface Examined {
    problems: readonly errors.Problem[];
    findings: Finding[];
    isPartial: boolean;
}

async function examine(
    files: ReturnType<typeof readLocalDataset>["files"],
    name: string,
    args: readonly string[],
    isNumbered: boolean,
): Promise<Examined> {
    // The trainer's code is loaded only if it is needed, because it takes a moment to compile.
    const { readChecked } = require("../../trainer/lib/check/check") as typeof check;
    const { readArguments } = require("../../trainer/lib/settings/arguments") as typeof settings;
    const { DataError, HyperparameterError } = require("../../trainer/lib/errors") as typeof errors;
    const parts = await Promise.all(
        files.map(async (file) => ({
            source: files.length > 1 ? `${name}/${file.fileName}` : name,
            content: await sampleFile(file.path, isNumbered, files.length),
        })),
    );
    const isPartial = parts.some(({ content }) => content.isPartial);
    try {
        const options = { print: () => undefined, isPartial };
        const { findings } = await readChecked(parts, name, readArguments(args), options);
        return { problems: [], findings, isPartial };
    } catch (error) {
        if (error instanceof DataError || error instanceof HyperparameterError) {
            return { problems: error.problems, findings: [], isPartial };
        }
        throw error;
    }
}

/** An issue with the stack config's key for one of the trainer's settings. */
function toIssue({ setting, text, fix }: errors.Problem, namespace: string, config: ConfigValues): Issue {
    if (setting === undefined) {
        return { sentence: text };
    }
    const name = setting.replace(/\[\d+\]$/, "");
    const key = name === "target" || name === "dropColumns" ? [name] : ["hyperparameters", name];
    const path = key as [string, ...string[]];
    const change: Fix = fix === undefined ? { remove: path } : settingFix(name, fix);
    if (name === "dropColumns") {
        // A wrong name is replaced or removed in place.
        const index = config.dropColumns.findIndex((column) => text.includes(`got ${JSON.stringify(column)}`));
        const entry = ["dropColumns", String(index)] as const;
        const corrected: Fix = "set" in change ? { set: entry, value: change.value } : { remove: entry };
        return { key: `${namespace}:dropColumns`, must: text, fix: corrected };
    }
    return { key: `${namespace}:${path.join(".")}`, must: text, fix: change };
}

/** The change to the stack config that sets one of the trainer's settings to a value given as text or JSON. */
function settingFix(name: string, value: string): Fix {
    const path: [string, ...string[]] =
        name === "target" || name === "dropColumns" ? [name] : ["hyperparameters", name];
    const parsed = /^[[{]/.test(value) ? (JSON.parse(value) as Record<string, unknown>) : undefined;
    const [entry, inner] = Object.entries(parsed ?? {})[0] ?? [];
    return entry === undefined ? { set: path, value } : { set: [...path, entry], value: String(inner) };
}

function hashOfChecks(): string {
    const files = readdirSync(CHECKS, { recursive: true, encoding: "utf8" }).filter((file) => /\.[jt]s$/.test(file));
    return hash(
        files
            .sort()
            .map((file) => readFileSync(path.join(CHECKS, file), "utf8"))
            .join("\0"),
    );
}

function hash(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}

function readCache(root: string): Record<string, Note[]> {
    try {
        return JSON.parse(readFileSync(path.join(root, CACHE), "utf8")) as Record<string, Note[]>;
    } catch {
        return {}; // Nothing has been checked yet, or the file is damaged.
    }
}

/** A cache that cannot be written only costs time. */
function writeCache(root: string, cache: Record<string, Note[]>): void {
    const file = path.join(root, CACHE);
    const fresh = `${file}.${process.pid}`;
    try {
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(fresh, JSON.stringify(Object.fromEntries(Object.entries(cache).slice(-MAX_CACHED))));
        renameSync(fresh, file);
    } catch {}
}
