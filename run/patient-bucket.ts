import type { BucketClient, Clock, Print } from "./clients";
import { classifyError, messageOf } from "./errors";
import { retryWindowMinutes } from "./retry-window";

/**
 * Returns a client that retries each request throughout the retry window, as the waiter does. It tolerates two
 * consecutive rejections of its credentials, and prints at most one message a minute.
 */
export function patientBucket(bucket: BucketClient, clock: Clock, print: Print): BucketClient {
    const windowMs = retryWindowMinutes * 60_000;
    let printedAtMs = Number.NEGATIVE_INFINITY;
    const report = (error: unknown) => {
        if (clock.now() - printedAtMs >= 60_000) {
            printedAtMs = clock.now();
            print(`Google Cloud is not responding (${messageOf(error)}); retrying`);
        }
    };
    const retried = async <T>(action: () => Promise<T>): Promise<T> => {
        const untilMs = clock.now() + windowMs;
        for (let refusals = 0; ; ) {
            try {
                return await action();
            } catch (error) {
                const kind = classifyError(error);
                refusals = kind === "expired" ? refusals + 1 : 0;
                const isOpen = kind === "transient" ? clock.now() < untilMs : kind === "expired" && refusals < 3;
                if (!isOpen) {
                    throw error;
                }
                report(error);
                await clock.sleep(5000);
            }
        }
    };
    return {
        bucket: bucket.bucket,
        stat: (name) => retried(() => bucket.stat(name)),
        read: (object) => retried(() => bucket.read(object)),
        write: (...args) => retried(() => bucket.write(...args)),
        copy: (object, name) => retried(() => bucket.copy(object, name)),
        upload: (path, name, ifGeneration, crc32c) => retried(() => bucket.upload(path, name, ifGeneration, crc32c)),
        list: (prefix, startOffset) => retried(() => bucket.list(prefix, startOffset)),
        folders: (prefix) => retried(() => bucket.folders(prefix)),
        // The bucket resumes the download itself, so that it does not restart from the beginning.
        download: (object, path, options) =>
            bucket.download(object, path, { ...options, patience: { windowMs, onFailure: report } }),
    };
}
