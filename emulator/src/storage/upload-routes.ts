import { checkBody, parseJsonObject } from "../http/body";
import { ApiError, invalid, unimplemented } from "../http/errors";
import { type Route, route } from "../http/router";
import type { ApiRequest, ApiResponse } from "../http/types";
import { combineHashes, parseClaimedHashes } from "./claimed-hashes";
import { readMultipart } from "./multipart";
import { objectSchema, pickAttributes } from "./object-schema";
import type { NewObject } from "./objects";
import { OBJECT_PRECONDITIONS, readPreconditions } from "./preconditions";
import { toObjectResource } from "./resources";
import { parseContentRange, type UploadProgress } from "./resumable";
import type { StorageService } from "./service";

type UploadRequest = ApiRequest<{ readonly bucket: string }>;

const INSERT_QUERY = ["name", "contentEncoding", "projection", "upload_id", ...OBJECT_PRECONDITIONS];

/** Uploads, under `/upload/storage/v1`: https://cloud.google.com/storage/docs/json_api/v1/objects/insert */
export function uploadRoutes(storage: StorageService): Route[] {
    const options = { query: INSERT_QUERY };
    // A session URI accepts PUT, and also POST from the generated Go clients, which the Terraform and Pulumi providers
    // use. Anyone with the URI may use it: https://cloud.google.com/storage/docs/resumable-uploads#session-uris
    return [
        route("POST", "/b/:bucket/o", (request) => insert(storage, request), options),
        route("PUT", "/b/:bucket/o", (request) => resume(storage, request), { ...options, public: true }),
        route("DELETE", "/b/:bucket/o", (request) => cancel(storage, request), { ...options, public: true }),
    ];
}

async function insert(storage: StorageService, request: UploadRequest): Promise<ApiResponse> {
    const type = request.query.get("uploadType");
    if (request.query.has("upload_id")) {
        return resume(storage, request);
    }
    switch (type) {
        case "media":
            return insertMedia(storage, request);
        case "multipart":
            return insertMultipart(storage, request);
        case "resumable":
            return startSession(storage, request);
        default:
            throw invalid(`Invalid uploadType "${type}": it must be media, multipart or resumable.`, "uploadType");
    }
}

async function insertMedia(storage: StorageService, request: UploadRequest): Promise<ApiResponse> {
    const { principal, headers, stream } = request;
    const { "content-type": contentType } = headers;
    const target = newObject(request, {}, contentType);
    storage.objects.checkUpload(principal, target);
    const blob = await storage.blobs.store(stream);
    return created(request, await storage.objects.commit(principal, target, blob));
}

async function insertMultipart(storage: StorageService, request: UploadRequest): Promise<ApiResponse> {
    const { principal, headers, stream } = request;
    const { metadata, contentType, content } = await readMultipart(stream, headers["content-type"]);
    const target = newObject(request, parseJsonObject(metadata), contentType);
    storage.objects.checkUpload(principal, target);
    const blob = await storage.blobs.store(content);
    return created(request, await storage.objects.commit(principal, target, blob));
}

async function startSession(storage: StorageService, request: UploadRequest): Promise<ApiResponse> {
    const { principal, headers, baseUrl, params } = request;
    const contentType = headers["x-upload-content-type"];
    const body = await request.json<object>();
    const target = newObject(request, body, typeof contentType === "string" ? contentType : undefined);
    const id = await storage.uploads.start(principal, target);
    const query = new URLSearchParams({ uploadType: "resumable", name: target.name, upload_id: id });
    const location = `${baseUrl}/upload/storage/v1/b/${params.bucket}/o?${query}`;
    return { status: 200, headers: { location, "x-guploader-uploadid": id }, body: "" };
}

async function resume(storage: StorageService, request: UploadRequest): Promise<ApiResponse> {
    const { headers, stream } = request;
    const id = sessionId(request);
    const range = parseContentRange(headers["content-range"]);
    const isStatusQuery = range !== undefined && range.start === undefined && range.total === undefined;
    const progress = isStatusQuery
        ? await storage.uploads.progress(id)
        : await storage.uploads.receive(id, range ?? {}, stream, parseClaimedHashes(headers["x-goog-hash"]));
    return answerProgress(request, progress);
}

function answerProgress(request: UploadRequest, progress: UploadProgress): ApiResponse {
    if (progress.done) {
        return created(request, progress.object);
    }
    const range = progress.received === 0 ? {} : { range: `bytes=0-${progress.received - 1}` };
    // Go clients cannot handle a 308, which their HTTP stack treats as a redirect, so they ask for a 200
    // with the real status in a header.
    return request.headers["x-guploader-no-308"] === "yes"
        ? { status: 200, headers: { ...range, "x-http-status-code-override": "308" }, body: "" }
        : { status: 308, headers: range, body: "" };
}

async function cancel(storage: StorageService, request: UploadRequest): Promise<ApiResponse> {
    await storage.uploads.cancel(sessionId(request));
    // https://cloud.google.com/storage/docs/performing-resumable-uploads#cancel-upload
    throw new ApiError(499, "clientClosedRequest", "The resumable upload was cancelled.");
}

function created(request: UploadRequest, object: Parameters<typeof toObjectResource>[0]): ApiResponse {
    return { status: 200, body: toObjectResource(object, request.baseUrl) };
}

function sessionId(request: UploadRequest): string {
    const id = request.query.get("upload_id");
    if (id === null) {
        throw invalid("Required parameter: upload_id", "upload_id");
    }
    return id;
}

/** Returns the object that an upload creates, according to its query, metadata and headers. */
function newObject(request: UploadRequest, body: object, contentType: string | undefined): NewObject {
    const { params, query, headers } = request;
    if (headers["x-goog-encryption-algorithm"] !== undefined) {
        throw unimplemented("customer-supplied encryption keys (header X-Goog-Encryption-Algorithm)");
    }
    const metadata = checkBody(body, objectSchema, `${request.method} ${request.path}`);
    const name = metadata.name ?? query.get("name") ?? "";
    const { md5Hash, crc32c } = metadata;
    const contentEncoding = query.get("contentEncoding");
    return {
        bucket: params.bucket,
        name,
        attributes: {
            ...(contentType === undefined ? {} : { contentType }),
            ...(contentEncoding === null ? {} : { contentEncoding }),
            ...pickAttributes(metadata),
        },
        preconditions: readPreconditions(query),
        ...combineHashes({ md5Hash, crc32c }, parseClaimedHashes(headers["x-goog-hash"])),
    };
}
