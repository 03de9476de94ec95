import { readFile } from "node:fs/promises";
import path from "node:path";
import type { CloudSettings } from "../../../run/credentials";
import { classifyError, messageOf } from "../../../run/errors";
import { commandLine } from "../tool";
import { UsageError } from "../usage-error";

/**
 * Checks that the emulator responds if the settings point to this machine, because the client would retry for a long
 * time before failing.
 *
 * @throws UsageError when it does not respond
 */
export async function checkEmulator({ storageOrigin }: CloudSettings): Promise<void> {
    if (!/^https?:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|$)/.test(storageOrigin)) {
        return;
    }
    try {
        await fetch(storageOrigin);
    } catch {
        throw new UsageError(
            `Nothing is listening at ${storageOrigin}: the emulator is not running (${commandLine("emulator")})`,
        );
    }
}

/**
 * True if a stack is configured for an emulator on this machine that is not running, so that it cannot be deployed. A
 * project needs no file for the stack `local` until `pulumi up` uses it.
 */
export async function isWithoutEmulator(projectDir: string, stack: string): Promise<boolean> {
    const text = await readFile(path.join(projectDir, `Pulumi.${stack}.yaml`), "utf8").catch(() => undefined);
    if (text === undefined) {
        return stack === "local";
    }
    const origin = /^ *gcp:storageCustomEndpoint: *["']?(http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d+)/m.exec(
        text,
    )?.[1];
    if (origin === undefined) {
        return false;
    }
    return await fetch(origin).then(
        () => false,
        () => true,
    );
}

/** Turns an error from Google's clients into one that says what to do; returns any other error unchanged. */
export function explainError(error: unknown, bucket: string, settings: CloudSettings): unknown {
    if (error instanceof UsageError) {
        return error;
    }
    const message = messageOf(error);
    if (/default credentials/i.test(message)) {
        return new UsageError(
            `Found no credentials for Google Cloud: ${message} (gcloud auth application-default login)`,
        );
    }
    switch (classifyError(error)) {
        case "missing":
            return new UsageError(
                `The bucket gs://${bucket} does not exist: it was destroyed or never created (npx pulumi up)`,
            );
        case "expired":
            return new UsageError(
                `Google Cloud rejects these credentials: ${message} (gcloud auth application-default login, or a new gcp:accessToken)`,
            );
        case "denied":
            return new UsageError(
                `No permission on gs://${bucket}: ${message}\n` +
                    "This requires roles/storage.legacyBucketReader and roles/storage.objectViewer, plus " +
                    "roles/storage.objectUser for a run whose results have not been collected yet:\n" +
                    `  gcloud storage buckets add-iam-policy-binding gs://${bucket} --member user:YOU --role roles/storage.objectViewer`,
            );
        case "transient":
            return new UsageError(
                `${settings.storageOrigin} cannot be reached: ${message} (run the same command to try again)`,
            );
        case "other":
            // The project's own errors are plain `Error`s; any other class may indicate a bug and needs its stack
            // trace.
            return error instanceof Error && error.constructor === Error ? new UsageError(error.message) : error;
    }
}
