let last = 0;

/**
 * The current time in Batch's format, with nine digits after the second. No two results are equal, so that the order of
 * events can be told from their times.
 */
export function timestamp(): string {
    const now = Math.max(Date.now() * 1000, last + 1);
    last = now;
    const micros = String(now % 1_000_000).padStart(6, "0");
    return `${new Date(Math.floor(now / 1000)).toISOString().slice(0, 19)}.${micros}000Z`;
}
