import type { WaitContext } from "./clients";
import type { WaitOptions } from "./decide";
import { fatalError, messageOf } from "./errors";
import { runLayout } from "./layout";
import { lastLines, readLogTail } from "./log-chunks";
import { runFailure, type Stall, stallFailure } from "./messages";
import type { RunStatus } from "./status";
import { saveWholeLog } from "./whole-log";

/** Lines of the trainer's log, and of the serial port, that an error shows. */
const shownLines = 40;

/** The error for a run that ended as `FAILED` or `TIMED_OUT`. Puts its whole log into the bucket first. */
export async function failRun(context: WaitContext, options: WaitOptions, status: RunStatus): Promise<Error> {
    const { bucket } = context;
    const tail = await readLogTail(bucket, options.runId, status.attempt, shownLines);
    let wholeLog = `gs://${bucket.bucket}/${runLayout(options.runId).log}**`;
    try {
        wholeLog = (await saveWholeLog(bucket, options.runId)) ?? wholeLog;
    } catch (error) {
        // The chunks are still there, and the failure itself matters more.
        context.print(`the whole log could not be assembled: ${messageOf(error)}`);
    }
    return fatalError(runFailure(options, status, tail, wholeLog, options.debugMinutes, context.clock.now()));
}

/** The error for a VM that gives no sign of life. */
export async function failStalled(context: WaitContext, options: WaitOptions, stall: Stall): Promise<Error> {
    let serialLines: string[];
    try {
        serialLines = lastLines(await context.vm.serialOutput(), shownLines);
    } catch (error) {
        serialLines = [`(the serial port could not be read: ${messageOf(error)})`];
    }
    return fatalError(stallFailure(options, stall, serialLines, options.onPrivateSubnetwork));
}
