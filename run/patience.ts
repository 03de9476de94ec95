import type { Clock, Print } from "./clients";
import { finalError, isFinal, messageOf, troubleOf } from "./errors";
import { expiredMessage } from "./messages";

/**
 * Makes a wrapper for the looks of a wait that takes trouble with the network calmly: after the client's own retries
 * it says what is wrong, once a minute at most, and gives up after 15 minutes. Credentials that Google refuses three
 * times in a row, and every other error, end the wait.
 */
export function createPatience(
    runId: string,
    clock: Clock,
    print: Print,
): <T>(action: () => Promise<T>) => Promise<T | undefined> {
    const patienceMs = 15 * 60_000;
    let refusals = 0;
    let troubleSinceMs: number | undefined;
    let printedAtMs = Number.NEGATIVE_INFINITY;

    return async (action) => {
        try {
            const result = await action();
            if (troubleSinceMs !== undefined) {
                print("Google Cloud answers again");
            }
            refusals = 0;
            troubleSinceMs = undefined;
            printedAtMs = Number.NEGATIVE_INFINITY;
            return result;
        } catch (error) {
            if (isFinal(error)) {
                throw error;
            }
            const trouble = troubleOf(error);
            if (trouble === "expired") {
                refusals += 1;
                if (refusals >= 3) {
                    throw finalError(expiredMessage(runId, messageOf(error)), error);
                }
                return undefined;
            }
            if (trouble !== "transient") {
                const advice =
                    trouble === "denied"
                        ? "the account that runs pulumi needs roles/storage.admin on the bucket and roles/compute.instanceAdmin.v1"
                        : "`pulumi up` attaches to it again";
                throw finalError(`Run ${runId} cannot be watched: ${messageOf(error)}; ${advice}.`, error);
            }
            troubleSinceMs ??= clock.now();
            if (clock.now() - troubleSinceMs > patienceMs) {
                throw finalError(
                    `Google Cloud has not answered for 15 minutes: ${messageOf(error)}. Run ${runId} goes on; ` +
                        "`pulumi up` attaches to it again.",
                    error,
                );
            }
            if (clock.now() - printedAtMs >= 60_000) {
                printedAtMs = clock.now();
                print(`Google Cloud does not answer (${messageOf(error)}); run ${runId} goes on, trying again`);
            }
            return undefined;
        }
    };
}
