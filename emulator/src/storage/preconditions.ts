import { ApiError, invalid, preconditionFailed } from "../http/errors";

/**
 * Names of the precondition parameters in an object request:
 * https://cloud.google.com/storage/docs/request-preconditions
 */
export const OBJECT_PRECONDITIONS = [
    "ifGenerationMatch",
    "ifGenerationNotMatch",
    "ifMetagenerationMatch",
    "ifMetagenerationNotMatch",
];

/** Precondition parameters in a bucket request. */
export const BUCKET_PRECONDITIONS = ["ifMetagenerationMatch", "ifMetagenerationNotMatch"];

/** Precondition parameters for the source of a copy. */
export const SOURCE_PRECONDITIONS = OBJECT_PRECONDITIONS.map((name) => name.replace("if", "ifSource"));

/**
 * The preconditions in a request. Numbers are decimal strings; a generation of "0" means that the object must not
 * exist.
 */
export interface Preconditions {
    readonly ifGenerationMatch?: string;
    readonly ifGenerationNotMatch?: string;
    readonly ifMetagenerationMatch?: string;
    readonly ifMetagenerationNotMatch?: string;
}

/** The current version numbers against which preconditions are checked. */
export interface Versioned {
    readonly generation: string;
    readonly metageneration: number;
}

/**
 * Parses the preconditions in a query.
 *
 * @param prefix "if", or "ifSource" for the source of a copy
 * @throws ApiError 400 for a value that is not a 64-bit number
 */
export function readPreconditions(query: URLSearchParams, prefix: "if" | "ifSource" = "if"): Preconditions {
    const found: Record<string, string> = {};
    for (const name of OBJECT_PRECONDITIONS) {
        const parameter = name.replace("if", prefix);
        const value = query.get(parameter);
        if (value !== null) {
            found[name] = readInt64(value, parameter);
        }
    }
    return found;
}

/** Parses an unsigned 64-bit integer in decimal digits, without leading zeros. Fails with 400 for anything else. */
export function readInt64(value: string, parameter: string): string {
    if (!/^\d{1,19}$/.test(value)) {
        throw invalid(`Invalid value "${value}" for ${parameter}: it must be a 64-bit integer.`, parameter);
    }
    return BigInt(value).toString();
}

/**
 * Checks preconditions against the current version.
 *
 * @param current undefined if the object does not exist
 * @param access kind of access: a failed "not match" condition returns 304 for a read and 412 for a write
 * @throws ApiError 412 conditionNotMet, or 304
 */
export function checkPreconditions(
    required: Preconditions,
    current: Versioned | undefined,
    access: "read" | "write",
): void {
    const generation = current?.generation ?? "0";
    const metageneration = current === undefined ? undefined : String(current.metageneration);
    if (required.ifGenerationMatch !== undefined && required.ifGenerationMatch !== generation) {
        throw conditionNotMet();
    }
    if (required.ifMetagenerationMatch !== undefined && required.ifMetagenerationMatch !== metageneration) {
        throw conditionNotMet();
    }
    if (required.ifGenerationNotMatch === generation || isSame(required.ifMetagenerationNotMatch, metageneration)) {
        throw access === "read" ? notModified() : conditionNotMet();
    }
}

function isSame(required: string | undefined, actual: string | undefined): boolean {
    return required !== undefined && required === actual;
}

/** Creates the 412 with Google's message. */
export function conditionNotMet(): ApiError {
    return preconditionFailed("At least one of the pre-conditions you specified did not hold.");
}

/** Creates the 304, which the server sends without a body. */
export function notModified(): ApiError {
    return new ApiError(304, "notModified", "Not Modified");
}
