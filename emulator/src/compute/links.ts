import { createHash, randomBytes } from "node:crypto";
import { ApiError, invalid, notFound, preconditionFailed } from "../http/errors";

/**
 * Prefix of every link. The provider compares image links with this host (see the docs on `sourceImage`), regardless of
 * the endpoint.
 */
export const COMPUTE_URL = "https://www.googleapis.com/compute/v1/";

/** Pattern of resource names: https://cloud.google.com/compute/docs/naming-resources */
const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const ZONE = /^[a-z]+-[a-z]+[0-9]+-[a-z]$/;
const REGION = /^[a-z]+-[a-z]+[0-9]+$/;

/** `https://www.googleapis.com/compute/v1/<path>`. */
export function selfLink(path: string): string {
    return COMPUTE_URL + path;
}

/** Path of a resource, i.e. its self link without the host. */
export function pathOf(resource: { readonly selfLink: string }): string {
    return resource.selfLink.slice(COMPUTE_URL.length);
}

/**
 * Returns the path for a reference in any format that clients use: a full URL with any host and version,
 * `projects/...`, or a path without the project.
 * @throws ApiError 400 for anything else.
 */
export function referencePath(reference: string, project: string, field: string): string {
    const path = reference.replace(/^https?:\/\/[^/]+\/(compute\/[^/]+\/)?/, "");
    if (/^projects\/[^/]+\/(global|zones\/[^/]+|regions\/[^/]+)\/[a-zA-Z]+\/.+$/.test(path)) {
        return path;
    }
    if (/^(global|zones\/[^/]+|regions\/[^/]+)\/[a-zA-Z]+\/.+$/.test(path)) {
        return `projects/${project}/${path}`;
    }
    throw invalid(`Invalid value for field '${field}': '${reference}'. The URL is malformed.`, field);
}

/** Path of an instance, built from its route parameters. */
export function instancePath(params: {
    readonly project: string;
    readonly zone: string;
    readonly name: string;
}): string {
    return `projects/${params.project}/zones/${params.zone}/instances/${params.name}`;
}

/** Last segment of a path or link. */
export function lastSegment(path: string): string {
    return path.slice(path.lastIndexOf("/") + 1);
}

/** Region of a zone: `us-central1-a` -> `us-central1`. */
export function regionOf(zone: string): string {
    return zone.slice(0, zone.lastIndexOf("-"));
}

/** @throws ApiError 400 for a name that Compute Engine would reject. */
export function checkName(name: string, field = "resource.name"): string {
    if (!NAME.test(name)) {
        throw invalid(
            `Invalid value for field '${field}': '${name}'. Must be a match of regex '${NAME.source}' (1 to 63 lower-case letters, digits and hyphens).`,
            field,
        );
    }
    return name;
}

/** @throws ApiError 404 for an invalid zone. */
export function checkZone(project: string, zone: string): string {
    if (!ZONE.test(zone)) {
        throw missing(`projects/${project}/zones/${zone}`);
    }
    return zone;
}

/** @throws ApiError 404 for an invalid region. */
export function checkRegion(project: string, region: string): string {
    if (!REGION.test(region)) {
        throw missing(`projects/${project}/regions/${region}`);
    }
    return region;
}

/** Creates the 404 with Compute Engine's message. */
export function missing(path: string): ApiError {
    return notFound(`The resource '${path}' was not found`);
}

/** Creates the 409 with Compute Engine's message. */
export function taken(path: string): ApiError {
    return new ApiError(409, "alreadyExists", `The resource '${path}' already exists`);
}

/** Creates the 400 for a resource that another resource still uses. */
export function inUse(path: string, user: string): ApiError {
    return new ApiError(
        400,
        "resourceInUseByAnotherResource",
        `The resource '${path}' is already being used by '${user}'`,
    );
}

/**
 * Creates a 64-bit id as a string: https://cloud.google.com/compute/docs/reference/rest/v1/instances (`id`, uint64).
 */
export function newId(): string {
    return String((randomBytes(8).readBigUInt64BE() >> 1n) | (1n << 60n));
}

/** Base64 fingerprint for a value that is always set as a whole. */
export function fingerprint(value: unknown): string {
    return createHash("sha256").update(JSON.stringify(value)).digest().subarray(0, 9).toString("base64");
}

/** @throws ApiError 412 for a stale fingerprint. @param what name of the value for the message, e.g. "labels" */
export function requireFingerprint(sent: unknown, current: string, what: string): void {
    if (sent !== current) {
        throw preconditionFailed(
            `Supplied fingerprint does not match current ${what} fingerprint. Read the resource again and send its fingerprint (${current}).`,
        );
    }
}

/** Current time in Compute Engine's format: RFC 3339 with milliseconds. */
export function timestamp(date = new Date()): string {
    return date.toISOString();
}
