import { setTimeout as sleep } from "node:timers/promises";

/** A resource's inputs or outputs: JSON values and assets. */
export type Properties = Record<string, unknown>;

/** A request to a Google API. */
export interface PatientRequest {
    readonly url: string;
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    /** Returns the body for each attempt. */
    readonly body?: () => BodyInit;
    /** Time limit for one attempt. @default two minutes, because the emulator shares this process */
    readonly limitMs?: number;
    readonly signal?: AbortSignal;
    /** Name of the request in errors. */
    readonly title: string;
    /**
     * Finds out whether an attempt without a response took effect, for a request that must not take effect twice.
     * @returns what its response would contain; undefined if it had no effect
     */
    readonly findEffect?: (() => Promise<Properties | undefined>) | undefined;
}

/** An error response from the emulator. */
export class GoogleApiError extends Error {
    readonly code: number;

    constructor(code: number, message: string) {
        super(message);
        this.code = code;
    }
}

export const LIMIT_MS = 120_000;
/** Time during which a request is retried. The emulator is on this machine, so a longer outage is not temporary. */
const WINDOW_MS = 30_000;
/** Number of attempts after which a rejection is final. */
const MAX_REJECTIONS = 3;
/** Minimum number of attempts, even if one of them takes longer than the window on a busy machine. */
const MIN_ATTEMPTS = 3;

/**
 * Retries a request until it gets a complete response, as Google's clients do: after a broken connection, a response
 * that is not JSON, or status 408, 429 or 5xx. It also retries after status 400 or 401, but only twice, because the
 * request may have been damaged in transit. A deletion succeeds if there is nothing to delete.
 *
 * @returns the JSON body, or an empty object if the response has no body
 * @throws GoogleApiError with Google's message; Error if there was no response
 */
export async function sendPatiently(request: PatientRequest): Promise<Properties> {
    const { method, findEffect } = request;
    const until = Date.now() + WINDOW_MS;
    for (let attempt = 1, isOpen = false; ; attempt++) {
        const answer = await attemptOnce(request);
        if ("json" in answer) {
            return answer.json;
        }
        const { problem } = answer;
        const code = problem instanceof GoogleApiError ? problem.code : 0;
        // An earlier attempt may have taken effect after it was abandoned, or the network may have delivered this one
        // twice.
        if (method === "DELETE" && code === 404) {
            return {};
        }
        const late = isOpen && code === 409 ? await findEffect?.() : undefined;
        if (late !== undefined) {
            return late;
        }
        const isRejected = code === 400 || code === 401;
        const isTransient = code === 0 || code === 408 || code === 429 || code >= 500;
        request.signal?.throwIfAborted();
        const isLate = attempt >= MIN_ATTEMPTS && Date.now() > until;
        if (isRejected ? attempt >= MAX_REJECTIONS : !isTransient || isLate) {
            throw problem;
        }
        isOpen ||= isTransient;
        await sleep(Math.min(50 * 2 ** attempt, 4000));
        const found = isOpen ? await findEffect?.() : undefined;
        if (found !== undefined) {
            return found;
        }
    }
}

async function attemptOnce(request: PatientRequest): Promise<{ json: Properties } | { problem: Error }> {
    const { url, method, headers, body, title, limitMs = LIMIT_MS } = request;
    try {
        const timeout = AbortSignal.timeout(limitMs);
        const response = await fetch(url, {
            method,
            headers,
            signal: request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]),
            ...(body === undefined ? {} : { body: body(), duplex: "half" }),
        } as RequestInit);
        const text = await response.text();
        const json = parseObject(text);
        if (json === undefined && response.status !== 204) {
            const what = response.ok ? "" : ` with status ${response.status}`;
            return {
                problem: new Error(`${title}: the response${what} is incomplete or does not come from Google Cloud`),
            };
        }
        if (!response.ok) {
            const { message } = (json?.error ?? {}) as { message?: string };
            return {
                problem: new GoogleApiError(response.status, `${title}: ${message ?? text}`),
            };
        }
        return { json: json ?? {} };
    } catch (error) {
        const { message, cause } = error as Error;
        const reason = cause instanceof Error ? `: ${cause.message}` : "";
        return { problem: new Error(`${title}: ${message}${reason}`, { cause: error }) };
    }
}

function parseObject(text: string): Properties | undefined {
    try {
        const value = JSON.parse(text) as unknown;
        return typeof value === "object" && value !== null ? (value as Properties) : undefined;
    } catch {
        return undefined;
    }
}
