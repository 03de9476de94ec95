import { UsageError } from "../../shared/usage-error";
import type { PredictedRows } from "../predict-rows";
import { type FormatRows, type Layout, namesOf, numberFeatures } from "./format";

/** Excel's limits. https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3 */
const MAX_COLUMNS = 16_384;
const MAX_ROWS = 1_048_576;
const MAX_CELL_LENGTH = 32_767;

/** Number of columns from which a sheet with a million rows may exceed 4 GiB, which requires ZIP64. */
const COLUMNS_THAT_NEED_ZIP64 = 40;

/** Excel reads `_x0041_` as an escaped character unless its underscore is escaped. ECMA-376-1, 22.9.2.19. */
const ESCAPED = /_(?=x[0-9A-Fa-f]{4}_)/g;

/** Excel keeps only 15 significant digits. */
const SHORT_NUMBER = /^-?\d{1,15}(\.\d+)?$/;

type ExcelCell = string | number | null;

/**
 * An Excel workbook. Numeric features are numbers. In other columns, a cell is a number only if it converts back to the
 * same text, so `007`, `1e3`, dates and long identifiers stay text. Nothing becomes a formula. After 1,048,576 rows, it
 * continues on another sheet with the same header.
 */
export const formatExcel: FormatRows = (batches, layout) => formatSheets(batches, layout, MAX_ROWS);

/** Formats a workbook with a given number of rows per sheet, including the header. */
export async function* formatSheets(
    batches: AsyncIterable<PredictedRows>,
    layout: Layout,
    maxRowsPerSheet: number,
): AsyncGenerator<Uint8Array, void> {
    const header = [...layout.input.header.cells, ...namesOf(layout.predicted)];
    if (header.length > MAX_COLUMNS) {
        throw new UsageError(
            `An Excel sheet can have at most ${MAX_COLUMNS} columns, but the output has ${header.length}: write .csv or .jsonl`,
        );
    }
    // This package was chosen to write workbooks because it streams, has no dependencies and is maintained: exceljs was
    // last released in 2023, and write-excel-file needs all rows at once. It is loaded on demand because other formats
    // do not need it.
    const { writeXlsxStream } = await import("hucre/xlsx");
    const workbook = writeXlsxStream(toRows(batches, layout), {
        name: "predictions",
        columns: header.map((name) => ({ header: excelText(name) })),
        freezePane: { rows: 1 },
        maxRowsPerSheet,
        zip64: header.length > COLUMNS_THAT_NEED_ZIP64,
    });
    for await (const chunk of workbook as unknown as AsyncIterable<Uint8Array>) {
        yield chunk;
    }
}

async function* toRows(batches: AsyncIterable<PredictedRows>, layout: Layout): AsyncGenerator<ExcelCell[], void> {
    const numbers = numberFeatures(layout);
    const { input, predicted } = layout;
    const classes = predicted.probabilities.length;
    const withoutPrediction = Array.from<null>({ length: classes + 1 }).fill(null);
    for await (const { rows, errors, notes, predictions, values, width, features, columns } of batches) {
        for (const [rowIndex, { cells, line }] of rows.entries()) {
            const row: ExcelCell[] = cells.map((cell, position) => {
                const feature = numbers[position];
                const value = feature === undefined ? Number.NaN : features[rowIndex * columns + feature];
                return Number.isNaN(value) ? toCell(cell, line, input.header.cells[position]) : (value as number);
            });
            const error = errors[rowIndex];
            if (error === undefined) {
                const prediction = predictions[rowIndex] as string | number;
                row.push(typeof prediction === "number" ? prediction : toCell(prediction, line, predicted.prediction));
                for (let index = 0; index < classes; index++) {
                    row.push(values[rowIndex * width + index] as number);
                }
                row.push(null);
            } else {
                row.push(...withoutPrediction, excelText(error.slice(0, MAX_CELL_LENGTH)));
            }
            const note = notes[rowIndex];
            row.push(note === undefined ? null : excelText(note.slice(0, MAX_CELL_LENGTH)));
            yield row;
        }
    }
}

function toCell(cell: string, line: number, column: string | undefined): ExcelCell {
    if (cell === "") {
        return null;
    }
    const value = Number(cell);
    if (String(value) === cell && SHORT_NUMBER.test(cell)) {
        return value;
    }
    if (cell.length > MAX_CELL_LENGTH) {
        throw new UsageError(
            `Row ${line}, column ${JSON.stringify(column)}: an Excel cell can hold at most ${MAX_CELL_LENGTH} characters; ` +
                `got ${cell.length}: write .csv or .jsonl`,
        );
    }
    return excelText(cell);
}

function excelText(text: string): string {
    return text.replaceAll(ESCAPED, "_x005F_");
}
