import path from "node:path";
import type { ObjectSelection } from "../run/dataset-objects";

export { datasetPaths, md5OfFile, readLocalDataset } from "../run/local-dataset";

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

/** A dataset of several objects that are already in a bucket. */
export interface RemoteObjects extends ObjectSelection {
    kind: "objects";
}

/**
 * Parses a path, or the `gs://` URI of an object, a folder, or a pattern with `*`; undefined for a `gs://` URI that
 * names nothing in a bucket.
 */
export function parseDataset(text: string): LocalDataset | RemoteDataset | RemoteObjects | undefined {
    if (!text.startsWith("gs://")) {
        return { kind: "file", path: text, fileName: path.basename(text) };
    }
    const [, bucket, name] = text.match(/^gs:\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])\/(.+)$/s) ?? [];
    if (bucket === undefined || name === undefined) {
        return undefined;
    }
    const isOne = !name.endsWith("/") && !name.includes("*");
    return isOne ? { kind: "object", bucket, name } : { kind: "objects", bucket, pattern: name };
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
