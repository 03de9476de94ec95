import type { Clock } from "./clients";
import { classifyError, incompleteAnswer } from "./errors";

/** Pauses before a request is retried. A waiter also retries its polls, within its retry window. */
export const pausesMs = [500, 1000, 2000, 4000, 8000];

/**
 * Repeats a request while its error is transient, with increasing pauses.
 * @param alsoRetried returns true for any other error that should also be retried.
 */
export async function withTries<T>(
    clock: Clock,
    action: () => Promise<T>,
    alsoRetried: (error: unknown) => boolean = () => false,
): Promise<T> {
    for (let failures = 0; ; failures += 1) {
        try {
            return await action();
        } catch (error) {
            const pauseMs = pausesMs[failures];
            if (pauseMs === undefined || !(classifyError(error) === "transient" || alsoRetried(error))) {
                throw error;
            }
            await clock.sleep(pauseMs);
        }
    }
}

/**
 * Waits for a response for a limited time, because the client library sets no time limit for a response's body.
 * @throws a transient error after `timeoutMs`.
 */
export async function within<T>(timeoutMs: number, what: string, answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
        const fail = () => reject(incompleteAnswer(`${what} received no response within ${timeoutMs / 1000} seconds`));
        timer = setTimeout(fail, timeoutMs);
    });
    try {
        return await Promise.race([answer, timeout]);
    } finally {
        clearTimeout(timer);
    }
}
