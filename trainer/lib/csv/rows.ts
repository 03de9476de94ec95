import { type CellEnd, TEXT_AFTER_QUOTE } from "./cell-scanner";

/** Safety margin on top of the row count estimated from the part read so far. Unused space does not occupy memory. */
const SLACK = 1.05;

/** Growth factor if the rows exceed the estimate or the size of the file is unknown. */
const GROWTH = 1.5;

/** Upper limit for the estimate from the first rows, in addition to the limit set by the memory check. */
const MAX_GROWTH = 64;

const MIN_ROWS = 1024;

/**
 * Returns the number of rows to allocate memory for, if the first `bytesRead` of `totalBytes` bytes contained `rows`
 * rows.
 */
export function expectRows(rows: number, bytesRead: number, totalBytes: number | undefined): number {
    const expected = totalBytes === undefined || bytesRead === 0 ? 0 : (rows / bytesRead) * totalBytes * SLACK;
    return Math.ceil(Math.max(MIN_ROWS, Math.min(expected, rows * MAX_GROWTH), rows * GROWTH));
}

/**
 * The line on which each row begins. Memory is used only for rows that do not begin on the line right after the
 * previous row.
 */
export class LineNumbers {
    readonly #rows: number[] = [];
    readonly #lines: number[] = [];
    #lastRow = -1;
    #lastLine = -1;

    /** Must be called in row order. */
    add(row: number, line: number): void {
        if (line - this.#lastLine !== row - this.#lastRow) {
            this.#rows.push(row);
            this.#lines.push(line);
        }
        this.#lastRow = row;
        this.#lastLine = line;
    }

    lineOf(row: number): number {
        let index = this.#rows.length - 1;
        while (index > 0 && (this.#rows[index] as number) > row) {
            index--;
        }
        return (this.#lines[index] ?? 1) + row - (this.#rows[index] ?? 0);
    }
}

/**
 * Describes the problem with a cell's quotes, and its position. `lastRow` is the line of the last complete row, or 0.
 */
export function describeBadCell(end: CellEnd, lastRow: number, row: number, column: number): string {
    return end === TEXT_AFTER_QUOTE
        ? `row ${row}, column ${column}: text follows the end of a quoted cell; write "" for a quote inside the cell`
        : `after row ${lastRow}: a quoted cell is never closed`;
}

/** Describes the problem with a row that has this many cells. `firstExtra` is the first cell without a column. */
export function describeRagged(cells: number, columns: readonly string[], firstExtra: string): string {
    const has = cells === 1 ? "1 cell" : `${cells} cells`;
    const detail =
        cells < columns.length
            ? `column ${JSON.stringify(columns[cells])} and those after it are missing`
            : `the first extra cell is ${JSON.stringify(firstExtra)}`;
    return `has ${has}, but the header has ${columns.length}: ${detail}`;
}
