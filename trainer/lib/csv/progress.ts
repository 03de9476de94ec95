/** Time between two progress lines, in milliseconds. */
const INTERVAL = 5000;

/** Minimum size in bytes of a file whose reading speed is reported. */
const LARGE_FILE = 10_000_000;

/** Reports progress during a long read. `now` returns the time in milliseconds. */
export function trackProgress(print: (line: string) => void, now: () => number, totalBytes: () => number | undefined) {
    const start = now();
    let lastLine = start;
    const rate = (bytes: number) => `${megabytes((bytes * 1000) / Math.max(now() - start, 1))}/s`;
    const remaining = (bytes: number, total: number | undefined) => {
        const seconds = total === undefined ? 0 : Math.ceil(((total - bytes) * (now() - start)) / bytes / 1000);
        if (seconds <= 0 || !Number.isFinite(seconds)) {
            return "";
        }
        return `, about ${seconds < 100 ? `${seconds} s` : `${Math.round(seconds / 60)} min`} left`;
    };
    return {
        /** Records the amount read so far, and prints a line from time to time. */
        update(rows: number, bytes: number): void {
            if (now() - lastLine >= INTERVAL) {
                lastLine = now();
                const total = totalBytes();
                const of = total === undefined ? "" : ` of ${megabytes(total)}`;
                const size = `${rows.toLocaleString("en-US")} rows, ${megabytes(bytes)}${of}`;
                print(`Reading: ${size}, ${rate(bytes)}${remaining(bytes, total)}`);
            }
        },
        /** Size, time and rate for a large file; empty for a small one. */
        summarize(bytes: number): string {
            const seconds = ((now() - start) / 1000).toFixed(1);
            return bytes < LARGE_FILE ? "" : `, ${megabytes(bytes)} in ${seconds} s (${rate(bytes)})`;
        },
    };
}

/** Formats bytes as megabytes of a million bytes each, the unit that storage services use. */
function megabytes(bytes: number): string {
    return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}
