import { checkBody } from "../http/body";
import { invalid, unimplemented } from "../http/errors";
import { mergePatch } from "../http/merge-patch";
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

/** Objects: https://cloud.google.com/storage/docs/json_api/v1/objects. Paths without `/storage/v1`. */
export const objectRoutes: readonly Route[] = [
    route("GET", "/b/:bucket/o", list, { query: LIST_QUERY }),
    route("GET", "/b/:bucket/o/:object", get, { query: OBJECT_QUERY }),
    route("PATCH", "/b/:bucket/o/:object", patch, { query: OBJECT_QUERY }),
    route("PUT", "/b/:bucket/o/:object", update, { query: OBJECT_QUERY }),
    // The Node.js client's deleteFiles() hands the query of its listing on to every delete.
    route("DELETE", "/b/:bucket/o/:object", remove, { query: [...OBJECT_QUERY, ...LIST_QUERY] }),
    route("POST", `/b/:bucket/o/:object/copyTo/${COPY_PATH}`, copy, { query: COPY_QUERY }),
    route("POST", `/b/:bucket/o/:object/rewriteTo/${COPY_PATH}`, rewrite, { query: [...COPY_QUERY, "rewriteToken"] }),
    route("POST", "/b/:bucket/o/:object/compose", compose, { query: ["ifGenerationMatch", "ifMetagenerationMatch"] }),
];

/** Downloads at `/download/storage/v1`: where `mediaLink` points, and the Python client reads. */
export const downloadRoutes: readonly Route[] = [route("GET", "/b/:bucket/o/:object", get, { query: OBJECT_QUERY })];

function list(request: ApiRequest<{ readonly bucket: string }>) {
    const { services, principal, params, query, baseUrl } = request;
    const objects = services.storage.objects.all(principal, params.bucket);
    const { items, prefixes, nextPageToken } = listObjects(objects, readListQuery(query));
    return {
        body: {
            kind: "storage#objects",
            ...(nextPageToken === undefined ? {} : { nextPageToken }),
            ...(prefixes.length > 0 ? { prefixes } : {}),
            ...(items.length > 0 ? { items: items.map((object) => toObjectResource(object, baseUrl)) } : {}),
        },
    };
}

async function get(request: ObjectRequest): Promise<ApiResponse> {
    const { services, principal, query, headers, baseUrl } = request;
    const object = services.storage.objects.get(principal, objectName(request), readPreconditions(query));
    const etag = etagOf(object);
    if (headers["if-none-match"] === etag) {
        throw notModified();
    }
    if (headers["if-match"] !== undefined && headers["if-match"] !== etag && headers["if-match"] !== "*") {
        throw conditionNotMet();
    }
    if (query.get("alt") === "media") {
        return download(object, services.storage.blobs, headers);
    }
    return { headers: { etag }, body: toObjectResource(object, baseUrl) };
}

async function patch(request: ObjectRequest) {
    const body = await request.json<object>();
    return change(request, (attributes) => mergePatch(attributes, body));
}

async function update(request: ObjectRequest) {
    const body = await request.json<object>();
    return change(request, () => body);
}

async function change(request: ObjectRequest, next: (attributes: object) => object) {
    const { services, principal, query, baseUrl } = request;
    const object = await services.storage.objects.update(
        principal,
        objectName(request),
        readPreconditions(query),
        (attributes) => pickAttributes(checkBody(next(attributes), objectSchema, `${request.method} ${request.path}`)),
    );
    return { body: toObjectResource(object, baseUrl) };
}

async function remove(request: ObjectRequest) {
    const { services, principal, query } = request;
    await services.storage.objects.delete(principal, objectName(request), readPreconditions(query));
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
