import type { Clock } from "./clients";
import { classifyError, httpStatusOf, incompleteAnswer } from "./errors";

/** Pauses before a request is retried. A waiter also retries its polls, within its retry window. */
export const pausesMs = [500, 1000, 2000, 4000, 8000];

/**
 * Repeats a request while its error is transient, with increasing pauses. A request whose credentials are rejected is
 * repeated once, because a single 401 does not mean that they have expired.
 * @param alsoRetried returns true for any other error that should also be retried.
 */
export async function withTries<T>(
    clock: Clock,
    action: () => Promise<T>,
    alsoRetried: (error: unknown) => boolean = () => false,
): Promise<T> {
    let rejections = 0;
    for (let failures = 0; ; failures += 1) {
        try {
            return await action();
        } catch (error) {
            rejections += httpStatusOf(error) === 401 ? 1 : 0;
            const isRetried =
                classifyError(error) === "transient" ||
                (httpStatusOf(error) === 401 && rejections === 1) ||
                alsoRetried(error);
            const pauseMs = pausesMs[failures];
            if (pauseMs === undefined || !isRetried) {
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
