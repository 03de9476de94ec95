import type { BucketClient, StoredObject } from "./clients";

/** A piece of an attempt's log: `runs/<runId>/log/<attempt>/<first byte, 12 digits>.txt`. */
export interface LogPiece {
    object: StoredObject;
    attempt: number;
    /** Offset of the piece's first byte in the attempt's whole log. */
    firstByte: number;
}

/** A piece to read next: its bytes from `skip` on are new. */
export interface PieceToRead {
    piece: LogPiece;
    skipBytes: number;
    /** Bytes of the log that no piece holds, right before this one. */
    missingBytes: number;
}

/** Folder of an attempt's pieces, or of all attempts'. */
export function logPrefix(runId: string, attempt?: number): string {
    return attempt === undefined ? `runs/${runId}/log/` : `runs/${runId}/log/${attempt}/`;
}

/** Pieces among the objects of a run's log, in order of attempt and first byte. Anything else is left out. */
export function toLogPieces(runId: string, objects: StoredObject[]): LogPiece[] {
    const prefix = logPrefix(runId);
    const pieces: LogPiece[] = [];
    for (const object of objects) {
        const match = /^(\d{1,9})\/(\d{12})\.txt$/.exec(object.name.slice(prefix.length));
        if (object.name.startsWith(prefix) && match) {
            pieces.push({ object, attempt: Number(match[1]), firstByte: Number(match[2]) });
        }
    }
    return pieces.sort((a, b) => a.attempt - b.attempt || a.firstByte - b.firstByte);
}

/**
 * Chooses what to read of one attempt's pieces, given that the bytes before `nextByte` have been read. A piece may
 * overlap the one before it: an upload that seemed to fail is repeated with more in it. A gap stops the reading, since
 * the missing piece may still come; at the end (`isComplete`) it is passed over and counted.
 */
export function planReading(pieces: LogPiece[], nextByte: number, isComplete: boolean): PieceToRead[] {
    const plan: PieceToRead[] = [];
    let next = nextByte;
    for (const piece of pieces) {
        const end = piece.firstByte + piece.object.sizeBytes;
        if (end <= next) {
            continue;
        }
        const missingBytes = Math.max(0, piece.firstByte - next);
        if (missingBytes > 0 && !isComplete) {
            break;
        }
        plan.push({ piece, skipBytes: Math.max(0, next - piece.firstByte), missingBytes });
        next = end;
    }
    return plan;
}

/**
 * The last lines of an attempt's log.
 * @param lineCount lines wanted at most; no more than the last 256 KiB are read for them.
 */
export async function readLogTail(
    bucket: BucketClient,
    runId: string,
    attempt: number,
    lineCount: number,
): Promise<string[]> {
    const pieces = toLogPieces(runId, await bucket.list(logPrefix(runId, attempt)));
    const plan = planReading(pieces, 0, true);
    let firstIndex = plan.length;
    for (let bytes = 0; firstIndex > 0 && bytes < 256 * 1024; ) {
        firstIndex -= 1;
        bytes += plan[firstIndex]?.piece.object.sizeBytes ?? 0;
    }
    const chunks: Buffer[] = [];
    for (const { piece, skipBytes } of plan.slice(firstIndex)) {
        const content = await bucket.read(piece.object.name, piece.object.generation);
        chunks.push((content ?? Buffer.alloc(0)).subarray(skipBytes));
    }
    return lastLines(Buffer.concat(chunks).toString("utf8"), lineCount);
}

/** The last lines of a text, empty ones at its end left out. */
export function lastLines(text: string, lineCount: number): string[] {
    return text
        .trimEnd()
        .split(/\r?\n/)
        .map(visibleLine)
        .slice(-lineCount)
        .filter((line, index, lines) => lines.length > 1 || line !== "" || index > 0);
}

/** What a terminal shows of a line in which carriage returns write over the beginning, as progress bars do. */
export function visibleLine(line: string): string {
    const text = line.replace(/\r+$/, "");
    return text.slice(text.lastIndexOf("\r") + 1);
}
