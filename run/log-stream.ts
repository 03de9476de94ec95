import type { BucketClient, Clock, Print } from "./clients";
import { runLayout } from "./layout";
import { planChunks, toLogChunks, visibleLine } from "./log-chunks";

/** Follows a run's log and prints it as it arrives. */
export interface LogStream {
    /**
     * Prints the new lines in an attempt's log. An unfinished line is held back, except for the state of a progress
     * bar. When the attempt changes, the rest of the previous attempt's log is printed first.
     * @param running number of tasks that are running, which only a sweep shows.
     * @returns true if anything was new.
     */
    follow(attempt: number, running?: number): Promise<boolean>;
    /** True if the next chunk of the attempt that is being followed has arrived. */
    hasNext(): Promise<boolean>;
    /** Prints the rest of an attempt's log, including an unfinished last line. */
    finish(attempt: number): Promise<void>;
}

/** Lines from a log. Only the newest ones are kept, because a trainer may print millions between two polls. */
export interface NewLines {
    /** The newest lines, at most 250. */
    readonly newest: readonly string[];
    /** Number of earlier lines, which are not kept. */
    readonly earlier: number;
}

/** Maximum number of lines printed at once. */
const maxLinesAtOnce = 250;

/** Splits bytes into complete lines and the rest, which may end inside a character. */
export function splitLines(held: Buffer, added: Buffer): NewLines & { held: Buffer } {
    const bytes = Buffer.concat([held, added]);
    const end = bytes.lastIndexOf(0x0a) + 1;
    let count = 0;
    for (let next = bytes.indexOf(0x0a); next >= 0; next = bytes.indexOf(0x0a, next + 1)) {
        count += 1;
    }
    const kept = Math.min(count, maxLinesAtOnce);
    let start = end;
    for (let line = 0; line < kept; line += 1) {
        // Finds the line break before the line. A negative offset would count from the end.
        start = start < 2 ? 0 : bytes.lastIndexOf(0x0a, start - 2) + 1;
    }
    const newest =
        kept === 0
            ? []
            : bytes
                  .subarray(start, end - 1)
                  .toString("utf8")
                  .split("\n");
    return { newest: newest.map(visibleLine), earlier: count - kept, held: bytes.subarray(end) };
}

/**
 * The newest complete state of an unfinished line that a progress bar rewrites, which is the text between its last two
 * carriage returns; undefined for any other line.
 */
export function progressOf(held: Buffer): string | undefined {
    // A carriage return at the end may belong to a line break.
    const isBreak = held.at(-1) === 0x0d;
    const end = held.lastIndexOf(0x0d, isBreak ? -2 : -1);
    const text = end < 1 ? "" : held.subarray(held.lastIndexOf(0x0d, end - 1) + 1, end).toString("utf8");
    return text.trim() === "" ? undefined : visibleLine(text);
}

/** Appends lines to earlier ones. */
function join(before: NewLines, after: NewLines): NewLines {
    const all = [...before.newest, ...after.newest];
    const dropped = after.earlier > 0 ? before.newest.length : Math.max(0, all.length - maxLinesAtOnce);
    return { newest: all.slice(dropped), earlier: before.earlier + after.earlier + dropped };
}

/**
 * Prints at most 50 lines a second and counts those it omits; the newest ones are shown. After an idle period, up to
 * five seconds' worth of lines may be printed at once.
 */
export function createLinePrinter(clock: Clock, print: Print, whereWhole: string): (lines: NewLines) => void {
    const linesPerSecond = 50;
    let allowance = linesPerSecond;
    let countedAt = clock.now();
    return ({ newest, earlier }) => {
        const earned = ((clock.now() - countedAt) / 1000) * linesPerSecond;
        allowance = Math.min(maxLinesAtOnce, allowance + earned);
        countedAt = clock.now();
        const shown = newest.slice(Math.max(0, newest.length - Math.floor(allowance)));
        allowance -= shown.length;
        const count = earlier + newest.length - shown.length;
        if (count > 0) {
            print(`... ${count} ${count === 1 ? "line" : "lines"} omitted here; the whole log is at ${whereWhole}`);
        }
        for (const line of shown) {
            print(`| ${line}`);
        }
    };
}

/** Starts following a run's log. Chunks are printed in order of attempt and offset, and each byte is printed once. */
export function createLogStream(bucket: BucketClient, runId: string, clock: Clock, print: Print): LogStream {
    // Only the beginning of a longer line is printed, because a trainer that never ends a line must not exhaust the
    // memory.
    const maxHeldBytes = 64 * 1024;
    const at = runLayout(runId);
    const printLines = createLinePrinter(clock, print, `gs://${bucket.bucket}/${at.log}`);
    let current = 0;
    let nextByte = 0;
    let lastName: string | undefined;
    let held = Buffer.alloc(0);
    // True after the beginning of a long line has been printed, until that line ends.
    let isCut = false;
    // The last state of a progress bar that was printed.
    let progress: string | undefined;

    /** The bytes after the end of a line that has been truncated. */
    const afterCut = (bytes: Buffer): Buffer => {
        if (!isCut) {
            return bytes;
        }
        const end = bytes.indexOf(0x0a);
        isCut = end < 0;
        return bytes.subarray(isCut ? bytes.length : end + 1);
    };

    const read = async (isComplete: boolean) => {
        // Earlier chunks are not listed again; the last one is, because it may have grown.
        const objects = await bucket.list(at.attemptLog(current), lastName);
        const plan = planChunks(toLogChunks(runId, objects), nextByte, isComplete);
        let lines: NewLines = { newest: [], earlier: 0 };
        const add = (line: string) => {
            lines = join(lines, { newest: [line], earlier: 0 });
        };
        let isNew = false;
        for (const { chunk, skipBytes, missingBytes } of plan) {
            const content = await bucket.read(chunk.object);
            if (content === undefined) {
                // The chunk was overwritten after the listing; the next poll finds the new one.
                break;
            }
            if (missingBytes > 0) {
                add(`[${missingBytes} bytes of the log are missing here]`);
                isCut = false;
            }
            const split = splitLines(held, afterCut(content.subarray(skipBytes)));
            held = Buffer.from(split.held);
            lines = join(lines, split);
            if (held.length > maxHeldBytes) {
                add(visibleLine(held.toString("utf8")));
                // A progress bar rewrites its line again and again.
                isCut = !held.includes(0x0d);
                held = Buffer.alloc(0);
            }
            nextByte = chunk.firstByte + content.length;
            lastName = chunk.object.name;
            isNew = true;
        }
        if (isComplete && held.length > 0) {
            add(visibleLine(held.toString("utf8")));
            held = Buffer.alloc(0);
        }
        if (lines.earlier + lines.newest.length > 0) {
            // The line that has just ended may be the progress state that has already been printed.
            const isShown = lines.earlier === 0 && lines.newest[0] === progress;
            lines = isShown ? { ...lines, newest: lines.newest.slice(1) } : lines;
            progress = undefined;
        }
        const state = progressOf(held);
        if (state !== undefined && state !== progress) {
            add(state);
            progress = state;
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
        isCut = false;
        progress = undefined;
    };

    return {
        follow: async (attempt) => {
            await moveTo(attempt);
            return read(false);
        },
        hasNext: async () => current > 0 && (await bucket.stat(at.logChunk(current, nextByte))) !== undefined,
        finish: async (attempt) => {
            await moveTo(attempt);
            await read(true);
        },
    };
}
