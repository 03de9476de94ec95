import { hashFile } from "./checksums";
import type { BucketClient, Clock, Print, StoredObject } from "./clients";
import { runLayout } from "./layout";
import { type LogChunk, planChunks, toLogChunks } from "./log-chunks";
import { isAbandoned, ownTag } from "./own-temporary";
import { createProgress } from "./progress";

/** Creation times of the first and last chunks of an attempt's log. */
export interface AttemptTimes {
    attempt: number;
    loggedFrom: string;
    loggedTo: string;
}

/** The times of each attempt in a log. */
export function attemptTimes(chunks: readonly LogChunk[]): AttemptTimes[] {
    return [...new Set(chunks.map(({ attempt }) => attempt))].map((attempt) => {
        const own = chunks.filter((chunk) => chunk.attempt === attempt);
        return {
            attempt,
            loggedFrom: own[0]?.object.createdAt ?? "",
            loggedTo: own.at(-1)?.object.createdAt ?? "",
        };
    });
}

/**
 * Writes the logs of all attempts to a file, each below a line with the attempt's number and times.
 * @param objects the chunks, if they have been listed.
 * @param reporting where to print a long download's progress; by default nowhere.
 */
export async function assembleLog(
    bucket: BucketClient,
    runId: string,
    path: string,
    reporting?: { clock: Clock; print: Print },
    objects?: StoredObject[],
): Promise<AttemptTimes[]> {
    const { open } = require("node:fs/promises") as typeof import("node:fs/promises");
    const chunks = toLogChunks(runId, objects ?? (await bucket.list(runLayout(runId).log)));
    const totalBytes = chunks.reduce((sum, { object }) => sum + object.sizeBytes, 0);
    const onBytes = reporting && createProgress(reporting.clock, reporting.print, `run ${runId}: log`, totalBytes);
    const times = attemptTimes(chunks);
    const file = await open(path, "wx");
    try {
        let endsLine = true;
        const write = async (content: Buffer | string) => {
            await file.appendFile(content);
            endsLine = content.length === 0 ? endsLine : content.at(-1) === "\n" || content.at(-1) === 0x0a;
        };
        for (const { attempt, loggedFrom, loggedTo } of times) {
            const own = chunks.filter((chunk) => chunk.attempt === attempt);
            await write(
                `${endsLine ? "" : "\n"}===== attempt ${attempt}, logged from ${loggedFrom} to ${loggedTo} =====\n`,
            );
            for (const { chunk, skipBytes, missingBytes } of planChunks(own, 0, true)) {
                if (missingBytes > 0) {
                    await write(`${endsLine ? "" : "\n"}[${missingBytes} bytes of the log are missing here]\n`);
                }
                const content = await bucket.read(chunk.object);
                if (content === undefined) {
                    throw new Error(`gs://${bucket.bucket}/${chunk.object.name} was deleted while it was being read`);
                }
                await write(content.subarray(skipBytes));
                onBytes?.(content.length);
            }
        }
        await file.sync();
    } finally {
        await file.close();
    }
    return times;
}

/** Uploads the assembled log unless the bucket already has the same one. */
export async function uploadLog(bucket: BucketClient, runId: string, path: string): Promise<void> {
    const name = runLayout(runId).trainerLog;
    const local = await hashFile(path);
    if (local === undefined) {
        throw new Error(`${path} is gone`);
    }
    for (let tries = 0; tries < 3; tries += 1) {
        const existing = await bucket.stat(name);
        if (existing && existing.crc32c === local.crc32c && existing.sizeBytes === local.sizeBytes) {
            return;
        }
        if ((await bucket.upload(path, name, existing?.generation ?? "0", local.crc32c)) !== undefined) {
            return;
        }
    }
    throw new Error(`gs://${bucket.bucket}/${name} is being written by another process`);
}

/**
 * Assembles the complete log and uploads it.
 * @returns its `gs://` URI, or undefined if the trainer printed nothing.
 */
export async function saveWholeLog(bucket: BucketClient, runId: string): Promise<string | undefined> {
    const { mkdtemp, readdir, rm } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { tmpdir } = require("node:os") as typeof import("node:os");
    const { join } = require("node:path") as typeof import("node:path");
    const tag = ownTag();
    for (const name of await readdir(tmpdir())) {
        if (name.startsWith("gcp-trainer-log-") && isAbandoned(name)) {
            await rm(join(tmpdir(), name), { recursive: true, force: true });
        }
    }
    const folder = await mkdtemp(join(tmpdir(), `gcp-trainer-log-${tag ? `${tag}-` : ""}`));
    try {
        const path = join(folder, "trainer.log");
        const times = await assembleLog(bucket, runId, path);
        if (times.length === 0) {
            return undefined;
        }
        await uploadLog(bucket, runId, path);
        return `gs://${bucket.bucket}/${runLayout(runId).trainerLog}`;
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}
