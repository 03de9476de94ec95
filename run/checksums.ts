/** Size and hashes of a file, as Cloud Storage writes them: base64, the CRC32C big-endian. */
export interface FileHashes {
    sizeBytes: number;
    crc32c: string;
    md5Hash: string;
}

/** What a file must match; hashes that are missing or empty are not compared. */
export interface ExpectedHashes {
    sizeBytes: number;
    crc32c: string;
    md5Hash?: string;
}

/** Reads a file once for its size and hashes; undefined when there is no such file. */
export async function hashFile(path: string): Promise<FileHashes | undefined> {
    const { createHash } = require("node:crypto") as typeof import("node:crypto");
    const { createReadStream } = require("node:fs") as typeof import("node:fs");
    const { CRC32C } = require("@google-cloud/storage") as typeof import("@google-cloud/storage");
    const crc32c = new CRC32C();
    const md5 = createHash("md5");
    let sizeBytes = 0;
    try {
        for await (const chunk of createReadStream(path)) {
            const bytes = chunk as Buffer;
            crc32c.update(bytes);
            md5.update(bytes);
            sizeBytes += bytes.length;
        }
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") {
            return undefined;
        }
        throw error;
    }
    return { sizeBytes, crc32c: crc32c.toString(), md5Hash: md5.digest("base64") };
}

/** What differs between a file and what it should be, in words; undefined when it is the same. */
export function findMismatch(actual: FileHashes | undefined, expected: ExpectedHashes): string | undefined {
    if (actual === undefined) {
        return "it is not there";
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
