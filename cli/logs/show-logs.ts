import { type BucketClient, type Clock, systemClock } from "../../run/clients";
import { pointRun } from "../../run/layout";
import { endedMessage, stateMessage } from "../../run/messages";
import { patientBucket } from "../../run/patient-bucket";
import { runIdsIn } from "../../run/run-ids";
import { isTerminal, type RunStatus } from "../../run/status";
import { readPoints } from "../../run/sweep-rows";
import { readStatus, type SeenStatus } from "../../run/transitions";
import { readArguments } from "../shared/arguments";
import type { CommandContext } from "../shared/command-context";
import { newestFirst, readStatuses } from "../shared/stored-runs/statuses";
import { STACK_OPTIONS, STACK_USAGE, withBucket } from "../shared/stored-runs/with-bucket";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";
import { LogReader } from "./log-reader";

const USAGE = `${commandLine("logs")} prints the log of a run from the stack's bucket, during the run and afterwards. Every attempt has a heading.

Usage: ${commandLine("logs", "[options]")}

  -f, --follow        waits for more lines until the run ends; any number of terminals can follow a run
  --run ID            the run; default: the newest one, or the one that pulumi up is waiting for (${commandLine("runs")})
  --point ID          the point of a sweep, such as p-0123456789; sweep.csv lists them
  --task NUMBER       the task of an array, or the point of a sweep, by its number, from 0
${STACK_USAGE}

Lines longer than 1000 characters are cut; ${commandLine("results")} downloads the whole log.`;

const OPTIONS = {
    follow: { type: "boolean", short: "f" },
    run: { type: "string" },
    point: { type: "string" },
    task: { type: "string" },
    ...STACK_OPTIONS,
} as const;

/** The interval at which `--follow` reads the bucket. */
const POLL_MS = 1000;

/**
 * Implements `npm run logs`.
 *
 * @returns the exit status
 * @throws UsageError for a problem with the command line, the stack, the bucket, the run or credentials
 */
export async function showLogs(args: string[], context: CommandContext, clock: Clock = systemClock()): Promise<number> {
    const { print } = context;
    const { values } = readArguments(args, { help: commandLine("logs", "--help"), options: OPTIONS });
    if (values.help) {
        print(USAGE);
        return 0;
    }
    const isFollowing = values.follow === true;
    return withBucket(values, context, async (opened, { waitedFor }) => {
        const bucket = isFollowing ? patientBucket(opened, clock, print) : opened;
        const runId = await chooseRun(bucket, values.run, waitedFor);
        if (runId !== undefined) {
            await printLog(bucket, await choosePoint(bucket, runId, values), { isFollowing, print, clock });
            return 0;
        }
        if (!isFollowing) {
            print(`gs://${bucket.bucket} has no runs yet (npx pulumi up)`);
            return 0;
        }
        print(`gs://${bucket.bucket} has no runs yet; waiting for the first one`);
        for (;;) {
            await clock.sleep(POLL_MS);
            const first = await chooseRun(bucket, undefined, undefined);
            if (first !== undefined) {
                await printLog(bucket, first, { isFollowing, print, clock });
                return 0;
            }
        }
    });
}

/** @throws UsageError if the requested run does not exist */
async function chooseRun(
    bucket: BucketClient,
    requested: string | undefined,
    waitedFor: string | undefined,
): Promise<string | undefined> {
    const runIds = await runIdsIn(bucket);
    if (requested !== undefined && requested !== waitedFor && !runIds.includes(requested)) {
        const others = runIds.length > 0 ? `it has ${runIds.join(", ")}` : "it has none yet";
        throw new UsageError(`gs://${bucket.bucket} has no run ${requested}; ${others} (${commandLine("runs")})`);
    }
    if (requested !== undefined) {
        return requested;
    }
    const statuses = newestFirst(await readStatuses(bucket, runIds));
    // A command that was killed leaves its run in the stack's state, even after the run has ended.
    const waited = statuses.find(({ runId }) => runId === waitedFor);
    const isOver = waited !== undefined && isTerminal(waited.state);
    return waitedFor !== undefined && !isOver ? waitedFor : (statuses[0]?.runId ?? runIds[0]);
}

/**
 * Returns the run of the requested point, or the run itself if no point is requested.
 *
 * @throws UsageError if the run is not a sweep or does not have this point
 */
async function choosePoint(
    bucket: BucketClient,
    runId: string,
    { point, task }: { point?: string; task?: string },
): Promise<string> {
    if (point === undefined && task === undefined) {
        return runId;
    }
    const points = await readPoints(bucket, runId);
    if (points === undefined) {
        throw new UsageError(
            `The run ${runId} is neither a sweep nor an array, so it has no points (${commandLine("logs", `--run ${runId}`)})`,
        );
    }
    const found = points.find(({ id }, index) => (point === undefined ? String(index) === task : id === point));
    if (found === undefined) {
        const option = point === undefined ? "--task" : "--point";
        const allowed =
            point === undefined ? `a number from 0 to ${points.length - 1}` : `one such as ${points[0]?.id}`;
        throw new UsageError(
            `${option} must be ${allowed}; got "${point ?? task}", which the run ${runId} does not have (${commandLine("logs", "--task 0")})`,
        );
    }
    return pointRun(runId, found.id);
}

async function printLog(
    bucket: BucketClient,
    runId: string,
    { isFollowing, print, clock }: { isFollowing: boolean; print: (line: string) => void; clock: Clock },
): Promise<void> {
    const reader = new LogReader(bucket, runId, print);
    let seen: SeenStatus | undefined;
    let shown: RunStatus | undefined;
    for (let isFirst = true; ; isFirst = false) {
        seen = await readStatus(bucket, runId, seen);
        const status = seen?.status;
        const isOver = status !== undefined && isTerminal(status.state);
        if (status) {
            await reader.read(status.attempt, isOver || !isFollowing);
            if (status.state !== shown?.state || status.attempt !== shown.attempt) {
                print(isOver && isFirst ? endedMessage(status) : stateMessage(status));
            }
            shown = status;
        } else if (isFirst) {
            print(`run ${runId} has not started yet${isFollowing ? "; waiting for its VM" : ""}`);
        }
        if (isOver || !isFollowing) {
            return;
        }
        await clock.sleep(POLL_MS);
    }
}
