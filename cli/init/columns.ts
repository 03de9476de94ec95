import { createReadStream, statSync } from "node:fs";
import { ByteWindow } from "../../trainer/lib/csv/byte-window";
import { decodeContent } from "../../trainer/lib/csv/decode";
import { takeHeader } from "../../trainer/lib/csv/header";
import { DataError } from "../../trainer/lib/errors";
import { UsageError } from "../shared/usage-error";

/**
 * Reads the names of a dataset's columns, as the built-in trainer does.
 *
 * @returns undefined for an object in a bucket, or a file with the extension of another format
 * @throws UsageError if the file is missing or has no header
 */
export async function csvColumns(file: string): Promise<string[] | undefined> {
    if (file.startsWith("gs://")) {
        return undefined;
    }
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
        throw new UsageError(`--dataset must be a file; got "${file}" (gcp-trainer init --dataset houses.csv)`);
    }
    return /\.(csv|tsv|txt)$/i.test(file) ? await readHeader(file) : undefined;
}

async function readHeader(file: string): Promise<string[] | undefined> {
    const window = new ByteWindow(file);
    try {
        for await (const chunk of decodeContent(createReadStream(file), file)) {
            for (let offset = 0; offset < chunk.length; ) {
                const added = window.fill(chunk, offset);
                window.check(false);
                const header = takeHeader(window, file, false);
                if (header !== undefined) {
                    return header.columns;
                }
                // The window is full, but does not hold a complete header.
                if (added === 0) {
                    throw new DataError(`${file} has no header: its first line is too long`);
                }
                offset += added;
            }
        }
        window.check(true);
        return takeHeader(window, file, true)?.columns;
    } catch (error) {
        throw error instanceof DataError ? new UsageError(error.message) : error;
    }
}
