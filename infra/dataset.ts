import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import path from "node:path";
import { datasetName } from "../run/layout";

const CHUNK_BYTES = 1024 * 1024;

/** A dataset on this machine. */
export interface LocalDataset {
    kind: "file";
    /** Path as given, relative to the project folder. */
    path: string;
    fileName: string;
}

/** A dataset that is already in a bucket. */
export interface RemoteDataset {
    kind: "object";
    bucket: string;
    name: string;
}

/** Parses a path, or an object's `gs://` URI; undefined for a `gs://` URI that does not name an object. */
export function parseDataset(text: string): LocalDataset | RemoteDataset | undefined {
    if (!text.startsWith("gs://")) {
        return { kind: "file", path: text, fileName: path.basename(text) };
    }
    const match = text.match(/^gs:\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])\/(.*[^/])$/s);
    const [, bucket, name] = match ?? [];
    return bucket !== undefined && name !== undefined ? { kind: "object", bucket, name } : undefined;
}

/** MD5 of a file. Cloud Storage computes the same hash for an object that is not composite. */
export interface FileMd5 {
    hex: string;
    /** The hash in the same format as an object's `md5Hash`. */
    base64: string;
}

/**
 * Hashes a file in chunks. It is synchronous because resource names depend on the hash, and a program that awaits
 * something before it declares its resources cannot export them from its module.
 */
export function md5OfFile(file: string): FileMd5 {
    const hash = createHash("md5");
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const descriptor = openSync(file, "r");
    try {
        for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk)) {
            hash.update(chunk.subarray(0, read));
        }
    } finally {
        closeSync(descriptor);
    }
    const digest = hash.digest();
    return { hex: digest.toString("hex"), base64: digest.toString("base64") };
}

/** The object name for a local dataset. It contains the hash, which distinguishes versions of the file. */
export function datasetObjectName(md5: FileMd5, fileName: string): string {
    return datasetName(md5.hex, fileName);
}

/** Media type by file extension; `application/octet-stream` for unknown ones. */
export function contentType(fileName: string): string {
    const types: Record<string, string> = {
        ".csv": "text/csv",
        ".json": "application/json",
        ".jsonl": "application/x-ndjson",
    };
    return types[path.extname(fileName).toLowerCase()] ?? "application/octet-stream";
}
