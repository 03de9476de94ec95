import type { Storage } from "@google-cloud/storage";
import { formatGcsUri, type ObjectUri } from "./environment";
import { StorageError } from "./errors";

export function codeOf(error: unknown): unknown {
    return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

/**
 * True if the request may succeed when it is sent again, for example after a broken connection, an unreadable response
 * or a busy server.
 */
export function isTransient(error: unknown): boolean {
    const code = codeOf(error);
    const status = Number(code);
    if (error instanceof StorageError || messageOf(error).includes("default credentials")) {
        return false;
    }
    return Number.isNaN(status) || [408, 429].includes(status) || status >= 500;
}

/**
 * Waits for a promise, but not forever, because the client has no time limit for a response body.
 * @throws {Error} a transient error when the time is up
 */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`nothing arrived for ${Math.round(ms / 1000)} s`)), ms);
    });
    try {
        return await Promise.race([promise, tooLate]);
    } finally {
        clearTimeout(timer);
    }
}

/** Describes a storage error in one sentence, with a fix: https://cloud.google.com/storage/docs/json_api/v1/status-codes */
export function describe(error: unknown, action: "read" | "write", uri: ObjectUri): StorageError {
    const explanation = explain(Number(codeOf(error)), action, uri, messageOf(error));
    return new StorageError(`Cannot ${action} ${formatGcsUri(uri)}: ${explanation}`, { cause: error });
}

function explain(status: number, action: "read" | "write", uri: ObjectUri, message: string): string {
    const role = action === "read" ? "roles/storage.objectViewer" : "roles/storage.objectUser";
    switch (status) {
        case 401:
            return `no valid credentials; run on a VM, or with Application Default Credentials (401: ${message})`;
        case 403:
            return `the service account needs ${role} on bucket ${uri.bucket} (403: ${message})`;
        case 404:
            if (uri.generation !== undefined) {
                return (
                    `its generation ${uri.generation} is gone, because the object was changed or deleted after the ` +
                    `dataset was listed; run pulumi up to start a run on the current objects (404: ${message})`
                );
            }
            return action === "read"
                ? `the object does not exist (404: ${message})`
                : `the bucket does not exist (404: ${message})`;
        case 412:
            return "another attempt of this run has already written it with different content, which is kept (412)";
        default:
            return message;
    }
}

/** The error message on one line. The message of a failed download is the whole JSON response. */
function messageOf(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    try {
        const answer = JSON.parse(text) as { error?: { message?: string } } | null;
        return answer?.error?.message ?? text;
    } catch {
        return text.replaceAll(/\s+/g, " ").trim();
    }
}

/**
 * If an operation's access token was rejected, allows one more request, with a new token. The client keeps a token
 * until the end of its announced lifetime, but the token can be revoked earlier, and clocks differ.
 */
export function handleRejectedToken(storage: Storage) {
    let isReplaced = false;
    return {
        /** Makes the client fetch a new token after status 401. @returns false for any other error or a second 401 */
        replace(error: unknown): boolean {
            if (isReplaced || Number(codeOf(error)) !== 401) {
                return false;
            }
            isReplaced = true;
            // There is no client if no token is sent, as with an emulator.
            const client = storage.authClient.cachedCredential;
            client?.setCredentials({ ...client.credentials, expiry_date: 1 });
            return true;
        },
        /** Allows another replacement, because a token has been accepted in the meantime. */
        accepted(): void {
            isReplaced = false;
        },
    };
}
