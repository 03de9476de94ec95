import type { BucketClient, Clock, Print } from "./clients";
import { runLayout } from "./layout";
import { planChunks, toLogChunks, visibleLine } from "./log-chunks";

/** Follows a run's log and prints it as it arrives. */
export interface LogStream {
    /**
     * Prints the new lines of an attempt's log; an unfinished line is held back. When the attempt changes, the rest of
     * the previous attempt's log is printed first.
     * @returns true if anything was new.
     */
    follow(attempt: number): Promise<boolean>;
    /** Prints the rest of an attempt's log, including an unfinished last line. */
    finish(attempt: number): Promise<void>;
}

/** Splits bytes into complete lines and the rest, which may end inside a character. */
export function splitLines(held: Buffer, added: Buffer): { lines: string[]; held: Buffer } {
    const bytes = Buffer.concat([held, added]);
    const end = bytes.lastIndexOf(0x0a) + 1;
    const lines =
        end === 0
            ? []
            : bytes
                  .subarray(0, end - 1)
                  .toString("utf8")
                  .split("\n");
    return { lines: lines.map(visibleLine), held: bytes.subarray(end) };
}

/**
 * Prints at most 50 lines a second and counts those it omits; the newest ones are shown. After an idle period, up to
 * five seconds' worth of lines may be printed at once.
 */
export function createLinePrinter(clock: Clock, print: Print, whereWhole: string): (lines: string[]) => void {
    const linesPerSecond = 50;
    let allowance = linesPerSecond;
    let countedAt = clock.now();
    return (lines) => {
        const earned = ((clock.now() - countedAt) / 1000) * linesPerSecond;
        allowance = Math.min(5 * linesPerSecond, allowance + earned);
        countedAt = clock.now();
        const shown = lines.slice(Math.max(0, lines.length - Math.floor(allowance)));
        allowance -= shown.length;
        if (shown.length < lines.length) {
            const count = lines.length - shown.length;
            print(`... ${count} ${count === 1 ? "line" : "lines"} omitted here; the whole log is at ${whereWhole}`);
        }
        for (const line of shown) {
            print(`| ${line}`);
        }
    };
}

/**
 * Starts following the log of a run. Chunks are printed in order of attempt and offset, with each byte printed once.
 */
export function createLogStream(bucket: BucketClient, runId: string, clock: Clock, print: Print): LogStream {
    // A longer line is printed in parts, because a trainer that never ends its line must not fill the memory.
    const maxHeldBytes = 64 * 1024;
    const at = runLayout(runId);
    const printLines = createLinePrinter(clock, print, `gs://${bucket.bucket}/${at.log}`);
    let current = 0;
    let nextByte = 0;
    let lastName: string | undefined;
    let held = Buffer.alloc(0);

    const read = async (isComplete: boolean) => {
        // Earlier chunks are not listed again; the last one is, because it may have grown.
        const objects = await bucket.list(at.attemptLog(current), lastName);
        const plan = planChunks(toLogChunks(runId, objects), nextByte, isComplete);
        const lines: string[] = [];
        let isNew = false;
        for (const { chunk, skipBytes, missingBytes } of plan) {
            const content = await bucket.read(chunk.object);
            if (content === undefined) {
                // The chunk was overwritten after the listing; the next poll finds the new one.
                break;
            }
            if (missingBytes > 0) {
                lines.push(`[${missingBytes} bytes of the log are missing here]`);
            }
            const split = splitLines(held, content.subarray(skipBytes));
            held = Buffer.from(split.held);
            // This does not use spread syntax, because a chunk may have more lines than a call may have arguments.
            for (const line of split.lines) {
                lines.push(line);
            }
            if (held.length > maxHeldBytes) {
                lines.push(visibleLine(held.toString("utf8")));
                held = Buffer.alloc(0);
            }
            nextByte = chunk.firstByte + content.length;
            lastName = chunk.object.name;
            isNew = true;
        }
        if (isComplete && held.length > 0) {
            lines.push(visibleLine(held.toString("utf8")));
            held = Buffer.alloc(0);
        }
        printLines(lines);
        return isNew;
    };
    const moveTo = async (attempt: number) => {
        if (current === attempt) {
            return;
        }
        if (current > 0 && attempt > current) {
            await read(true);
        }
        current = attempt;
        nextByte = 0;
        lastName = undefined;
        held = Buffer.alloc(0);
    };

    return {
        follow: async (attempt) => {
            await moveTo(attempt);
            return read(false);
        },
        finish: async (attempt) => {
            await moveTo(attempt);
            await read(true);
        },
    };
}
