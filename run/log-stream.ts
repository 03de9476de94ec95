import type { BucketClient, Clock, Print } from "./clients";
import { logPrefix, planReading, toLogPieces, visibleLine } from "./log-pieces";

/** Follows a run's log and prints it as it comes. */
export interface LogStream {
    /**
     * Prints what is new of an attempt's log; a line without its end is held back. A later attempt than before first
     * ends the earlier one.
     * @returns true when there was anything new.
     */
    follow(attempt: number): Promise<boolean>;
    /** Prints the rest of an attempt's log, its last line complete or not. */
    finish(attempt: number): Promise<void>;
}

/** Splits bytes into complete lines and the rest, so that no character is cut. */
export function splitLines(held: Buffer, chunk: Buffer): { lines: string[]; held: Buffer } {
    const bytes = Buffer.concat([held, chunk]);
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
 * Prints 50 lines a second at most, where up to five seconds without a line count for later, and says how many it left
 * out: the newest lines are the ones shown.
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
            print(`... ${count} ${count === 1 ? "line" : "lines"} left out here; the whole log is at ${whereWhole}`);
        }
        for (const line of shown) {
            print(`| ${line}`);
        }
    };
}

/** Starts to follow the log of a run. Pieces are printed in order of attempt and offset, each byte once. */
export function createLogStream(bucket: BucketClient, runId: string, clock: Clock, print: Print): LogStream {
    // A line longer than this is printed in parts: a trainer that never ends its line must not fill the memory.
    const maxHeldBytes = 64 * 1024;
    const printLines = createLinePrinter(clock, print, `gs://${bucket.bucket}/${logPrefix(runId)}`);
    let current = 0;
    let nextByte = 0;
    let lastName: string | undefined;
    let held = Buffer.alloc(0);

    const read = async (isComplete: boolean) => {
        // Earlier pieces are not listed again; the last one is, since it may have grown.
        const objects = await bucket.list(logPrefix(runId, current), lastName);
        const plan = planReading(toLogPieces(runId, objects), nextByte, isComplete);
        const lines: string[] = [];
        let isNew = false;
        for (const { piece, skipBytes, missingBytes } of plan) {
            const content = await bucket.read(piece.object.name, piece.object.generation);
            if (content === undefined) {
                // Written over since the listing: the next look finds the new one.
                break;
            }
            if (missingBytes > 0) {
                lines.push(`[${missingBytes} bytes of the log are missing here]`);
            }
            const split = splitLines(held, content.subarray(skipBytes));
            held = Buffer.from(split.held);
            lines.push(...split.lines);
            if (held.length > maxHeldBytes) {
                lines.push(visibleLine(held.toString("utf8")));
                held = Buffer.alloc(0);
            }
            nextByte = piece.firstByte + content.length;
            lastName = piece.object.name;
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
