import { type CellEnd, INNER_QUOTE, OPEN_QUOTE, TEXT_AFTER_QUOTE } from "./cell-scanner";

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

/** The line of the file that each row begins on. Only rows that do not follow their predecessor directly take memory. */
export class LineNumbers {
    /** Off: lines can no longer be asked for. */
    recording = true;
    readonly #rows: number[] = [];
    readonly #lines: number[] = [];
    #lastRow = -1;
    #lastLine = -1;

    /** Rows are told in their order. */
    add(row: number, line: number): void {
        if (this.recording && line - this.#lastLine !== row - this.#lastRow) {
            this.#rows.push(row);
            this.#lines.push(line);
        }
        this.#lastRow = row;
        this.#lastLine = line;
    }

    lineOf(row: number): number {
        let low = 0;
        let high = this.#rows.length;
        while (high - low > 1) {
            const middle = (low + high) >>> 1;
            if ((this.#rows[middle] as number) <= row) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (this.#lines[low] ?? 1) + row - (this.#rows[low] ?? 0);
    }
}

/** What is wrong with the quotes of a cell, with its place. `lastRow` is the line of the last complete row, or 0. */
export function describeBadCell(end: CellEnd, lastRow: number, row: number, column: number): string {
    switch (end) {
        case INNER_QUOTE:
            return (
                `row ${row}, column ${column}: a quote within a cell that is not quoted; ` +
                `write the cell as "..." with "" for a quote`
            );
        case TEXT_AFTER_QUOTE:
            return (
                `row ${row}, column ${column}: text follows the end of a quoted cell; ` +
                `write "" for a quote within the cell`
            );
        case OPEN_QUOTE:
            return `after row ${lastRow}: a quoted cell begins and never ends`;
        default:
            throw new Error(`A cell that ends so is right: ${end}`);
    }
}

/** What is wrong with a row of so many cells. `firstExtra`: the first that no column is for. */
export function describeRagged(cells: number, columns: readonly string[], firstExtra: string): string {
    const has = cells === 1 ? "1 cell" : `${cells} cells`;
    const detail =
        cells < columns.length
            ? `column ${JSON.stringify(columns[cells])} and what follows is missing`
            : `the first too many is ${JSON.stringify(firstExtra)}`;
    return `has ${has}, the header has ${columns.length}: ${detail}`;
}
