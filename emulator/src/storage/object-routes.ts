import { checkBody, mergePatch } from "../http/body";
import { invalid, unimplemented } from "../http/errors";
import { readBoolean } from "../http/query";
import { type Route, route } from "../http/router";
import type { ApiRequest, ApiResponse } from "../http/types";
import { compose, copy, rewrite } from "./copying";
import { listObjects, readListQuery } from "./listing";
import { download } from "./media";
import { objectSchema, pickAttributes } from "./object-schema";
import type { ObjectName } from "./objects";
import {
    conditionNotMet,
    notModified,
    OBJECT_PRECONDITIONS,
    readInt64,
    readPreconditions,
    SOURCE_PRECONDITIONS,
} from "./preconditions";
import { etagOf, toObjectResource } from "./resources";
import type { StorageService } from "./service";

type ObjectRequest = ApiRequest<{ readonly bucket: string; readonly object: string }>;

const LIST_QUERY = [
    "prefix",
    "delimiter",
    "includeTrailingDelimiter",
    "startOffset",
    "endOffset",
    "versions",
    "maxResults",
    "pageToken",
    "projection",
];
const OBJECT_QUERY = ["generation", "projection", ...OBJECT_PRECONDITIONS];
const COPY_QUERY = ["sourceGeneration", "projection", ...OBJECT_PRECONDITIONS, ...SOURCE_PRECONDITIONS];
const COPY_PATH = "b/:destinationBucket/o/:destinationObject";

/** Objects: https://cloud.google.com/storage/docs/json_api/v1/objects. The paths omit the prefix `/storage/v1`. */
export function objectRoutes(storage: StorageService): Route[] {
    const object = "/b/:bucket/o/:object" as const;
    return [
        route("GET", "/b/:bucket/o", (request) => list(storage, request), { query: [...LIST_QUERY, "softDeleted"] }),
        route("GET", object, (request) => get(storage, request), { query: OBJECT_QUERY }),
        route("PATCH", object, (request) => patch(storage, request), { query: OBJECT_QUERY }),
        route("PUT", object, (request) => update(storage, request), { query: OBJECT_QUERY }),
        // The Node.js client's deleteFiles() passes its listing's query to every delete.
        route("DELETE", object, (request) => remove(storage, request), { query: [...OBJECT_QUERY, ...LIST_QUERY] }),
        route("POST", `${object}/copyTo/${COPY_PATH}`, (request) => copy(storage, request), { query: COPY_QUERY }),
        route("POST", `${object}/rewriteTo/${COPY_PATH}`, (request) => rewrite(storage, request), {
            query: [...COPY_QUERY, "rewriteToken"],
        }),
        route("POST", `${object}/compose`, (request) => compose(storage, request), {
            query: ["ifGenerationMatch", "ifMetagenerationMatch"],
        }),
    ];
}

/** Downloads at `/download/storage/v1`. `mediaLink` points there, and the Python client uses this path. */
export function downloadRoutes(storage: StorageService): Route[] {
    return [route("GET", "/b/:bucket/o/:object", (request) => get(storage, request), { query: OBJECT_QUERY })];
}

function list(storage: StorageService, request: ApiRequest<{ readonly bucket: string }>) {
    const { principal, params, query, baseUrl } = request;
    const isDeleted = readBoolean(query, "softDeleted", false);
    const names = isDeleted
        ? storage.objects.keptNames(principal, params.bucket)
        : storage.objects.names(principal, params.bucket);
    const { items, prefixes, nextPageToken } = listObjects(names, readListQuery(query, isDeleted));
    return {
        body: {
            kind: "storage#objects",
            ...(nextPageToken === undefined ? {} : { nextPageToken }),
            ...(prefixes.length > 0 ? { prefixes } : {}),
            ...(items.length > 0 ? { items: items.map((object) => toObjectResource(object, baseUrl)) } : {}),
        },
    };
}

async function get(storage: StorageService, request: ObjectRequest): Promise<ApiResponse> {
    const { principal, query, headers, baseUrl } = request;
    const object = storage.objects.get(principal, objectName(request), readPreconditions(query));
    const etag = etagOf(object);
    if (headers["if-none-match"] === etag) {
        throw notModified();
    }
    if (headers["if-match"] !== undefined && headers["if-match"] !== etag && headers["if-match"] !== "*") {
        throw conditionNotMet();
    }
    if (query.get("alt") === "media") {
        return download(object, storage.blobs, headers);
    }
    return { headers: { etag }, body: toObjectResource(object, baseUrl) };
}

async function patch(storage: StorageService, request: ObjectRequest) {
    const body = await request.json<object>();
    return change(storage, request, (attributes) => mergePatch(attributes, body));
}

async function update(storage: StorageService, request: ObjectRequest) {
    const body = await request.json<object>();
    return change(storage, request, () => body);
}

async function change(storage: StorageService, request: ObjectRequest, next: (attributes: object) => object) {
    const { principal, query, baseUrl } = request;
    const object = await storage.objects.update(
        principal,
        objectName(request),
        readPreconditions(query),
        (attributes) => pickAttributes(checkBody(next(attributes), objectSchema, `${request.method} ${request.path}`)),
    );
    return { body: toObjectResource(object, baseUrl) };
}

async function remove(storage: StorageService, request: ObjectRequest) {
    const { principal, query } = request;
    await storage.objects.delete(principal, objectName(request), readPreconditions(query));
    return {};
}

function objectName({ params, query, headers }: ObjectRequest): ObjectName {
    if (headers["x-goog-encryption-algorithm"] !== undefined) {
        throw unimplemented("customer-supplied encryption keys (header X-Goog-Encryption-Algorithm)");
    }
    if (params.object === "") {
        throw invalid("Required parameter: object", "object");
    }
    const generation = query.get("generation");
    return {
        bucket: params.bucket,
        name: params.object,
        generation: generation === null ? undefined : readInt64(generation, "generation"),
    };
}
