import { openRegularFile } from "./files";

/** A file's size and hashes, in the notation that Cloud Storage uses: base64, with a big-endian CRC32C. */
export interface FileHashes {
    sizeBytes: number;
    crc32c: string;
    md5Hash: string;
}

/** Expected size and hashes for a file. Missing or empty hashes are not compared. */
export interface ExpectedHashes {
    sizeBytes: number;
    crc32c: string;
    md5Hash?: string;
}

/** Reads a file once to compute its size and hashes; undefined if it is not a regular file or does not exist. */
export async function hashFile(path: string): Promise<FileHashes | undefined> {
    const { createHash } = require("node:crypto") as typeof import("node:crypto");
    const { CRC32C } = require("@google-cloud/storage") as typeof import("@google-cloud/storage");
    const file = await openRegularFile(path);
    if (file === undefined) {
        return undefined;
    }
    const crc32c = new CRC32C();
    const md5 = createHash("md5");
    let sizeBytes = 0;
    try {
        for await (const chunk of file.createReadStream({ autoClose: false })) {
            const bytes = chunk as Buffer;
            crc32c.update(bytes);
            md5.update(bytes);
            sizeBytes += bytes.length;
        }
    } finally {
        await file.close();
    }
    return { sizeBytes, crc32c: crc32c.toString(), md5Hash: md5.digest("base64") };
}

/** Describes how a file differs from its expected size and hashes; undefined if they match. */
export function findMismatch(actual: FileHashes | undefined, expected: ExpectedHashes): string | undefined {
    if (actual === undefined) {
        return "it does not exist";
    }
    if (actual.sizeBytes !== expected.sizeBytes) {
        return `it has ${actual.sizeBytes} bytes instead of ${expected.sizeBytes}`;
    }
    if (expected.crc32c && actual.crc32c !== expected.crc32c) {
        return `its CRC32C is ${actual.crc32c} instead of ${expected.crc32c}`;
    }
    if (expected.md5Hash && actual.md5Hash !== expected.md5Hash) {
        return `its MD5 is ${actual.md5Hash} instead of ${expected.md5Hash}`;
    }
    return undefined;
}
