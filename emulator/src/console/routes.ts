import { permissionDenied } from "../http/errors";
import { type Route, route } from "../http/router";
import type { ApiRequest, ApiResponse } from "../http/types";
import type { StorageService } from "../storage/service";
import { type Html, html, Html as RawHtml } from "./html";
import { type ConsoleServices, sections } from "./sections";
import { SCRIPT, STYLE } from "./style";

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;
const HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
};

/**
 * The console page, at `/`. It is read-only. Because it is served without a token, it accepts only requests to this
 * machine's own names, so a website whose domain name points to this machine cannot read it.
 */
export function consoleRoutes(services: ConsoleServices): Route[] {
    return [
        route("GET", "/", (request) => page(services, request), { public: true }),
        route("GET", "/console/object", (request) => object(services.storage, request), {
            public: true,
            query: ["bucket", "name"],
        }),
        route("GET", "/console/report", (request) => report(services.storage, request), {
            public: true,
            query: ["bucket", "name"],
        }),
    ];
}

async function page(services: ConsoleServices, request: ApiRequest): Promise<ApiResponse> {
    requireLoopback(request);
    return {
        headers: {
            ...HEADERS,
            "content-type": "text/html; charset=utf-8",
            "content-security-policy":
                "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'",
        },
        body: `<!doctype html>\n${(await render(services, request.baseUrl)).text}\n`,
    };
}

async function render(services: ConsoleServices, baseUrl: string): Promise<Html> {
    const all = await sections(services);
    const overview = all.map(({ id, title, count }) => html`<a href="#${id}"><b>${count}</b><span>${title}</span></a>`);
    const bodies = all.map(({ id, title, content }) => html`<section id="${id}"><h2>${title}</h2>${content}</section>`);
    return html`<html lang="en"><head><meta charset="utf-8"><title>gcp-trainer emulator</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>${new RawHtml(STYLE)}</style></head><body>
<header><h1>Google Cloud on this machine</h1><span>${baseUrl}, ${services.runtime} runtime, times in UTC</span></header>
<main><nav>${overview}</nav>${bodies}<footer>The gcp-trainer emulator. This page is read-only.</footer></main>
<script>${new RawHtml(SCRIPT)}</script></body></html>`;
}

/** Returns an object as plain text, so that a browser never renders HTML from a trainer as a page of this server. */
async function object(storage: StorageService, request: ApiRequest): Promise<ApiResponse> {
    requireLoopback(request);
    const target = { bucket: request.query.get("bucket") ?? "", name: request.query.get("name") ?? "" };
    const found = storage.objects.get({ kind: "owner" }, target);
    return {
        headers: {
            ...HEADERS,
            "content-type": "text/plain; charset=utf-8",
            "content-security-policy": "sandbox; default-src 'none'",
        },
        body: await storage.blobs.read(found.blob.id),
    };
}

/**
 * Returns a trainer's report as a page. The page is sandboxed with its own origin and no network access, so its scripts
 * cannot read or change anything on this server.
 */
async function report(storage: StorageService, request: ApiRequest): Promise<ApiResponse> {
    const answer = await object(storage, request);
    return {
        ...answer,
        headers: {
            ...answer.headers,
            "content-type": "text/html; charset=utf-8",
            "content-security-policy":
                "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'",
        },
    };
}

function requireLoopback(request: ApiRequest): void {
    if (!LOOPBACK.test(request.headers.host ?? "")) {
        throw permissionDenied(
            `The console accepts only the names 127.0.0.1 and localhost; this request names ${request.headers.host}.`,
        );
    }
}
