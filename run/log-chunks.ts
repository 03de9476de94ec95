import type { BucketClient, StoredObject } from "./clients";
import { parseLogChunkName, runLayout } from "./layout";
import { terminalText } from "./terminal-text";

/** A chunk of an attempt's log. */
export interface LogChunk {
    object: StoredObject;
    attempt: number;
    /** The offset of the chunk's first byte in the attempt's whole log. */
    firstByte: number;
}

/** A chunk to read. Its first `skipBytes` bytes have already been read. */
export interface ChunkToRead {
    chunk: LogChunk;
    skipBytes: number;
    /** Number of bytes in the log immediately before this chunk that are missing from all chunks. */
    missingBytes: number;
}

/** Finds the chunks among the objects of a run's log, and orders them by attempt and first byte. */
export function toLogChunks(runId: string, objects: StoredObject[]): LogChunk[] {
    return objects
        .flatMap((object) => {
            const position = parseLogChunkName(runId, object.name);
            return position ? [{ object, ...position }] : [];
        })
        .sort((a, b) => a.attempt - b.attempt || a.firstByte - b.firstByte);
}

/**
 * Plans which parts of one attempt's chunks to read, given that the bytes before `nextByte` have been read. A chunk may
 * overlap the one before it: an upload that seemed to fail is repeated with more bytes. Reading stops at a gap, because
 * the missing chunk may still arrive; at the end (`isComplete`), the gap is skipped and counted.
 */
export function planChunks(chunks: LogChunk[], nextByte: number, isComplete: boolean): ChunkToRead[] {
    const plan: ChunkToRead[] = [];
    let next = nextByte;
    for (const chunk of chunks) {
        const end = chunk.firstByte + chunk.object.sizeBytes;
        if (end <= next) {
            continue;
        }
        const missingBytes = Math.max(0, chunk.firstByte - next);
        if (missingBytes > 0 && !isComplete) {
            break;
        }
        plan.push({ chunk, skipBytes: Math.max(0, next - chunk.firstByte), missingBytes });
        next = end;
    }
    return plan;
}

/** Reads the last lines of an attempt's log, from about its last 256 KiB. */
export async function readLogTail(
    bucket: BucketClient,
    runId: string,
    attempt: number,
    lineCount: number,
): Promise<string[]> {
    const objects = await bucket.list(runLayout(runId).attemptLog(attempt));
    const plan = planChunks(toLogChunks(runId, objects), 0, true);
    let firstIndex = plan.length;
    for (let bytes = 0; firstIndex > 0 && bytes < 256 * 1024; ) {
        firstIndex -= 1;
        bytes += plan[firstIndex]?.chunk.object.sizeBytes ?? 0;
    }
    const contents: Buffer[] = [];
    for (const { chunk, skipBytes } of plan.slice(firstIndex)) {
        const content = await bucket.read(chunk.object);
        contents.push((content ?? Buffer.alloc(0)).subarray(skipBytes));
    }
    return lastLines(Buffer.concat(contents).toString("utf8"), lineCount);
}

/** The last lines of some text, without trailing empty lines. */
export function lastLines(text: string, lineCount: number): string[] {
    return text
        .trimEnd()
        .split(/\r?\n/)
        .map(visibleLine)
        .slice(-lineCount)
        .filter((line, index, lines) => lines.length > 1 || line !== "" || index > 0);
}

/**
 * The visible part of a line in which carriage returns overwrite the beginning, as progress bars do; other control
 * characters are escaped. A line longer than 1,000 characters is truncated.
 */
export function visibleLine(line: string): string {
    const maxCharacters = 1000;
    const text = line.replace(/\r+$/, "");
    const visible = text.slice(text.lastIndexOf("\r") + 1);
    const isLong = visible.length > maxCharacters;
    return isLong
        ? `${terminalText(visible.slice(0, maxCharacters))} [long line truncated here]`
        : terminalText(visible);
}
