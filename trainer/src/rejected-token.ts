import type { Storage } from "@google-cloud/storage";
import { codeOf } from "./storage-error";

/**
 * Decides about an operation whose access token was rejected: one more request, with a new token. The client keeps a
 * token until the end of its announced lifetime, but the token can be revoked earlier, and clocks differ.
 */
export class RejectedToken {
    readonly #storage: Storage;
    #isReplaced = false;

    constructor(storage: Storage) {
        this.#storage = storage;
    }

    /**
     * Makes the client fetch a new token if the error is status 401. @returns false for other errors, and for the next
     * rejected token
     */
    replace(error: unknown): boolean {
        if (this.#isReplaced || Number(codeOf(error)) !== 401) {
            return false;
        }
        this.#isReplaced = true;
        // There is no client if no token is sent, as to an emulator.
        const client = this.#storage.authClient.cachedCredential;
        client?.setCredentials({ ...client.credentials, expiry_date: 1 });
        return true;
    }

    /** Allows another replacement, because a token has been accepted in the meantime. */
    accepted(): void {
        this.#isReplaced = false;
    }
}
