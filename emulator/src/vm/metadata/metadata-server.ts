import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { type Route, route } from "../../http/router";
import type { ApiRequest, ApiResponse } from "../../http/types";
import { mintToken } from "../../iam/tokens";
import type { Guest } from "../guest/guest";
import {
    isDirectory,
    listDirectory,
    type MetadataSource,
    metadataAt,
    metadataTree,
    recursiveJson,
    valueText,
} from "./metadata-tree";

const FLAVOR = { "metadata-flavor": "Google", server: "Metadata Server for VM" };
const ROOT = "/computeMetadata/v1/";
const POLL_MS = 50;

/**
 * Routes for a VM's metadata server, on the VM's own endpoint. A key that does not exist returns 404. A request without
 * `Metadata-Flavor: Google` returns 403.
 * @see https://cloud.google.com/compute/docs/metadata/querying-metadata
 */
export function metadataRoutes(source: () => MetadataSource): Route[] {
    const options = { public: true, query: ["recursive", "last_etag", "scopes", "timeout_sec", "wait_for_change"] };
    const root = () => text("0.1/\ncomputeMetadata/\n");
    return [
        route("GET", "/", root, { public: true }),
        route("GET", "/computeMetadata/", () => text("v1/\n"), { public: true }),
        route("GET", "/computeMetadata/v1", (request) => answer(request, source), options),
        route("GET", "/computeMetadata/v1/*path", (request) => answer(request, source), options),
    ].map(withFlavor);
}

/** Routes for the shims inside the VM, which are not part of Google's API. */
export function guestRoutes(machine: () => Guest): Route[] {
    return [
        route(
            "POST",
            "/emulator/v1/guest/systemctl",
            async (request) => {
                const { args } = await request.json<{ args?: unknown }>();
                const words = Array.isArray(args) ? args.map(String) : [];
                return { body: { ...(await machine().systemctl(words)) } };
            },
            { public: true },
        ),
        // The response stays open as long as the VM is on.
        route("GET", "/emulator/v1/guest/lifeline", () => ({ body: openEnded() }), { public: true }),
    ].map(withFlavor);
}

/**
 * Requires `Metadata-Flavor`, which a web page cannot set on a request to another origin, and rejects requests with
 * `X-Forwarded-For`, which a forwarding proxy adds.
 */
function withFlavor(one: Route): Route {
    return {
        ...one,
        handler: (request) => {
            if (request.headers["metadata-flavor"] !== "Google") {
                return text("Missing Metadata-Flavor:Google header.\n", 403);
            }
            if (request.headers["x-forwarded-for"] !== undefined) {
                return text("The metadata server does not accept forwarded requests.\n", 403);
            }
            return one.handler(request);
        },
    };
}

function openEnded(): Readable {
    const stream = new Readable({ read: () => undefined });
    stream.push("on\n");
    return stream;
}

async function answer(request: ApiRequest, current: () => MetadataSource): Promise<ApiResponse> {
    if (!request.path.startsWith(ROOT)) {
        return redirect(request);
    }
    const path = decodeURIComponent(request.path.slice(ROOT.length));
    if (request.query.get("wait_for_change")?.toLowerCase() === "true") {
        await untilChange(request, () => etagOf(current(), path));
    }
    const source = current();
    const found = answerNow(request, source, path);
    return { ...found, headers: { ...found.headers, etag: etagOf(source, path) } };
}

/** Computes a hash that identifies the value of a key. */
function etagOf(source: MetadataSource, path: string): string {
    const node = metadataAt(metadataTree(source), path);
    return createHash("sha256")
        .update(JSON.stringify(node ?? null))
        .digest("hex")
        .slice(0, 16);
}

/**
 * Waits until a value changes, the client's time limit expires, or the client disconnects.
 * @see https://cloud.google.com/compute/docs/metadata/querying-metadata#waitforchange
 */
async function untilChange({ query, stream }: ApiRequest, etag: () => string): Promise<void> {
    const known = query.get("last_etag") ?? etag();
    const seconds = Number(query.get("timeout_sec") ?? Number.NaN);
    const endMs = Number.isFinite(seconds) ? Date.now() + seconds * 1000 : Number.POSITIVE_INFINITY;
    while (etag() === known && Date.now() < endMs && !stream.socket.destroyed) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref());
    }
}

function answerNow(request: ApiRequest, source: MetadataSource, path: string): ApiResponse {
    const token = /^instance\/service-accounts\/([^/]+)\/token\/?$/.exec(path);
    if (token !== null) {
        return tokenOf(source, token[1] ?? "");
    }
    const node = metadataAt(metadataTree(source), path);
    if (node === undefined) {
        return text(`404 page not found: ${path}\n`, 404);
    }
    const recursive = request.query.get("recursive")?.toLowerCase() === "true";
    if (recursive || request.query.get("alt") === "json") {
        const headers = { ...FLAVOR, "content-type": "application/json" };
        return { headers, body: JSON.stringify(recursiveJson(node, path.split("/").filter(Boolean).at(-1))) };
    }
    if (!isDirectory(node)) {
        return text(valueText(node));
    }
    return request.path.endsWith("/") ? text(listDirectory(node)) : redirect(request);
}

/** https://cloud.google.com/compute/docs/access/authenticate-workloads#applications */
function tokenOf(source: MetadataSource, account: string): ApiResponse {
    const own = source.serviceAccount;
    if (own === undefined || (account !== "default" && account !== own.email)) {
        return text(`404 page not found: service account ${account}\n`, 404);
    }
    const { accessToken, expiresInSeconds } = mintToken(own.email, own.scopes);
    return {
        headers: { ...FLAVOR, "content-type": "application/json" },
        body: JSON.stringify({ access_token: accessToken, expires_in: expiresInSeconds, token_type: "Bearer" }),
    };
}

function redirect(request: ApiRequest): ApiResponse {
    const query = request.query.toString();
    return {
        status: 301,
        headers: { ...FLAVOR, location: `${request.baseUrl}${request.path}/${query && `?${query}`}` },
        body: "",
    };
}

function text(body: string, status = 200): ApiResponse {
    return { status, headers: { ...FLAVOR, "content-type": "application/text" }, body };
}
