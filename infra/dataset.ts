import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import path from "node:path";
import { canonicalJson } from "../run/canonical-json";

const CHUNK_BYTES = 1024 * 1024;

/** A file, or a folder of files with the same header, on this machine. */
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

/** Hashes of the files that this process has hashed. */
const KNOWN = new Map<string, FileMd5>();

/** Hashes a file in chunks, once unless it changes. It is synchronous because resource names depend on the hash. */
export function md5OfFile(file: string): FileMd5 {
    const { dev, ino, size, mtimeNs } = statSync(file, { bigint: true });
    const key = [dev, ino, size, mtimeNs].join();
    const known = KNOWN.get(key) ?? hashFile(file);
    KNOWN.set(key, known);
    return known;
}

function hashFile(file: string): FileMd5 {
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

/** The files in a folder, without hidden ones and subfolders, sorted by name; for any other path, the file itself. */
export function datasetPaths(dataset: string): string[] {
    if (!statSync(dataset).isDirectory()) {
        return [dataset];
    }
    const entries = readdirSync(dataset, { withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."));
    return files.map(({ name }) => path.join(dataset, name)).sort();
}

/** The files of a dataset, and the hash that stands for all of them in the run id. */
export function readLocalDataset(dataset: string) {
    const paths = datasetPaths(dataset);
    const files = paths.map((file) => ({ path: file, fileName: path.basename(file), md5: md5OfFile(file) }));
    const [first] = files;
    if (first?.path === dataset) {
        return { files, hex: first.md5.hex, identity: `md5:${first.md5.base64}` };
    }
    const covered = files.map((file) => [file.fileName, statSync(file.path).size, file.md5.base64]);
    const hash = createHash("sha256").update(canonicalJson(covered)).digest();
    return { files, hex: hash.toString("hex"), identity: `files:${hash.toString("base64")}` };
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
