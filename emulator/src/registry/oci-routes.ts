import { type Route, route } from "../http/router";
import type { ApiRequest, ApiResponse } from "../http/types";
import { OciError, type OciHandler, REGISTRY_HEADERS, registryPrincipal, unsupported } from "./oci-access";
import { beginUpload, cancelUpload, deleteBlob, finishUpload, getBlob, getUpload, patchUpload } from "./oci-blobs";
import { deleteManifest, getManifest, listReferrers, listTags, putManifest } from "./oci-manifests";
import type { RegistryServices } from "./service";

interface OciRoute {
    readonly method: string;
    /** Matches the part of a path after the image name. Its group captures the reference. */
    readonly pattern: RegExp;
    readonly handler: OciHandler;
    /** Accepted query parameters. Any other parameter results in a 501. */
    readonly query?: readonly string[];
}

/**
 * A pull through a mirror names the source registry in the parameter `ns`. The specification allows a registry that is
 * not a proxy to ignore it.
 */
const PULL_QUERY = ["ns"];

/** An image name may contain slashes, so these patterns match the path from its end. */
const OCI_ROUTES: readonly OciRoute[] = [
    { method: "GET", pattern: /\/tags\/list$/, handler: listTags, query: ["n", "last", ...PULL_QUERY] },
    {
        method: "GET",
        pattern: /\/referrers\/([^/]+)$/,
        handler: listReferrers,
        query: ["artifactType", ...PULL_QUERY],
    },
    { method: "GET", pattern: /\/manifests\/([^/]+)$/, handler: getManifest, query: PULL_QUERY },
    { method: "HEAD", pattern: /\/manifests\/([^/]+)$/, handler: getManifest, query: PULL_QUERY },
    { method: "PUT", pattern: /\/manifests\/([^/]+)$/, handler: putManifest, query: ["tag"] },
    { method: "DELETE", pattern: /\/manifests\/([^/]+)$/, handler: deleteManifest },
    {
        method: "POST",
        pattern: /\/blobs\/uploads\/?$/,
        handler: beginUpload,
        query: ["digest", "digest-algorithm", "mount", "from"],
    },
    // If the last chunk is rejected, clients ask for the progress at the same URL, which includes `digest`.
    { method: "GET", pattern: /\/blobs\/uploads\/([^/]+)$/, handler: getUpload, query: ["digest"] },
    { method: "PATCH", pattern: /\/blobs\/uploads\/([^/]+)$/, handler: patchUpload },
    { method: "PUT", pattern: /\/blobs\/uploads\/([^/]+)$/, handler: finishUpload, query: ["digest"] },
    { method: "DELETE", pattern: /\/blobs\/uploads\/([^/]+)$/, handler: cancelUpload },
    { method: "GET", pattern: /\/blobs\/([^/]+)$/, handler: getBlob, query: PULL_QUERY },
    { method: "HEAD", pattern: /\/blobs\/([^/]+)$/, handler: getBlob, query: PULL_QUERY },
    { method: "DELETE", pattern: /\/blobs\/([^/]+)$/, handler: deleteBlob },
];

/** The query parameters of all routes. The router accepts all of these, `dispatch` only those of the matching route. */
const OCI_QUERY: ReadonlySet<string> = new Set(OCI_ROUTES.flatMap(({ query = [] }) => query));

/**
 * The routes for the registry at `registryUri`, for docker, containerd and skopeo.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export function ociRoutes(services: RegistryServices): Route[] {
    const query = [...OCI_QUERY];
    const ping = (request: ApiRequest) => guarded(() => answerPing(services, request));
    const methods = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"];
    return [
        route("GET", "/v2", ping, { public: true }),
        route("HEAD", "/v2", ping, { public: true }),
        ...methods.map((method) =>
            route(method, "/v2/*rest", (request) => guarded(() => dispatch(services, request)), {
                public: true,
                query,
            }),
        ),
    ];
}

function answerPing({ iam }: RegistryServices, request: ApiRequest): ApiResponse {
    registryPrincipal(iam, request);
    return { headers: REGISTRY_HEADERS, body: {} };
}

async function dispatch(services: RegistryServices, request: ApiRequest): Promise<ApiResponse> {
    // The router has already rejected invalid percent-encoding.
    const path = decodeURIComponent(request.path).slice("/v2/".length);
    for (const { method, pattern, handler, query = [] } of OCI_ROUTES) {
        const match = method === request.method ? pattern.exec(path) : null;
        if (match !== null) {
            const unknown = [...request.query.keys()].find((name) => OCI_QUERY.has(name) && !query.includes(name));
            if (unknown !== undefined) {
                throw notImplemented(`query parameter "${unknown}" of ${method} ${request.path}`);
            }
            return await handler(services, request, path.slice(0, match.index), match[1] ?? "");
        }
    }
    registryPrincipal(services.iam, request);
    throw notImplemented(`${request.method} ${request.path}`);
}

function notImplemented(what: string): OciError {
    return unsupported(501, `The emulator does not implement ${what}.`);
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
