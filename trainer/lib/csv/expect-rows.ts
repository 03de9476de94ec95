/** Rows that a file may have more than what was read of it lets expect. Room that is not used takes no memory. */
const SLACK = 1.05;

/** By how much the room grows when there were more rows still, or when the file's size is not known. */
const GROWTH = 1.5;

/** The first rows are no ground for more room than this; also, room is bounded by the memory that was checked. */
const MAX_GROWTH = 64;

const MIN_ROWS = 1024;

/** For how many rows there should be room, when `rows` were read from the first `bytesRead` of `totalBytes`. */
export function expectRows(rows: number, bytesRead: number, totalBytes: number | undefined): number {
    const expected = totalBytes === undefined || bytesRead === 0 ? 0 : (rows / bytesRead) * totalBytes * SLACK;
    return Math.ceil(Math.max(MIN_ROWS, Math.min(expected, rows * MAX_GROWTH), rows * GROWTH));
}
