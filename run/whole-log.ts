import { hashFile } from "./checksums";
import type { BucketClient } from "./clients";
import { logPrefix, planReading, toLogPieces } from "./log-pieces";

/** When the log of an attempt was written: creation times of its first and last piece. */
export interface AttemptTimes {
    attempt: number;
    loggedFrom: string;
    loggedTo: string;
}

/** Name of the object that holds the log of all attempts. */
export function wholeLogName(runId: string): string {
    return `runs/${runId}/trainer.log`;
}

/** Writes the pieces of all attempts to a file, each attempt under a line with its number and times. */
export async function assembleLog(bucket: BucketClient, runId: string, path: string): Promise<AttemptTimes[]> {
    const { open } = require("node:fs/promises") as typeof import("node:fs/promises");
    const pieces = toLogPieces(runId, await bucket.list(logPrefix(runId)));
    const times: AttemptTimes[] = [];
    const file = await open(path, "wx");
    try {
        let endsLine = true;
        const write = async (content: Buffer | string) => {
            await file.appendFile(content);
            endsLine = content.length === 0 ? endsLine : content.at(-1) === "\n" || content.at(-1) === 0x0a;
        };
        for (const attempt of [...new Set(pieces.map((piece) => piece.attempt))]) {
            const own = pieces.filter((piece) => piece.attempt === attempt);
            const loggedFrom = own[0]?.object.createdAt ?? "";
            const loggedTo = own.at(-1)?.object.createdAt ?? "";
            times.push({ attempt, loggedFrom, loggedTo });
            await write(
                `${endsLine ? "" : "\n"}===== attempt ${attempt}, logged from ${loggedFrom} to ${loggedTo} =====\n`,
            );
            for (const { piece, skipBytes, missingBytes } of planReading(own, 0, true)) {
                if (missingBytes > 0) {
                    await write(`${endsLine ? "" : "\n"}[${missingBytes} bytes of the log are missing here]\n`);
                }
                const content = await bucket.read(piece.object.name, piece.object.generation);
                if (content === undefined) {
                    throw new Error(`gs://${bucket.bucket}/${piece.object.name} was deleted while it was being read`);
                }
                await write(content.subarray(skipBytes));
            }
        }
        await file.sync();
    } finally {
        await file.close();
    }
    return times;
}

/** Uploads the assembled log unless the bucket holds the same already. */
export async function uploadLog(bucket: BucketClient, runId: string, path: string): Promise<void> {
    const name = wholeLogName(runId);
    const local = await hashFile(path);
    for (let tries = 0; tries < 3; tries += 1) {
        const existing = await bucket.stat(name);
        if (existing && existing.crc32c === local?.crc32c && existing.sizeBytes === local.sizeBytes) {
            return;
        }
        if ((await bucket.upload(path, name, existing?.generation ?? "0")) !== undefined) {
            return;
        }
    }
    throw new Error(`gs://${bucket.bucket}/${name} is being written by someone else`);
}

/**
 * Puts the whole log into the bucket.
 * @returns its `gs://` URI, or undefined when the trainer printed nothing.
 */
export async function saveWholeLog(bucket: BucketClient, runId: string): Promise<string | undefined> {
    const { mkdtemp, rm } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { tmpdir } = require("node:os") as typeof import("node:os");
    const { join } = require("node:path") as typeof import("node:path");
    const folder = await mkdtemp(join(tmpdir(), "gcp-trainer-log-"));
    try {
        const path = join(folder, "trainer.log");
        const times = await assembleLog(bucket, runId, path);
        if (times.length === 0) {
            return undefined;
        }
        await uploadLog(bucket, runId, path);
        return `gs://${bucket.bucket}/${wholeLogName(runId)}`;
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}
