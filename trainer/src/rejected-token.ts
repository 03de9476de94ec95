import type { Storage } from "@google-cloud/storage";
import { codeOf } from "./storage-error";

/**
 * Grants an operation whose access token was rejected one more request, with a new token. The client keeps a token
 * until the end of its announced lifetime, but the token can be revoked earlier, and clocks differ.
 */
export function handleRejectedToken(storage: Storage) {
    let isReplaced = false;
    return {
        /** Makes the client fetch a new token after status 401. @returns false for other errors, and a second 401 */
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
        /** Allows another replacement, because a token was accepted meanwhile. */
        accepted(): void {
            isReplaced = false;
        },
    };
}
