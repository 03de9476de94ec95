import { createGunzip } from "node:zlib";
import { ApiError } from "../http/errors";
import type { ApiResponse } from "../http/types";
import type { BlobStore } from "./blobs";
import type { StoredObject } from "./object-index";
import { etagOf } from "./resources";

/** Bytes from `start` to `end` inclusive. */
interface ByteRange {
    readonly start: number;
    readonly end: number;
}

/**
 * Creates the response to `alt=media`: the whole content or a range, with the headers that clients use for
 * verification. https://cloud.google.com/storage/docs/json_api/v1/objects/get and, for gzip content,
 * https://cloud.google.com/storage/docs/transcoding
 *
 * @throws ApiError 416 for a range that begins after the end
 */
export async function download(
    object: StoredObject,
    blobs: BlobStore,
    headers: { readonly range?: string | undefined; readonly "accept-encoding"?: string | string[] | undefined },
): Promise<ApiResponse> {
    const { blob, attributes } = object;
    const isGzip = attributes.contentEncoding === "gzip";
    const common = {
        "content-type": attributes.contentType ?? "application/octet-stream",
        "cache-control": attributes.cacheControl ?? "no-cache, no-store, max-age=0, must-revalidate",
        ...(attributes.contentDisposition === undefined
            ? {}
            : { "content-disposition": attributes.contentDisposition }),
        ...(attributes.contentLanguage === undefined ? {} : { "content-language": attributes.contentLanguage }),
        etag: etagOf(object),
        "last-modified": new Date(object.updated).toUTCString(),
        "x-goog-generation": object.generation,
        "x-goog-metageneration": String(object.metageneration),
        "x-goog-hash":
            object.composedOf === undefined ? `crc32c=${blob.crc32c},md5=${blob.md5Hash}` : `crc32c=${blob.crc32c}`,
        "x-goog-storage-class": attributes.storageClass ?? "STANDARD",
        "x-goog-stored-content-encoding": attributes.contentEncoding ?? "identity",
        "x-goog-stored-content-length": String(blob.size),
    };
    if (isGzip && !String(headers["accept-encoding"] ?? "").includes("gzip")) {
        const unzipped = (await blobs.read(blob.id)).pipe(createGunzip());
        return { status: 200, headers: { ...common, warning: "214 UploadServer gunzipped" }, body: unzipped };
    }
    const range = parseRange(headers.range, blob.size);
    const { start, end } = range ?? { start: 0, end: blob.size - 1 };
    const sent = {
        ...common,
        "accept-ranges": "bytes",
        "content-length": String(end - start + 1),
        ...(attributes.contentEncoding === undefined ? {} : { "content-encoding": attributes.contentEncoding }),
    };
    const body = end < start ? Buffer.alloc(0) : await blobs.read(blob.id, start, end);
    return range === undefined
        ? { status: 200, headers: sent, body }
        : { status: 206, headers: { ...sent, "content-range": `bytes ${start}-${end}/${blob.size}` }, body };
}

/** Parses a single range (RFC 9110 §14.1.2). Like Cloud Storage, ignores multiple ranges and invalid ones. */
function parseRange(header: string | undefined, size: number): ByteRange | undefined {
    const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
    const [, first = "", last = ""] = match ?? [];
    if (match === null || (first === "" && last === "")) {
        return undefined;
    }
    const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
    const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
    if (first !== "" && last !== "" && Number(last) < start) {
        return undefined;
    }
    if (start >= size) {
        throw new ApiError(416, "requestedRangeNotSatisfiable", "Request range not satisfiable", {
            location: "Range",
            locationType: "header",
            headers: { "content-range": `bytes */${size}` },
        });
    }
    return { start, end };
}
