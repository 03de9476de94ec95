let last = 0;

/**
 * The current time in Batch's format, with nine decimal places. No two results are equal, so events can be ordered by
 * their times.
 */
export function timestamp(): string {
    const now = Math.max(Date.now() * 1000, last + 1);
    last = now;
    const micros = String(now % 1_000_000).padStart(6, "0");
    return `${new Date(Math.floor(now / 1000)).toISOString().slice(0, 19)}.${micros}000Z`;
}
