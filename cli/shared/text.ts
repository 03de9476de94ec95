import { terminalCell } from "../../run/terminal-text";

/** A number with its noun: `1 row`, `12,345 rows`. */
export function countOf(number: number, one: string, many = `${one}s`): string {
    return `${number.toLocaleString("en-US")} ${plural(number, one, many)}`;
}

/** The singular or plural of a noun, depending on a number. */
export function plural(number: number, one: string, many = `${one}s`): string {
    return number === 1 ? one : many;
}

/** The share of a transfer that is done, its rate, and the remaining time: `45%, 12.3 MB/s, 8 s left`. */
export function transferProgress(doneBytes: number, totalBytes: number, elapsedMs: number): string {
    const share = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100);
    const bytesPerSecond = doneBytes / Math.max(elapsedMs / 1000, 0.001);
    const left = Math.ceil((totalBytes - doneBytes) / Math.max(bytesPerSecond, 1));
    return `${share}%, ${(bytesPerSecond / 1e6).toFixed(1)} MB/s, ${left} s left`;
}

/**
 * Aligns rows of cells like {@link alignColumns}, with numbers right-aligned. If the table is too wide, the remaining
 * columns follow below, beside the first column, which is repeated.
 */
export function foldColumns(cells: readonly (readonly string[])[], maxWidth: number): string[] {
    const [first = [], ...others] = transpose(cells);
    const widthOf = (column: readonly string[]) => Math.max(...column.map((cell) => terminalCell(cell).length));
    const blocks = [[first]];
    let left = maxWidth - widthOf(first);
    for (const column of others) {
        const width = 2 + widthOf(column);
        if (width > left && (blocks.at(-1)?.length ?? 0) > 1) {
            blocks.push([first]);
            left = maxWidth - widthOf(first);
        }
        blocks.at(-1)?.push(column);
        left -= width;
    }
    return blocks.flatMap((block) => alignColumns(transpose(block), (column) => column > 0));
}

function transpose(rows: readonly (readonly string[])[]): string[][] {
    return (rows[0] ?? []).map((_, index) => rows.map((row) => row[index] ?? ""));
}

/**
 * Aligns rows of cells as columns, two spaces apart. Control characters in cells are escaped.
 *
 * @param alignRight true if a column is right-aligned rather than left-aligned
 */
export function alignColumns(cells: readonly (readonly string[])[], alignRight = (_column: number) => false): string[] {
    const rows = cells.map((row) => row.map(terminalCell));
    const widths: number[] = [];
    for (const row of rows) {
        for (const [column, cell] of row.entries()) {
            widths[column] = Math.max(widths[column] ?? 0, cell.length);
        }
    }
    const pad = (cell: string, column: number) =>
        alignRight(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
    return rows.map((row) => row.map(pad).join("  ").trimEnd());
}
