/** Time between two progress lines, in milliseconds. */
const INTERVAL = 5000;

/** Minimum size in bytes of a file whose reading speed is reported. */
const LARGE_FILE = 10_000_000;

/** Reports progress during a long read. */
export class Progress {
    readonly #start: number;
    #lastLine: number;
    readonly #print: (line: string) => void;
    readonly #now: () => number;
    readonly #totalBytes: () => number | undefined;

    /** `now`: the time in milliseconds. */
    constructor(print: (line: string) => void, now: () => number, totalBytes: () => number | undefined) {
        this.#print = print;
        this.#now = now;
        this.#totalBytes = totalBytes;
        this.#start = this.#lastLine = now();
    }

    /** Records the amount read so far, and prints a line from time to time. */
    update(rows: number, bytes: number): void {
        const now = this.#now();
        if (now - this.#lastLine >= INTERVAL) {
            this.#lastLine = now;
            const total = this.#totalBytes();
            const of = total === undefined ? "" : ` of ${megabytes(total)}`;
            this.#print(`Reading: ${rows} rows, ${megabytes(bytes)}${of}, ${this.#rate(bytes, now)}`);
        }
    }

    /** Size, time and rate for a large file; empty for a small one. */
    summarize(bytes: number): string {
        const now = this.#now();
        const seconds = (now - this.#start) / 1000;
        return bytes < LARGE_FILE ? "" : `, ${megabytes(bytes)} in ${seconds.toFixed(1)} s (${this.#rate(bytes, now)})`;
    }

    #rate(bytes: number, now: number): string {
        return `${megabytes((bytes * 1000) / Math.max(now - this.#start, 1))}/s`;
    }
}

/** Formats bytes as megabytes of a million bytes each, the unit that storage services use. */
function megabytes(bytes: number): string {
    return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}
