import path from "node:path";

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

/** Parses a path, or an object's `gs://` URI; undefined for a `gs://` URI that does not name an object. */
export function parseDataset(text: string): LocalDataset | RemoteDataset | undefined {
    if (!text.startsWith("gs://")) {
        return { kind: "file", path: text, fileName: path.basename(text) };
    }
    const match = text.match(/^gs:\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])\/(.*[^/])$/s);
    const [, bucket, name] = match ?? [];
    return bucket !== undefined && name !== undefined ? { kind: "object", bucket, name } : undefined;
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
