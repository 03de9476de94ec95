import type { IncomingHttpHeaders } from "node:http";
import { permissionDenied } from "./errors";

/** Names of this machine's loopback interface, as written in a URL. */
export const LOOPBACK_NAMES: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Rejects requests that a browser on this machine sends on behalf of a foreign web page.
 *
 * To the browser, a page whose domain name points to this machine (DNS rebinding) has the same origin as the emulator,
 * but its requests name that host, which is not in `names`. A page on another origin sends `Origin` with every request
 * that changes something, and modern browsers send `Sec-Fetch-Site` with every request to loopback. Other programs send
 * neither.
 *
 * @param names hosts that a request may name, without a port
 * @throws ApiError 403 that names the host or the origin
 * @see https://fetch.spec.whatwg.org/#origin-header and https://w3c.github.io/webappsec-fetch-metadata/
 */
export function checkCaller(headers: IncomingHttpHeaders, names: readonly string[]): void {
    const host = headers.host ?? "";
    if (!names.includes(host.toLowerCase().replace(/:\d+$/, ""))) {
        throw permissionDenied(
            `The emulator accepts requests to ${names.join(", ")}; this one names ${JSON.stringify(host)}.`,
        );
    }
    const { origin } = headers;
    if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
        throw permissionDenied(`The emulator rejects requests from other web pages; this one came from ${origin}.`);
    }
    const site = headers["sec-fetch-site"];
    // Following a link to the console is a navigation, no matter which page contains the link.
    const isNavigation = headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
    if (site !== undefined && site !== "same-origin" && site !== "none" && !isNavigation) {
        throw permissionDenied(`The emulator rejects requests from other web pages; this one is ${String(site)}.`);
    }
}
