/**
 * The meaning that an error from Google's clients has for a waiter: `expired` credentials, `denied` permission, a
 * `missing` object, a `transient` error, or any `other`.
 */
export type ErrorKind = "expired" | "denied" | "missing" | "transient" | "other";

/** Data for an error that ends an update. */
export interface Failure {
    summary: string;
    /** The last lines of a log, under a heading. */
    log?: { heading: string; lines: string[] };
    /** Lines about the run's VM. */
    details?: string[];
    /** Advice for a deployed stack. A program that destroys the stack itself gives its own advice. */
    hints: {
        /** The complete log's location. */
        log?: string;
        /** The next step. */
        next: string;
    };
}

/** Renders a failure, on a single line if it has neither log nor details. */
export function renderFailure({ summary, log, details, hints }: Failure, withHints: boolean): string {
    const lines = log ? [log.heading, ...log.lines.map((line) => `| ${line}`)] : [];
    if (withHints && hints.log) {
        lines.push(hints.log);
    }
    lines.push(...(details ?? []), ...(withHints ? [hints.next] : []));
    return [summary, ...lines].join(log || details ? "\n" : " ");
}

/** An error that ends the update. */
export function fatalError(failure: Failure, cause?: unknown): Error & { failure: Failure } {
    return Object.assign(new Error(renderFailure(failure, true), { cause }), { failure });
}

/** True for an error created by `fatalError`. */
export function isFatal(error: unknown): error is Error & { failure: Failure } {
    return error instanceof Error && "failure" in error;
}

/** The error's message, or the thrown value as text. For failed downloads, Google's clients use the JSON response. */
export function messageOf(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    if (!text.startsWith("{")) {
        return text;
    }
    try {
        const { message } = (JSON.parse(text) as { error: { message: unknown } }).error;
        return typeof message === "string" ? message : text;
    } catch {
        return text;
    }
}

/** An error's message, for use within a sentence: without a full stop at its end. */
export function detailOf(error: unknown): string {
    return messageOf(error).replace(/\.\s*$/, "");
}

/** HTTP status in an error from @google-cloud/storage (`code`) or google-auth-library (`status`), if it has one. */
export function httpStatusOf(error: unknown): number | undefined {
    const { code, status, response } = propertiesOf(error);
    for (const value of [code, status, propertiesOf(response).status]) {
        const number = typeof value === "string" && /^\d{3}$/.test(value) ? Number(value) : value;
        if (typeof number === "number" && number >= 100 && number < 600) {
            return number;
        }
    }
    return undefined;
}

/** The error for a response that is truncated or did not come from Google Cloud, such as a captive portal's page. */
export function incompleteAnswer(message: string): Error {
    return Object.assign(new Error(message), { code: "INCOMPLETE_ANSWER" });
}

/**
 * True if Google Cloud itself sent the error. Its JSON responses contain a list `errors`, which responses from proxies
 * lack.
 */
export function isApiError(error: unknown): boolean {
    const { errors, response } = propertiesOf(error);
    const nested = propertiesOf(propertiesOf(propertiesOf(response).data).error).errors;
    return [errors, nested].some((list) => Array.isArray(list) && list.length > 0);
}

/** Classifies an error from Google's clients. */
export function classifyError(error: unknown): ErrorKind {
    const text = messageOf(error);
    // A rejected refresh token results in 400 "invalid_grant", with "invalid_rapt" if Google requires the user to log
    // in again.
    if (/invalid_grant|invalid_rapt|reauth/i.test(text)) {
        return "expired";
    }
    const status = httpStatusOf(error);
    if (status === undefined) {
        return isNetworkError(error) ? "transient" : "other";
    }
    if (status === 401) {
        return "expired";
    }
    if (status === 403) {
        return /rateLimitExceeded|rate limit|quota exceeded/i.test(text) ? "transient" : "denied";
    }
    if (status === 404) {
        return "missing";
    }
    return status === 408 || status === 429 || status >= 500 ? "transient" : "other";
}

function isNetworkError(error: unknown): boolean {
    const codes = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH"];
    codes.push("EHOSTUNREACH", "ENETDOWN", "ECONNABORTED", "ERR_STREAM_PREMATURE_CLOSE", "UND_ERR_SOCKET");
    codes.push("INCOMPLETE_ANSWER");
    const types = ["request-timeout", "body-timeout", "invalid-json"];
    for (let next: unknown = error, depth = 0; next !== undefined && depth < 5; depth += 1) {
        const { code, cause, type, name } = propertiesOf(next);
        if (typeof code === "string" && codes.includes(code)) {
            return true;
        }
        if (name === "AbortError" || name === "TimeoutError" || types.includes(String(type))) {
            return true;
        }
        next = cause;
    }
    return /socket hang up|(network|response) timeout|premature close/i.test(messageOf(error));
}

function propertiesOf(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
