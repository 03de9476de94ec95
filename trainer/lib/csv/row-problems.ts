import { type CellEnd, INNER_QUOTE, OPEN_QUOTE, TEXT_AFTER_QUOTE } from "./cell-scanner";

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
