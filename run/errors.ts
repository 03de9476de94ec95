/**
 * What an error of Google's clients means for somebody who waits:
 * `expired` credentials, a right that is `denied`, something `missing`, a `transient` trouble, or something `other`.
 */
export type Trouble = "expired" | "denied" | "missing" | "transient" | "other";

/** An error that ends the update: it already says what happened and what to do. */
export function finalError(message: string, cause?: unknown): Error {
    return Object.assign(new Error(message, { cause }), { final: true });
}

/** True for an error made by `finalError`. */
export function isFinal(error: unknown): error is Error {
    return error instanceof Error && "final" in error && error.final === true;
}

/** The error's message, or the thing thrown as text. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

/** HTTP status of an error of @google-cloud/storage (`code`) or google-auth-library (`status`), if it has one. */
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

/** Sorts an error of Google's clients. */
export function troubleOf(error: unknown): Trouble {
    const text = messageOf(error);
    // A refresh token that Google no longer takes answers 400 "invalid_grant", with "invalid_rapt" when it wants a new login.
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
    for (let next: unknown = error, depth = 0; next !== undefined && depth < 5; depth += 1) {
        const { code, cause, type, name } = propertiesOf(next);
        if (typeof code === "string" && codes.includes(code)) {
            return true;
        }
        if (name === "AbortError" || name === "TimeoutError" || type === "request-timeout") {
            return true;
        }
        next = cause;
    }
    return /socket hang up|network timeout|premature close/i.test(messageOf(error));
}

function propertiesOf(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
