import type { WaitContext } from "./clients";
import type { WaitOptions } from "./decide";
import { fatalError, messageOf } from "./errors";
import { runLayout } from "./layout";
import { readLogTail } from "./log-chunks";
import { runFailure, type Stall, stallFailure } from "./messages";
import type { RunStatus } from "./status";
import { failSweep } from "./sweep-watch";
import { saveWholeLog } from "./whole-log";

/** Maximum number of lines from the trainer's log in an error. */
const shownLines = 40;

/**
 * Returns the error for a run that ended as `FAILED` or `TIMED_OUT`. First uploads its complete log to the bucket.
 * @param isUp false if the machine is known to be down, so that there is no debug window.
 */
export async function failRun(
    context: WaitContext,
    options: WaitOptions,
    status: RunStatus,
    isUp = true,
): Promise<Error> {
    const { bucket } = context;
    if (options.sweep) {
        return failSweep(bucket, options.runId, status);
    }
    const tail = await readLogTail(bucket, options.runId, status.attempt, shownLines);
    let wholeLog = `gs://${bucket.bucket}/${runLayout(options.runId).log}**`;
    try {
        wholeLog = (await saveWholeLog(bucket, options.runId)) ?? wholeLog;
    } catch (error) {
        // This error is only printed, because the chunks still exist, and the run's failure is more important.
        context.print(`the whole log could not be assembled: ${messageOf(error)}`);
    }
    return fatalError(
        runFailure(context.engine, status, tail, wholeLog, isUp ? context.clock.now() : Number.POSITIVE_INFINITY),
    );
}

/** Returns the error for a machine that shows no sign of life. */
export async function failStalled({ engine }: WaitContext, options: WaitOptions, stall: Stall): Promise<Error> {
    let lines: string[];
    try {
        lines = await engine.log();
    } catch (error) {
        lines = [`(${engine.messages.logName} could not be read: ${messageOf(error)})`];
    }
    return fatalError(stallFailure(options.runId, engine, stall, lines));
}
