import { createGunzip } from "node:zlib";
import { ApiError } from "../http/errors";
import { type ByteRange, parseRange } from "../http/range";
import type { ApiResponse } from "../http/types";
import type { BlobStore } from "./blobs";
import type { StoredObject } from "./object-index";
import { etagOf } from "./resources";

/**
 * Creates the response to `alt=media`: the whole content or a range, with the headers that clients use for
 * verification. https://cloud.google.com/storage/docs/json_api/v1/objects/get and, for gzip content,
 * https://cloud.google.com/storage/docs/transcoding
 *
 * @throws ApiError 416 for a range that begins beyond the end of the content
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
    const range = requestedRange(headers.range, blob.size);
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

function requestedRange(header: string | undefined, size: number): ByteRange | undefined {
    const range = parseRange(header, size);
    if (range === "unsatisfiable") {
        throw new ApiError(416, "requestedRangeNotSatisfiable", "Request range not satisfiable", {
            location: "Range",
            locationType: "header",
            headers: { "content-range": `bytes */${size}` },
        });
    }
    return range;
}
