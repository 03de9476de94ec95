import { finalError, messageOf } from "./errors";
import { lastLines, logPrefix, readLogTail } from "./log-pieces";
import { failureMessage, shownLines, stallMessage } from "./messages";
import type { RunStatus } from "./status";
import type { WaitContext, WaitOptions } from "./wait";
import { saveWholeLog } from "./whole-log";

/** The error for a run that ended as `FAILED` or `TIMED_OUT`. Its whole log is put into the bucket first. */
export async function failRun(context: WaitContext, options: WaitOptions, status: RunStatus): Promise<Error> {
    const { bucket } = context;
    const tail = await readLogTail(bucket, options.runId, status.attempt, shownLines);
    let wholeLog = `gs://${bucket.bucket}/${logPrefix(options.runId)}**`;
    try {
        wholeLog = (await saveWholeLog(bucket, options.runId)) ?? wholeLog;
    } catch (error) {
        // The pieces are still there, and the failure itself matters more.
        context.print(`the whole log could not be put together: ${messageOf(error)}`);
    }
    const nowMs = context.clock.now();
    return finalError(failureMessage(options, status, tail, wholeLog, options.debugMinutes, nowMs));
}

/** The error for a VM from which nothing comes. */
export async function failStalled(
    context: WaitContext,
    options: WaitOptions,
    what: "silent" | "unclaimed" | "off",
): Promise<Error> {
    let serialLines: string[];
    try {
        serialLines = lastLines(await context.vm.serialOutput(), shownLines);
    } catch (error) {
        serialLines = [`(the serial port could not be read: ${messageOf(error)})`];
    }
    return finalError(stallMessage(options, what, serialLines, options.onPrivateSubnetwork));
}
