import type { BucketClient, Clock, Print } from "./clients";
import { formatUsd } from "./cost/estimate";
import { costOf, type RunPrice, type VmTime } from "./cost/run-cost";
import { fatalError } from "./errors";
import { pointRun, runLayout } from "./layout";
import { readLogTail } from "./log-chunks";
import type { LogStream } from "./log-stream";
import type { RunStatus } from "./status";
import { timeOfPoint } from "./sweep-results";
import { isDecided, isReused, readPoints, readRows, type SweepRow, type SweepRun } from "./sweep-rows";
import { terminalCell } from "./terminal-text";

/** Interval between two counts, so that a sweep of short points does not flood the terminal. */
const countEveryMs = 10_000;
/** Maximum number of failed points to list. */
const maxNamed = 20;
/** Number of failed points whose logs are shown in an error, and number of lines from each log. */
const shown = { points: 3, lines: 20 };

/** A point's outcome in a few words, such as `exit code 3`. */
function outcomeOf({ state, exitCode }: SweepRow): string {
    return state === "TIMED_OUT" ? "timed out" : exitCode === null ? "no exit code" : `exit code ${exitCode}`;
}

/** Renders a point's arguments on one line. */
function argumentsText(given: Record<string, unknown> | undefined): string {
    const text = Object.entries(given ?? {}).map(
        ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
    return terminalCell(text.join(", ")).slice(0, 200);
}

/** Follows a sweep, in place of a log: prints its counts, and each point that fails. */
export function createSweepStream(
    bucket: BucketClient,
    runId: string,
    { count, isArray }: SweepRun,
    clock: Clock,
    print: Print,
    price?: RunPrice,
): LogStream {
    const [one, many] = isArray ? ["task", "tasks"] : ["point", "points"];
    const named: Record<string, true> = {};
    let printedMs = Number.NEGATIVE_INFINITY;
    let printed = "";
    let beganMs = clock.now();
    let given: Record<string, Record<string, unknown>> | undefined;
    const times: Record<string, VmTime> = {};

    /** A clause about the cost of the points that are done. Only a point with several attempts needs a request. */
    const costSoFar = async (rows: SweepRow[]) => {
        if (price === undefined) {
            return "";
        }
        for (const row of rows.filter((each) => !isReused(each))) {
            const { log } = runLayout(pointRun(runId, row.point));
            const key = `${row.point} ${row.attempts}`;
            times[key] ??= timeOfPoint(runId, row, row.attempts > 1 ? await bucket.list(log) : []);
        }
        const { usd, isExample } = costOf(price, Object.values(times));
        return `; what is done cost ${formatUsd(usd)}${isExample ? " (example amounts from the emulator)" : ""}`;
    };
    const nameFailed = async (failed: SweepRow[]) => {
        const fresh = failed.filter((row) => !named[`${row.point} ${row.attempts}`]);
        for (const row of fresh) {
            if (Object.keys(named).length === maxNamed) {
                print(`run ${runId}: more ${many} have failed${isArray ? "" : "; the table will list them"}`);
            }
            if (Object.keys(named).length < maxNamed) {
                const points = (await readPoints(bucket, runId)) ?? [];
                given ??= Object.fromEntries(points.map((point) => [point.id, point.arguments]));
                const why = row.reason === null ? "" : `: ${terminalCell(row.reason)}`;
                const what = isArray ? "" : ` (${argumentsText(given[row.point])})`;
                print(`${one} ${row.point} failed${what}${why}`);
            }
            named[`${row.point} ${row.attempts}`] = true;
        }
    };
    const read = async (running: number | undefined, isLast: boolean) => {
        const rows = (await readRows(bucket, runId)).filter(isDecided);
        const failed = rows.filter(({ state }) => state !== "SUCCEEDED");
        const starts = rows.map(({ startedAt }) => Date.parse(startedAt ?? "")).filter(Number.isFinite);
        // A point that is reused has been trained before.
        const own = starts.filter((ms) => ms > beganMs - 14 * 24 * 3600_000);
        beganMs = own.reduce((first, ms) => Math.min(first, ms), beganMs);
        await nameFailed(failed);
        const retried = rows.filter(({ attempts }) => attempts > 1).length;
        const open = count - rows.length;
        const training = Math.min(open, running ?? 0);
        const parts = [
            `${rows.length} of ${count} ${many} are done`,
            ...(failed.length > 0 ? [`${failed.length} failed`] : []),
            ...(retried > 0 ? [`${retried} retried`] : []),
            ...(open > 0 ? [`${training} running`, `${open - training} waiting`] : []),
        ];
        const text = parts.join(", ");
        const isDue = isLast || clock.now() - printedMs >= countEveryMs;
        const isNew = text !== printed;
        if (isNew && isDue) {
            printed = text;
            printedMs = clock.now();
            const minutes = Math.round((clock.now() - beganMs) / 60_000);
            print(`run ${runId}: ${text}, ${minutes} min so far${await costSoFar(rows)}`);
        }
        return isNew;
    };
    return {
        follow: (_attempt, running) => read(running, false),
        hasNext: async () => false,
        finish: async () => {
            await read(undefined, true);
        },
    };
}

/** The error for a sweep that has failed, with the first failed points and the ends of their logs. */
export async function failSweep(bucket: BucketClient, runId: string, status: RunStatus): Promise<Error> {
    const failed = (await readRows(bucket, runId)).filter((row) => isDecided(row) && row.state !== "SUCCEEDED");
    const points = (await readPoints(bucket, runId)) ?? [];
    const isArray = points.length > 0 && !points[0]?.id.startsWith("p-");
    const lines: string[] = [];
    for (const row of failed.slice(0, shown.points)) {
        const { log } = runLayout(pointRun(runId, row.point));
        const why = row.reason === null ? "" : ` ${terminalCell(row.reason)}`;
        const name = isArray ? `task ${row.point}` : `${row.point} (${argumentsText(points[row.index]?.arguments)})`;
        lines.push(`${name}, ${outcomeOf(row)}:${why}`);
        lines.push(...(await readLogTail(bucket, pointRun(runId, row.point), row.attempts, shown.lines)));
        lines.push(`The whole log: gcloud storage cat gs://${bucket.bucket}/${log}**`);
    }
    const more = failed.length - shown.points;
    const reason = terminalCell(status.reason ?? "no reason was given");
    const summary = `Run ${runId}, attempt ${status.attempt}, failed: ${reason}`;
    const table = `The table of all points: gcloud storage cat gs://${bucket.bucket}/${runLayout(runId).tableCsv}`;
    return fatalError({
        summary,
        ...(lines.length > 0
            ? { log: { heading: `The first ${isArray ? "tasks" : "points"} that failed:`, lines } }
            : {}),
        details: [...(more > 0 ? [`${more} more failed.`] : []), ...(isArray ? [] : [table])],
        hints: { next: `\`pulumi up\` repeats only the ${isArray ? "tasks" : "points"} that have not succeeded.` },
    });
}
