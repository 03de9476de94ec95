import type { IncomingHttpHeaders } from "node:http";
import { permissionDenied } from "./errors";

/** Names of this machine's loopback interface, as they stand in a URL. */
export const LOOPBACK_NAMES: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Rejects requests that a web page elsewhere makes a browser on this machine send.
 *
 * A page that points its own name at this machine (DNS rebinding) is of the same origin as the emulator for the
 * browser; its requests name that host, which is not in `names`. A page on another origin sends `Origin` with every
 * request that changes something, and modern browsers send `Sec-Fetch-Site` with every request to loopback. Programs
 * send neither.
 *
 * @param names hosts that a request may name, without a port
 * @throws ApiError 403 that names the host or the origin
 * @see https://fetch.spec.whatwg.org/#origin-header and https://w3c.github.io/webappsec-fetch-metadata/
 */
export function checkCaller(headers: IncomingHttpHeaders, names: readonly string[]): void {
    const host = headers.host ?? "";
    if (!names.includes(host.toLowerCase().replace(/:\d+$/, ""))) {
        throw permissionDenied(
            `The emulator answers requests to ${names.join(", ")}; this one names ${JSON.stringify(host)}.`,
        );
    }
    const { origin } = headers;
    if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
        throw permissionDenied(`The emulator takes no requests of web pages elsewhere; this one is of ${origin}.`);
    }
    const site = headers["sec-fetch-site"];
    // A person who follows a link to the console navigates, from whatever page.
    const isNavigation = headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
    if (site !== undefined && site !== "same-origin" && site !== "none" && !isNavigation) {
        throw permissionDenied(`The emulator takes no requests of web pages elsewhere; this one is ${String(site)}.`);
    }
}
