import { parseEarlierName } from "./earlier-attempts";
import { readRegularFile } from "./files";
import { ownFiles } from "./layout";
import { readMetrics } from "./metrics";
import { parseObject } from "./status";

/** A run whose results are on this machine, with everything that distinguishes it from others. */
export interface SavedRun {
    /** The name of its folder: the run's id or, for an earlier attempt, the id and a time. */
    id: string;
    /** The name that the config gave it. */
    name: string | null;
    state: string;
    reason: string | null;
    attempt: number | null;
    startedAt: string | null;
    finishedAt: string | null;
    seconds: number | null;
    /** Cost of all attempts in US dollars, if the machine's price was known. */
    costUsd: number | null;
    /** The same for a run on an emulator, whose prices are examples. */
    exampleCostUsd: number | null;
    /** `gs://` URI. */
    dataset: string | null;
    /** MD5 or CRC32C in base64. */
    datasetHash: string | null;
    /** `sha256:...` */
    image: string | null;
    machine: string | null;
    /** `standard` or `spot`. */
    provisioning: string | null;
    /** Hyperparameters, target and dropped columns, as text. */
    parameters: Record<string, string>;
    /** The numbers in its `metrics.json`. */
    metrics: Record<string, number>;
    hasReport: boolean;
}

/** Reads the runs in a stack's results folder, oldest first. Other files and folders are ignored. */
export async function readSavedRuns(folder: string): Promise<SavedRun[]> {
    const { readdir } = require("node:fs/promises") as typeof import("node:fs/promises");
    const names = await readdir(folder).catch(() => [] as string[]);
    const runs: SavedRun[] = [];
    for (const name of names.filter((each) => /^r-[0-9a-f]{10}$/.test(each) || parseEarlierName(each))) {
        const run = await readSavedRun(folder, name);
        runs.push(...(run ? [run] : []));
    }
    return runs.sort((a, b) => order(a).localeCompare(order(b)));
}

function order({ startedAt, id }: SavedRun): string {
    return `${startedAt ?? ""} ${id}`;
}

async function readSavedRun(folder: string, id: string): Promise<SavedRun | undefined> {
    const { lstat } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { join } = require("node:path") as typeof import("node:path");
    const maxBytes = 16 * 1024 * 1024;
    const read = async (name: string) =>
        parseObject((await readRegularFile(join(folder, id, name), maxBytes))?.toString("utf8") ?? "");
    const status = endedStatus(await read(ownFiles.status));
    const manifest = await read(ownFiles.manifest);
    if (status === undefined && manifest === undefined) {
        return undefined;
    }
    const report = await lstat(join(folder, id, "report.html")).catch(() => undefined);
    const metrics = await readMetrics(join(folder, id));
    return describeRun(id, { status, manifest, metrics, hasReport: report?.isFile() === true });
}

/** A saved status no longer changes, so a run that had not ended when it was saved was interrupted. */
function endedStatus(status: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
    const hasEnded = !["PENDING", "PULLING", "RUNNING"].includes(textIn(status?.state) ?? "");
    return hasEnded ? status : { ...status, state: "INTERRUPTED", reason: "it had not ended when it was saved" };
}

/** The files that describe a run, parsed; undefined if the run does not have them. */
export interface RunFiles {
    status?: Record<string, unknown> | undefined;
    manifest?: Record<string, unknown> | undefined;
    metrics?: Record<string, unknown> | undefined;
    hasReport: boolean;
}

/** Describes a run by its files. */
export function describeRun(id: string, { status, manifest, metrics, hasReport }: RunFiles): SavedRun {
    const dataset = objectIn(manifest?.dataset);
    const machine = objectIn(manifest?.machine);
    const startedAt = textIn(status?.startedAt) ?? textIn(objectIn(manifest?.timings).startedAt);
    const finishedAt = textIn(status?.finishedAt) ?? textIn(objectIn(manifest?.timings).finishedAt);
    const { usd, isExample } = objectIn(manifest?.cost);
    const costIf = (fits: boolean) => (typeof usd === "number" && fits ? usd : null);
    const seconds = (Date.parse(finishedAt ?? "") - Date.parse(startedAt ?? "")) / 1000;
    return {
        id,
        name: textIn(manifest?.runName),
        state: textIn(status?.state) ?? textIn(manifest?.state) ?? "-",
        reason: textIn(status?.reason),
        attempt: typeof status?.attempt === "number" ? status.attempt : null,
        startedAt,
        finishedAt,
        seconds: Number.isFinite(seconds) ? seconds : null,
        costUsd: costIf(isExample !== true),
        exampleCostUsd: costIf(isExample === true),
        dataset: textIn(dataset.uri),
        datasetHash: textIn(dataset.md5Hash) ?? textIn(dataset.crc32c),
        image: textIn(manifest?.imageDigest),
        machine: textIn(machine.type),
        provisioning: textIn(machine.provisioning),
        parameters: parametersIn(manifest ?? {}),
        metrics: numbersIn(metrics ?? objectIn(manifest?.metrics)),
        hasReport,
    };
}

/** Hyperparameters, target and dropped columns in a manifest, as the trainer receives them. */
function parametersIn(manifest: Record<string, unknown>): Record<string, string> {
    const { target, dropColumns } = manifest;
    const values = {
        ...objectIn(manifest.hyperparameters),
        ...(typeof target === "string" && target !== "" ? { target } : {}),
        ...(Array.isArray(dropColumns) && dropColumns.length > 0 ? { dropColumns } : {}),
    };
    return Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
            name,
            typeof value === "string" ? value : JSON.stringify(value),
        ]),
    );
}

/** The numbers at the top level of metrics, except those that describe their format. */
function numbersIn(metrics: Record<string, unknown>): Record<string, number> {
    const isNumber = ([name, value]: [string, unknown]) =>
        typeof value === "number" && Number.isFinite(value) && !["schema", "seed"].includes(name);
    return Object.fromEntries(Object.entries(metrics).filter(isNumber)) as Record<string, number>;
}

/** The names of parameters that are not the same in all runs. */
export function differingParameters(runs: readonly Pick<SavedRun, "parameters">[]): string[] {
    const names = [...runs.flatMap(({ parameters }) => Object.keys(parameters))].sort();
    const differs = (name: string) => runs.some(({ parameters }) => parameters[name] !== runs[0]?.parameters[name]);
    return names.filter((name, index) => names.indexOf(name) === index && differs(name));
}

function objectIn(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function textIn(value: unknown): string | null {
    return typeof value === "string" ? value : null;
}
