import type crypto from "node:crypto";
import type fs from "node:fs";
import type nodePath from "node:path";
import { canonicalJson } from "./canonical-json";

const CHUNK_BYTES = 1024 * 1024;

/** MD5 of a file. Cloud Storage computes the same hash for an object that is not composite. */
export interface FileMd5 {
    hex: string;
    /** The hash in the same format as an object's `md5Hash`. */
    base64: string;
}

/** Hashes of the files that this process has hashed. */
const KNOWN: Record<string, FileMd5> = {};

/** Hashes a file in chunks, and again only if it changes. Synchronous because resource names depend on the hash. */
export function md5OfFile(file: string): FileMd5 {
    const { statSync } = require("node:fs") as typeof fs;
    const { dev, ino, size, mtimeNs } = statSync(file, { bigint: true });
    const key = [dev, ino, size, mtimeNs].join();
    KNOWN[key] ??= hashFile(file);
    return KNOWN[key];
}

function hashFile(file: string): FileMd5 {
    const { createHash } = require("node:crypto") as typeof crypto;
    const { closeSync, openSync, readSync } = require("node:fs") as typeof fs;
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
    const { readdirSync, statSync } = require("node:fs") as typeof fs;
    const path = require("node:path") as typeof nodePath;
    if (!statSync(dataset).isDirectory()) {
        return [dataset];
    }
    const entries = readdirSync(dataset, { withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."));
    return files.map(({ name }) => path.join(dataset, name)).sort();
}

/** The files of a dataset, and the hash that represents all of them in the run id. */
export function readLocalDataset(dataset: string) {
    const { createHash } = require("node:crypto") as typeof crypto;
    const { statSync } = require("node:fs") as typeof fs;
    const path = require("node:path") as typeof nodePath;
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
