import type { Clock, Print } from "./clients";

/** Reports a number of bytes that have been received; a negative number subtracts bytes that will be received again. */
export type OnBytes = (bytes: number) => void;

/**
 * Prints the progress of a transfer every ten seconds. A transfer that exceeds 100 MB is also announced.
 * @param what the subject of each line, e.g. `run r-0123456789: model`.
 */
export function createProgress(clock: Clock, print: Print, what: string, totalBytes: number): OnBytes {
    const everyMs = 10_000;
    const megabytes = (bytes: number) => Math.round(bytes / 1_000_000);
    let doneBytes = 0;
    let printedAtMs = clock.now();
    if (totalBytes > 100_000_000) {
        print(`${what}: downloading ${megabytes(totalBytes)} MB`);
    }
    return (bytes) => {
        doneBytes += bytes;
        if (clock.now() - printedAtMs >= everyMs) {
            printedAtMs = clock.now();
            const percent = Math.floor((100 * doneBytes) / Math.max(1, totalBytes));
            print(`${what}: ${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB downloaded (${percent}%)`);
        }
    };
}
