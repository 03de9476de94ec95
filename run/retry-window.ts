import type { Clock, Print } from "./clients";
import { classifyError, detailOf, fatalError, isFatal } from "./errors";
import { deniedFailure, expiredFailure, unreachableFailure, unwatchableFailure } from "./messages";

/** Length of the retry window. */
export const retryWindowMinutes = 15;

/**
 * Wraps each poll so that network errors are retried for up to 15 minutes, in addition to the client's own retries. It
 * prints a message at most once a minute. The wait ends if Google rejects the credentials three times in a row, or if
 * any other error occurs.
 * @param role the role that the user needs on the run's machine, for the error about a missing permission.
 */
export function createRetryWindow(
    runId: string,
    clock: Clock,
    print: Print,
    role: string,
): <T>(action: () => Promise<T>) => Promise<T | undefined> {
    let refusals = 0;
    let failingSinceMs: number | undefined;
    let printedAtMs = Number.NEGATIVE_INFINITY;

    return async (action) => {
        try {
            const result = await action();
            if (failingSinceMs !== undefined) {
                print("Google Cloud is responding again");
            }
            refusals = 0;
            failingSinceMs = undefined;
            printedAtMs = Number.NEGATIVE_INFINITY;
            return result;
        } catch (error) {
            if (isFatal(error)) {
                throw error;
            }
            const detail = detailOf(error);
            const kind = classifyError(error);
            if (kind === "expired") {
                refusals += 1;
                if (refusals >= 3) {
                    throw fatalError(expiredFailure(runId, detail), error);
                }
                return undefined;
            }
            if (kind !== "transient") {
                const isDenied = kind === "denied";
                throw fatalError(
                    isDenied ? deniedFailure(runId, detail, role) : unwatchableFailure(runId, detail),
                    error,
                );
            }
            failingSinceMs ??= clock.now();
            if (clock.now() - failingSinceMs > retryWindowMinutes * 60_000) {
                throw fatalError(unreachableFailure(runId, retryWindowMinutes, detail), error);
            }
            if (clock.now() - printedAtMs >= 60_000) {
                printedAtMs = clock.now();
                print(`Google Cloud is not responding (${detail}); run ${runId} continues, retrying`);
            }
            return undefined;
        }
    };
}
