import { invalid } from "../http/errors";

/**
 * Checks a bucket name according to https://cloud.google.com/storage/docs/buckets#naming.
 *
 * @throws ApiError 400 that names the violated rule
 */
export function checkBucketName(name: string): void {
    const problem = bucketNameProblem(name);
    if (problem !== undefined) {
        throw invalid(`Invalid bucket name: '${name}': ${problem}.`, "name");
    }
}

function bucketNameProblem(name: string): string | undefined {
    const longest = name.includes(".") ? 222 : 63;
    if (name.length < 3 || name.length > longest) {
        return `it must be 3 to ${longest} characters long, not ${name.length}`;
    }
    if (!/^[a-z0-9._-]+$/.test(name)) {
        return "it may contain only lower-case letters, digits, hyphens, underscores and dots";
    }
    if (!/^[a-z0-9].*[a-z0-9]$/.test(name)) {
        return "it must begin and end with a letter or digit";
    }
    if (name.split(".").some((part) => part.length === 0 || part.length > 63)) {
        return "each part between dots must be 1 to 63 characters long";
    }
    if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) {
        return "it must not look like an IP address";
    }
    if (/^goog/.test(name) || /g[o0]{2}g[l1]e/.test(name)) {
        return 'it must neither begin with "goog" nor contain "google" or anything similar';
    }
    return undefined;
}

/**
 * Checks an object name according to https://cloud.google.com/storage/docs/objects#naming.
 *
 * @throws ApiError 400
 */
export function checkObjectName(name: string): void {
    if (name === "") {
        throw invalid("Required parameter: name", "name");
    }
    if (Buffer.byteLength(name) > 1024) {
        throw invalid(`The object name must be at most 1024 bytes in UTF-8; got ${Buffer.byteLength(name)}.`, "name");
    }
    if (/[\r\n]/.test(name) || name === "." || name === ".." || name.startsWith(".well-known/acme-challenge/")) {
        throw invalid(`Disallowed object name ${JSON.stringify(name)}.`, "name");
    }
}
