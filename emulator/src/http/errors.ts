/** One entry in Google's `error.errors[]`; clients evaluate `reason`. */
interface ErrorDetail {
    readonly message: string;
    readonly domain: string;
    readonly reason: string;
    readonly location?: string;
    readonly locationType?: string;
}

/**
 * The format of an API's errors. "reasons" is the format of Cloud Storage and Compute Engine, with `errors[]`
 * (https://cloud.google.com/storage/docs/json_api/v1/status-codes). "status" is the format of newer APIs, with a
 * canonical name and `details[]` (https://google.aip.dev/193).
 */
export type ErrorStyle = "reasons" | "status";

/** The JSON body of every failed request. */
export interface ErrorBody {
    readonly error: {
        readonly code: number;
        readonly message: string;
        readonly status?: string;
        readonly errors?: readonly ErrorDetail[];
        readonly details?: readonly object[];
    };
}

/**
 * Canonical names from https://cloud.google.com/apis/design/errors by HTTP status, for errors without an explicit name.
 */
const STATUS_NAMES: Readonly<Record<number, string>> = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    416: "OUT_OF_RANGE",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
};

/** Optional fields for an ApiError. */
export interface ApiErrorOptions {
    /** Canonical name, e.g. "ABORTED". Default: the name for the HTTP status. */
    readonly status?: string;
    /** The parameter, header or field that caused the error. */
    readonly location?: string;
    readonly locationType?: "parameter" | "header" | "other";
    /** Additional response headers, e.g. `WWW-Authenticate`. */
    readonly headers?: Readonly<Record<string, string>>;
    /** The `domain` of `errors[]`. Default: "global". */
    readonly domain?: string;
    /** Typed details for APIs that have them, e.g. a google.rpc.ErrorInfo. */
    readonly details?: readonly object[];
}

/**
 * A failure that the caller sees, as an HTTP status and Google's JSON error body. Anything else that is thrown is a bug
 * and becomes a 500.
 */
export class ApiError extends Error {
    readonly status: string;
    readonly headers: Readonly<Record<string, string>>;

    readonly code: number;
    readonly reason: string;
    readonly #options: ApiErrorOptions;

    constructor(code: number, reason: string, message: string, options: ApiErrorOptions = {}) {
        super(message);
        this.code = code;
        this.reason = reason;
        this.#options = options;

        this.name = "ApiError";
        this.status = options.status ?? STATUS_NAMES[code] ?? "UNKNOWN";
        this.headers = options.headers ?? {};
    }

    body(style: ErrorStyle): ErrorBody {
        const { location, locationType, details, domain = "global" } = this.#options;
        if (style === "status") {
            const { code, message, status } = this;
            return { error: { code, message, status, ...(details === undefined ? {} : { details }) } };
        }
        const where = location === undefined ? {} : { location, locationType: locationType ?? "parameter" };
        const detail: ErrorDetail = { message: this.message, domain, reason: this.reason, ...where };
        return { error: { code: this.code, message: this.message, errors: [detail] } };
    }
}

/** 400: the request itself is wrong. */
export function invalid(message: string, location?: string): ApiError {
    return new ApiError(400, "invalid", message, location === undefined ? {} : { location });
}

/** 401: the request lacks a valid credential. */
export function unauthenticated(message: string): ApiError {
    return new ApiError(401, "authError", message, {
        location: "Authorization",
        locationType: "header",
        headers: { "www-authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"' },
    });
}

/** 403: the principal lacks a permission. */
export function permissionDenied(message: string, details?: readonly object[]): ApiError {
    return new ApiError(403, "forbidden", message, details === undefined ? {} : { details });
}

/** 404: the resource does not exist. */
export function notFound(message: string): ApiError {
    return new ApiError(404, "notFound", message);
}

/** 409: the name is taken, or the state of the resource does not allow the change. */
export function alreadyExists(message: string): ApiError {
    return new ApiError(409, "conflict", message);
}

/** 409 for a stale etag in a read-modify-write cycle; clients read again and retry. */
export function aborted(message: string): ApiError {
    return new ApiError(409, "aborted", message, { status: "ABORTED" });
}

/** 412: a precondition such as `ifGenerationMatch` failed. */
export function preconditionFailed(message: string, location = "If-Match"): ApiError {
    return new ApiError(412, "conditionNotMet", message, { location, locationType: "header" });
}

/**
 * 501: Google supports the feature, but the emulator does not. `what` names the missing route, parameter, field or
 * role.
 */
export function unimplemented(what: string): ApiError {
    return new ApiError(501, "notImplemented", `The emulator does not implement ${what}.`);
}
