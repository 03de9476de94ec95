import { ApiError, invalid, preconditionFailed } from "../http/errors";

/** Names of the precondition parameters of an object request: https://cloud.google.com/storage/docs/request-preconditions */
export const OBJECT_PRECONDITIONS = [
    "ifGenerationMatch",
    "ifGenerationNotMatch",
    "ifMetagenerationMatch",
    "ifMetagenerationNotMatch",
];

/** Those of a bucket request. */
export const BUCKET_PRECONDITIONS = ["ifMetagenerationMatch", "ifMetagenerationNotMatch"];

/** Those about the source of a copy. */
export const SOURCE_PRECONDITIONS = OBJECT_PRECONDITIONS.map((name) => name.replace("if", "ifSource"));

/** Preconditions of one request. Numbers as decimal text; a generation of "0" stands for "no such object". */
export interface Preconditions {
    readonly ifGenerationMatch?: string;
    readonly ifGenerationNotMatch?: string;
    readonly ifMetagenerationMatch?: string;
    readonly ifMetagenerationNotMatch?: string;
}

/** What preconditions compare with. */
export interface Versioned {
    readonly generation: string;
    readonly metageneration: number;
}

/**
 * Reads the preconditions in a query.
 *
 * @param prefix "if", or "ifSource" for those about the source of a copy
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

/** A 64-bit unsigned number in decimal digits, without leading zeros. 400 for anything else. */
export function readInt64(value: string, parameter: string): string {
    if (!/^\d{1,19}$/.test(value)) {
        throw invalid(`Invalid value "${value}" for ${parameter}: it must be a 64-bit integer.`, parameter);
    }
    return BigInt(value).toString();
}

/**
 * Checks preconditions against what there is.
 *
 * @param current undefined when there is no such object
 * @param access a "not match" that fails answers a read with 304, a write with 412
 * @throws ApiError 412 conditionNotMet, or 304
 */
export function checkPreconditions(
    wanted: Preconditions,
    current: Versioned | undefined,
    access: "read" | "write",
): void {
    const generation = current?.generation ?? "0";
    const metageneration = current === undefined ? undefined : String(current.metageneration);
    if (wanted.ifGenerationMatch !== undefined && wanted.ifGenerationMatch !== generation) {
        throw conditionNotMet();
    }
    if (wanted.ifMetagenerationMatch !== undefined && wanted.ifMetagenerationMatch !== metageneration) {
        throw conditionNotMet();
    }
    if (wanted.ifGenerationNotMatch === generation || isSame(wanted.ifMetagenerationNotMatch, metageneration)) {
        throw access === "read" ? notModified() : conditionNotMet();
    }
}

function isSame(wanted: string | undefined, actual: string | undefined): boolean {
    return wanted !== undefined && wanted === actual;
}

/** Google's words for a precondition that does not hold. */
export function conditionNotMet(): ApiError {
    return preconditionFailed("At least one of the pre-conditions you specified did not hold.");
}

/** 304; the server sends it without a body. */
export function notModified(): ApiError {
    return new ApiError(304, "notModified", "Not Modified");
}
