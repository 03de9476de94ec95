/** A line about the progress comes so often. Milliseconds. */
const INTERVAL = 5000;

/** Files from this size on are worth a word about the speed. Bytes. */
const LARGE_FILE = 10_000_000;

/** Tells how reading gets on, when it takes long. */
export class Progress {
    readonly #start: number;
    #lastLine: number;
    readonly #print: (line: string) => void;
    readonly #now: () => number;
    readonly #totalBytes: () => number | undefined;

    /** `now`: milliseconds. */
    constructor(print: (line: string) => void, now: () => number, totalBytes: () => number | undefined) {
        this.#print = print;
        this.#now = now;
        this.#totalBytes = totalBytes;
        this.#start = this.#lastLine = now();
    }

    /** So much has been read; prints a line now and then. */
    update(rows: number, bytes: number): void {
        const now = this.#now();
        if (now - this.#lastLine >= INTERVAL) {
            this.#lastLine = now;
            const total = this.#totalBytes();
            const of = total === undefined ? "" : ` of ${megabytes(total)}`;
            this.#print(`Reading: ${rows} rows, ${megabytes(bytes)}${of}, ${this.#rate(bytes, now)}`);
        }
    }

    /** Size, time and rate of a large file; nothing for others. */
    summarize(bytes: number): string {
        const now = this.#now();
        const seconds = (now - this.#start) / 1000;
        return bytes < LARGE_FILE ? "" : `, ${megabytes(bytes)} in ${seconds.toFixed(1)} s (${this.#rate(bytes, now)})`;
    }

    #rate(bytes: number, now: number): string {
        return `${megabytes((bytes * 1000) / Math.max(now - this.#start, 1))}/s`;
    }
}

/** Megabytes as storage counts them: millions of bytes. */
function megabytes(bytes: number): string {
    return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}
