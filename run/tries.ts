import type { Clock } from "./clients";
import { classifyError, incompleteAnswer } from "./errors";

/** Pauses between the tries of a request. The retry window of a wait comes on top. */
export const pausesMs = [500, 1000, 2000, 4000, 8000];

/**
 * Repeats a request while its error is transient, with growing pauses.
 * @param alsoRetried decides about errors of any other kind.
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
 * Waits for an answer. A connection that closes in the middle of an answer is not an error to the client library, which
 * then waits for the rest forever.
 * @throws a transient error after `timeoutMs`.
 */
export async function within<T>(timeoutMs: number, what: string, answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
        const fail = () => reject(incompleteAnswer(`${what} was not answered within ${timeoutMs / 1000} seconds`));
        timer = setTimeout(fail, timeoutMs);
    });
    try {
        return await Promise.race([answer, timeout]);
    } finally {
        clearTimeout(timer);
    }
}
