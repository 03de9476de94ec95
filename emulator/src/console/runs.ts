import { text } from "node:stream/consumers";
import type { StorageService } from "../storage/service";
import { type Html, html, type Part } from "./html";

/** A training run in a bucket, in the layout of gcp-trainer: `runs/<id>/status.json` and the objects next to it. */
export interface ConsoleRun {
    readonly bucket: string;
    readonly id: string;
    readonly state: string;
    readonly attempt: number | undefined;
    readonly startedAt: string | undefined;
    readonly finishedAt: string | undefined;
    readonly reason: string | undefined;
    /** The numbers in `metrics.json`. */
    readonly metrics: readonly (readonly [name: string, value: number])[];
    /** The end of the newest attempt's log. */
    readonly log: string;
    /** Names of the objects in `model/`, relative to it. */
    readonly files: readonly string[];
}

const OWNER = { kind: "owner" } as const;
const STATUS = /^runs\/([a-z0-9][a-z0-9-]{0,62})\/status\.json$/;
/** Maximum number of bytes to read from an object. A larger one is not what its name suggests. */
const MAX_BYTES = 1024 * 1024;
const LOG_BYTES = 16 * 1024;
const MAX_METRICS = 12;

/** Reads the runs in all buckets, newest first. */
export async function readConsoleRuns(storage: StorageService): Promise<ConsoleRun[]> {
    const runs: ConsoleRun[] = [];
    for (const { name: bucket } of storage.buckets.all()) {
        const live = storage.objects.all(OWNER, bucket).filter(({ timeDeleted }) => timeDeleted === undefined);
        for (const { name } of live) {
            const id = STATUS.exec(name)?.[1];
            if (id !== undefined) {
                runs.push(
                    await readRun(
                        storage,
                        bucket,
                        id,
                        live.map((object) => object.name),
                    ),
                );
            }
        }
    }
    return runs.sort((a, b) => ((a.startedAt ?? "") < (b.startedAt ?? "") ? 1 : -1));
}

async function readRun(storage: StorageService, bucket: string, id: string, names: string[]): Promise<ConsoleRun> {
    const root = `runs/${id}/`;
    const model = `${root}model/`;
    const status = parseObject(await readEnd(storage, bucket, `${root}status.json`));
    const hasMetrics = names.includes(`${model}metrics.json`);
    const metrics = hasMetrics ? parseObject(await readEnd(storage, bucket, `${model}metrics.json`)) : {};
    const attempt = typeof status.attempt === "number" ? status.attempt : undefined;
    const chunks = names.filter((name) => name.startsWith(`${root}log/${attempt}/`)).sort();
    const ends = await Promise.all(chunks.slice(-4).map((name) => readEnd(storage, bucket, name, LOG_BYTES)));
    const textOf = (value: unknown) => (typeof value === "string" ? value : undefined);
    return {
        bucket,
        id,
        state: textOf(status.state) ?? "unknown",
        attempt,
        startedAt: textOf(status.startedAt),
        finishedAt: textOf(status.finishedAt),
        reason: textOf(status.reason),
        metrics: Object.entries(metrics)
            .filter((entry): entry is [string, number] => typeof entry[1] === "number" && entry[0] !== "schema")
            .slice(0, MAX_METRICS),
        log: visible(ends.join("").slice(-LOG_BYTES)),
        files: names.filter((name) => name.startsWith(model)).map((name) => name.slice(model.length)),
    };
}

/** The end of an object's text; empty if the object is gone. */
async function readEnd(storage: StorageService, bucket: string, name: string, bytes = MAX_BYTES): Promise<string> {
    try {
        const { blob } = storage.objects.get(OWNER, { bucket, name });
        return await text(await storage.blobs.read(blob.id, Math.max(0, blob.size - bytes)));
    } catch {
        // The object was replaced or deleted in the meantime.
        return "";
    }
}

/** Shows only the latest state of a progress bar, as a terminal does. */
function visible(log: string): string {
    return log
        .split("\n")
        .map((line) => line.replace(/\r+$/, "").replace(/^.*\r/s, ""))
        .join("\n");
}

function parseObject(json: string): Record<string, unknown> {
    try {
        const value: unknown = JSON.parse(json);
        return typeof value === "object" && value !== null ? { ...value } : {};
    } catch {
        return {};
    }
}

/** The content of a run's entry on the page. */
export function describeRun(run: ConsoleRun): { summary: Html; body: Html; isActive: boolean } {
    const isActive = !["SUCCEEDED", "FAILED", "TIMED_OUT"].includes(run.state);
    const kind = run.state === "SUCCEEDED" ? "good" : isActive ? "busy" : "bad";
    const at = (name: string) =>
        `bucket=${encodeURIComponent(run.bucket)}&name=${encodeURIComponent(`runs/${run.id}/model/${name}`)}`;
    const link = (path: string, label: string, name: string): Html =>
        html`<a href="${path}?${at(name)}" target="_blank" rel="noopener">${label}</a>`;
    const report = run.files.includes("report.html") ? [link("/console/report", "Report", "report.html"), " "] : [];
    const files: Part[] = run.files.flatMap((name) => [link("/console/object", name, name), " "]);
    const [first] = run.metrics;
    const note = [
        run.attempt === undefined ? "" : `attempt ${run.attempt}`,
        progress(run),
        first === undefined ? "" : `${first[0]} ${shown(first[1])}`,
    ];
    const metrics = run.metrics.map(
        ([name, value]) => html`<tr><td>${name}</td><td class="number">${shown(value)}</td></tr>`,
    );
    return {
        isActive,
        summary: html`<h3>${run.id}</h3><span class="chip ${kind}">${run.state}</span><span class="note">${note.filter(Boolean).join(", ")}</span>`,
        body: html`${run.reason !== undefined && html`<p>${run.reason}</p>`}${run.files.length > 0 && html`<p>${report}${files}</p>`}${metrics.length > 0 && html`<table>${metrics}</table>`}<pre id="log-${run.bucket}-${run.id}">${run.log === "" ? "(the trainer has printed nothing yet)" : run.log}</pre>`,
    };
}

function progress({ startedAt, finishedAt }: ConsoleRun): string {
    const from = Date.parse(startedAt ?? "");
    const to = finishedAt === undefined ? Date.now() : Date.parse(finishedAt);
    const seconds = Math.max(0, Math.round((to - from) / 1000));
    return Number.isNaN(seconds) ? "" : `${finishedAt === undefined ? "for" : "took"} ${seconds} s`;
}

function shown(value: number): string {
    return value.toLocaleString("en-US", { maximumSignificantDigits: 5 });
}
