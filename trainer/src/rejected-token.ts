import type { Storage } from "@google-cloud/storage";
import { codeOf } from "./storage-error";

/**
 * Decides about an operation whose access token was rejected: one more request, with a new token. The client keeps a
 * token until the end of its announced lifetime, but the token can be revoked earlier, and clocks differ.
 */
export function handleRejectedToken(storage: Storage) {
    let isReplaced = false;
    return {
        /** Makes the client fetch a new token if the error is status 401. @returns false otherwise, and next time */
        replace(error: unknown): boolean {
            if (isReplaced || Number(codeOf(error)) !== 401) {
                return false;
            }
            isReplaced = true;
            // There is no client if no token is sent, as to an emulator.
            const client = storage.authClient.cachedCredential;
            client?.setCredentials({ ...client.credentials, expiry_date: 1 });
            return true;
        },
        /** Allows another replacement, because a token was accepted meanwhile. */
        accepted(): void {
            isReplaced = false;
        },
    };
}
