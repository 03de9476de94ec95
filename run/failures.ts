import type { WaitContext } from "./clients";
import type { WaitOptions } from "./decide";
import { fatalError, messageOf } from "./errors";
import { runLayout } from "./layout";
import { lastLines, readLogTail } from "./log-chunks";
import { runFailure, type Stall, stallFailure } from "./messages";
import type { RunStatus } from "./status";
import { saveWholeLog } from "./whole-log";

/** Number of lines from the trainer's log and from the serial port that an error shows. */
const shownLines = 40;

/** Returns the error for a run that ended as `FAILED` or `TIMED_OUT`. First uploads its complete log to the bucket. */
export async function failRun(context: WaitContext, options: WaitOptions, status: RunStatus): Promise<Error> {
    const { bucket } = context;
    const tail = await readLogTail(bucket, options.runId, status.attempt, shownLines);
    let wholeLog = `gs://${bucket.bucket}/${runLayout(options.runId).log}**`;
    try {
        wholeLog = (await saveWholeLog(bucket, options.runId)) ?? wholeLog;
    } catch (error) {
        // This error is only printed, because the chunks still exist, and the run's failure is more important.
        context.print(`the whole log could not be assembled: ${messageOf(error)}`);
    }
    return fatalError(runFailure(options, status, tail, wholeLog, options.debugMinutes, context.clock.now()));
}

/** Returns the error for a VM that shows no sign of life. */
export async function failStalled(context: WaitContext, options: WaitOptions, stall: Stall): Promise<Error> {
    let serialLines: string[];
    try {
        serialLines = lastLines(await context.vm.serialOutput(), shownLines);
    } catch (error) {
        serialLines = [`(the serial port could not be read: ${messageOf(error)})`];
    }
    return fatalError(stallFailure(options, stall, serialLines, options.onPrivateSubnetwork));
}
