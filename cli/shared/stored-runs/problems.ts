import type { CloudSettings } from "../../../run/credentials";
import { classifyError, messageOf } from "../../../run/errors";
import { UsageError } from "../../start/stack-config";
import type { Place } from "./place";

/**
 * Looks whether anything answers where the emulator is expected: the client would try again for long before it says so.
 *
 * @throws UsageError when nothing does
 */
export async function checkEmulator({ storageOrigin }: CloudSettings): Promise<void> {
    if (!/^https?:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|$)/.test(storageOrigin)) {
        return;
    }
    try {
        await fetch(storageOrigin);
    } catch {
        throw new UsageError(`Nothing answers at ${storageOrigin}: the emulator does not run (npm run emulator)`);
    }
}

/** An error of Google's clients in words that say what to do; any other as it is. */
export function explain(error: unknown, { bucket, settings }: Place): unknown {
    if (error instanceof UsageError) {
        return error;
    }
    const said = messageOf(error);
    if (/default credentials/i.test(said)) {
        return new UsageError(
            `No credentials for Google Cloud are here: ${said} (gcloud auth application-default login)`,
        );
    }
    switch (classifyError(error)) {
        case "missing":
            return new UsageError(`There is no bucket gs://${bucket}: it was destroyed, or never made (npx pulumi up)`);
        case "expired":
            return new UsageError(
                `Google Cloud does not take these credentials: ${said} (gcloud auth application-default login, or a new gcp:accessToken)`,
            );
        case "denied":
            return new UsageError(
                `No permission on gs://${bucket}: ${said}\n` +
                    "It takes roles/storage.legacyBucketReader and roles/storage.objectViewer, and for a run whose results nobody has " +
                    "collected yet roles/storage.objectUser:\n" +
                    `  gcloud storage buckets add-iam-policy-binding gs://${bucket} --member user:YOU --role roles/storage.objectViewer`,
            );
        case "transient":
            return new UsageError(
                `${settings.storageOrigin} cannot be reached: ${said} (the same command tries again)`,
            );
        case "other":
            // This project's own sentences are plain errors; what is not may be a defect, and its place is wanted.
            return error instanceof Error && error.constructor === Error ? new UsageError(error.message) : error;
    }
}
