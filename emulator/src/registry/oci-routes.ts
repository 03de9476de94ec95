import { unimplemented } from "../http/errors";
import { type Route, route } from "../http/router";
import type { ApiRequest, ApiResponse } from "../http/types";
import { OciError, type OciHandler, REGISTRY_HEADERS, registryPrincipal } from "./oci-access";
import { beginUpload, cancelUpload, finishUpload, getBlob, getUpload, patchUpload } from "./oci-blobs";
import { deleteManifest, getManifest, listTags, putManifest } from "./oci-manifests";
import type { RegistryServices } from "./service";

interface OciRoute {
    readonly method: string;
    /** The part after the image name. Its group captures the reference. */
    readonly pattern: RegExp;
    readonly handler: OciHandler;
}

/** An image name may contain slashes, so these patterns match the path from its end. */
const OCI_ROUTES: readonly OciRoute[] = [
    { method: "GET", pattern: /\/tags\/list$/, handler: listTags },
    { method: "GET", pattern: /\/manifests\/([^/]+)$/, handler: getManifest },
    { method: "HEAD", pattern: /\/manifests\/([^/]+)$/, handler: getManifest },
    { method: "PUT", pattern: /\/manifests\/([^/]+)$/, handler: putManifest },
    { method: "DELETE", pattern: /\/manifests\/([^/]+)$/, handler: deleteManifest },
    { method: "POST", pattern: /\/blobs\/uploads\/?$/, handler: beginUpload },
    { method: "GET", pattern: /\/blobs\/uploads\/([^/]+)$/, handler: getUpload },
    { method: "PATCH", pattern: /\/blobs\/uploads\/([^/]+)$/, handler: patchUpload },
    { method: "PUT", pattern: /\/blobs\/uploads\/([^/]+)$/, handler: finishUpload },
    { method: "DELETE", pattern: /\/blobs\/uploads\/([^/]+)$/, handler: cancelUpload },
    { method: "GET", pattern: /\/blobs\/([^/]+)$/, handler: getBlob },
    { method: "HEAD", pattern: /\/blobs\/([^/]+)$/, handler: getBlob },
];

/**
 * The routes of the registry at `registryUri`, for docker, containerd and skopeo.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export function ociRoutes(services: RegistryServices): Route[] {
    const options = { public: true, query: ["digest", "mount", "from", "n", "last", "ns"] };
    const methods = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"];
    return [
        route("GET", "/v2", (request) => guarded(() => ping(services, request)), { public: true }),
        ...methods.map((method) =>
            route(method, "/v2/*rest", (request) => guarded(() => dispatch(services, request)), options),
        ),
    ];
}

function ping({ iam }: RegistryServices, request: ApiRequest): ApiResponse {
    registryPrincipal(iam, request);
    return { headers: REGISTRY_HEADERS, body: {} };
}

async function dispatch(services: RegistryServices, request: ApiRequest): Promise<ApiResponse> {
    const path = decodeURIComponent(request.path).slice("/v2/".length);
    for (const { method, pattern, handler } of OCI_ROUTES) {
        const match = method === request.method ? pattern.exec(path) : null;
        if (match !== null) {
            return await handler(services, request, path.slice(0, match.index), match[1] ?? "");
        }
    }
    throw unimplemented(`${request.method} ${request.path}`);
}

async function guarded(handle: () => Promise<ApiResponse> | ApiResponse): Promise<ApiResponse> {
    try {
        return await handle();
    } catch (error) {
        if (error instanceof OciError) {
            return error.response();
        }
        throw error;
    }
}
