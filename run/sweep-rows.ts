import type { BucketClient, StoredObject } from "./clients";
import { runLayout } from "./layout";
import { parseObject } from "./status";

/** The waiter's information about a sweep. The points with their arguments are in the bucket. */
export interface SweepRun {
    /** Number of points. */
    count: number;
    /** True for an array, whose points are identical tasks. */
    isArray?: boolean | undefined;
    /** The metric by which the best point is chosen; `""` for none. */
    metric: string;
    goal: string;
}

/** A point of a sweep. */
export interface SweepPoint {
    /** `p-` and ten hex digits; for a task of an array, its index. */
    id: string;
    /** The hyperparameters by which the points differ. */
    arguments: Record<string, unknown>;
}

/** The outcome of a point, as one row of the sweep's table. */
export interface SweepRow {
    /** The point's position in the sweep. */
    index: number;
    point: string;
    /** `PENDING` for a failed point that will be retried. */
    state: string;
    exitCode: number | null;
    metric: number | null;
    attempts: number;
    startedAt: string | null;
    finishedAt: string | null;
    seconds: number;
    reason: string | null;
}

/** True for a row whose point has ended, whether or not it has succeeded. */
export function isDecided({ state }: SweepRow): boolean {
    return state === "SUCCEEDED" || state === "FAILED" || state === "TIMED_OUT";
}

/** True for a point that an earlier run trained. */
export function isReused({ reason }: Pick<SweepRow, "reason">): boolean {
    return reason?.startsWith("Reused from run ") === true;
}

/** Renders a row as boot/sweep.sh does: tab-separated fields, with `-` for an empty one. */
export function renderRow(row: SweepRow): string {
    const fields = [row.index, row.point, row.state, row.exitCode, row.metric, row.attempts, row.startedAt];
    fields.push(row.finishedAt, row.seconds, JSON.stringify(row.reason));
    const line = fields.map((field) => (field === null ? "-" : String(field))).join("\t");
    const bytes = Buffer.byteLength(line) + 1;
    // A multiple of three bytes, so that concatenated rows in base64 remain valid.
    return `${line}${" ".repeat((3 - (bytes % 3)) % 3)}\n`;
}

/** The content, the precondition and the metadata of a row's object. */
export function rowObject(row: SweepRow, ifGeneration: string): [string, string, { row: string }] {
    const content = renderRow(row);
    return [content, ifGeneration, { row: Buffer.from(content).toString("base64") }];
}

/** Parses a row; undefined for any other text. */
export function parseRow(text: string): SweepRow | undefined {
    const [index, point = "", state = "", exitCode, metric, attempts, startedAt, finishedAt, seconds, reason = ""] =
        text.trimEnd().split("\t");
    if (!/^\d{1,6}$/.test(index ?? "") || !/^(p-[0-9a-f]{10}|\d{1,6})$/.test(point) || !/^[A-Z_]+$/.test(state)) {
        return undefined;
    }
    const numberIn = (field: string | undefined) => (Number.isFinite(Number(field)) ? Number(field) : null);
    const textIn = (field: string | undefined) => (field === undefined || field === "-" ? null : field);
    const parsed = parseObject(`{"reason":${reason}}`)?.reason;
    return {
        index: Number(index),
        point,
        state,
        exitCode: numberIn(exitCode),
        metric: numberIn(metric),
        attempts: numberIn(attempts) ?? 1,
        startedAt: textIn(startedAt),
        finishedAt: textIn(finishedAt),
        seconds: numberIn(seconds) ?? 0,
        reason: typeof parsed === "string" ? parsed : null,
    };
}

/** Reads a sweep's rows, in the order of the points, with one request per thousand points. */
export async function readRows(bucket: BucketClient, runId: string): Promise<(SweepRow & { object: StoredObject })[]> {
    const objects = await bucket.list(runLayout(runId).rows);
    return objects.flatMap((object) => {
        const row = parseRow(Buffer.from(object.row ?? "", "base64").toString("utf8"));
        return row === undefined ? [] : [{ ...row, object }];
    });
}

/** Reads a sweep's points; undefined for a run that is not a sweep. */
export async function readPoints(bucket: BucketClient, runId: string): Promise<SweepPoint[] | undefined> {
    const object = await bucket.stat(runLayout(runId).pointList);
    const content = object && (await bucket.read(object));
    const { points } = parseObject(`{"points":${content?.toString("utf8")}}`) ?? {};
    return Array.isArray(points) ? (points as SweepPoint[]) : undefined;
}

/** The indexes of the points that have no outcome yet. */
export async function undecidedPoints(bucket: BucketClient, runId: string, count: number): Promise<number[]> {
    const decided = new Set((await readRows(bucket, runId)).filter(isDecided).map(({ index }) => index));
    return Array.from({ length: count }, (_, index) => index).filter((index) => !decided.has(index));
}

/** Renders ascending indexes as ranges, such as `3,7-9`. */
export function renderRanges(indexes: readonly number[]): string {
    const ranges: [first: number, last: number][] = [];
    for (const index of indexes) {
        const range = ranges.at(-1);
        if (range?.[1] === index - 1) {
            range[1] = index;
        } else {
            ranges.push([index, index]);
        }
    }
    return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(",");
}
