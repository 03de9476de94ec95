import type { Readable } from "node:stream";
import type { ZodType } from "zod";
import { ApiError, invalid, unimplemented } from "./errors";

const MAX_JSON_BYTES = 16 * 1024 * 1024;
/**
 * The nesting limit in protobuf's JSON parsers. Deeper bodies would overflow the stack of the code that handles them.
 */
const MAX_DEPTH = 100;

/** Reads a small body completely. Fails with 413 if it is larger than `maxBytes`. */
export async function readAll(stream: Readable, maxBytes = MAX_JSON_BYTES): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > maxBytes) {
            throw new ApiError(413, "uploadTooLarge", `The request body is larger than ${maxBytes} bytes.`);
        }
        chunks.push(chunk);
    }
    return Buffer.concat(chunks);
}

/** Parses a body as a JSON object; an empty body is `{}`. Fails with 400 for anything else. */
export function parseJsonObject(body: Buffer): object {
    if (body.length === 0) {
        return {};
    }
    let value: unknown;
    try {
        value = JSON.parse(body.toString("utf8"));
    } catch (error) {
        throw new ApiError(400, "parseError", `The request body is not JSON: ${(error as Error).message}.`);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw new ApiError(400, "parseError", "The request body must be a JSON object.");
    }
    if (isDeeperThan(value, MAX_DEPTH)) {
        throw new ApiError(400, "parseError", `The request body is nested more than ${MAX_DEPTH} levels deep.`);
    }
    return value;
}

function isDeeperThan(value: unknown, levels: number): boolean {
    if (typeof value !== "object" || value === null) {
        return false;
    }
    return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}

/** Message for a value that Google accepts but the emulator does not, such as another enum value or a second item. */
export const NOT_EMULATED = { error: "is not emulated" };

/**
 * Checks a body against the fields that the emulator implements. A `null` member counts as absent, as in every Google
 * API (https://protobuf.dev/programming-guides/json/), because clients send unset fields as `null`.
 *
 * @param where method and path of the request, for the message: "POST /storage/v1/b"
 * @throws ApiError 501 naming every field and value that the emulator does not support, or 400 naming every field with
 *     a wrong type
 */
export function checkBody<T>(value: unknown, schema: ZodType<T>, where: string): T {
    const result = schema.safeParse(withoutNulls(value));
    if (result.success) {
        return result.data;
    }
    const missing = result.error.issues.flatMap((issue) => {
        const names = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [];
        const unknown = names.map((path) => `"${path.filter((name) => name !== "").join(".")}"`);
        return issue.message === NOT_EMULATED.error ? [describe(value, issue.path)] : unknown;
    });
    if (missing.length > 0) {
        throw unimplemented(`${missing.join(", ")} in the body of ${where}`);
    }
    const problems = result.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
    throw invalid(
        `Invalid value in the body of ${where}: ${problems.join("; ")}.`,
        result.error.issues[0]?.path.join("."),
    );
}

/** Formats a member of a body and its value for a message, e.g. `"format" = "MAVEN"`. */
function describe(body: unknown, path: readonly PropertyKey[]): string {
    const value = path.reduce((inner, name) => (inner as Record<PropertyKey, unknown> | undefined)?.[name], body);
    return `"${path.join(".")}" = ${Array.isArray(value) ? `a list of ${value.length}` : JSON.stringify(value)}`;
}

/**
 * Returns a value without its null members.
 *
 * @param lists whether to drop nulls in lists too, or to keep them, usually as errors that the schema reports
 */
export function withoutNulls(value: unknown, lists: "keep" | "drop" = "keep"): unknown {
    if (Array.isArray(value)) {
        const entries = lists === "keep" ? value : value.filter((entry) => entry !== null);
        return entries.map((entry) => withoutNulls(entry, lists));
    }
    if (!isPlainObject(value)) {
        return value;
    }
    const present = Object.entries(value).filter(([, member]) => member !== null);
    return Object.fromEntries(present.map(([name, member]) => [name, withoutNulls(member, lists)]));
}

/**
 * Applies a JSON merge patch (RFC 7396): `null` deletes a member, objects are merged, and any other value replaces the
 * old one. Cloud Storage and Compute Engine define `PATCH` this way.
 */
export function mergePatch(target: unknown, patch: unknown): object {
    const result: Record<string, unknown> = isPlainObject(target) ? { ...target } : {};
    for (const [name, value] of Object.entries(patch ?? {})) {
        if (value === null) {
            delete result[name];
        } else {
            result[name] = isPlainObject(value) ? mergePatch(result[name], value) : value;
        }
    }
    return result;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
