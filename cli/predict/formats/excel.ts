import { UsageError } from "../../start/stack-config";
import type { PredictedRows } from "../predict-rows";
import { type FormatRows, type Layout, namesOf, numberFeatures } from "./format";

/** Excel's limits. https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3 */
const MAX_COLUMNS = 16_384;
const MAX_ROWS = 1_048_576;
const MAX_CELL_LENGTH = 32_767;

/** A million rows with so many columns come near the 4 GiB that a part of a ZIP file has without its 64-bit fields. */
const COLUMNS_THAT_NEED_ZIP64 = 40;

/** Excel takes these letters for a character's number; written so they stay letters. ECMA-376-1, 22.9.2.19. */
const ESCAPED = /_(?=x[0-9A-Fa-f]{4}_)/g;

/** Excel shows 15 digits. */
const SHORT_NUMBER = /^-?\d{1,15}(\.\d+)?$/;

type ExcelCell = string | number | null;

/**
 * An Excel workbook. What the model takes for a number is one; in other columns a cell is a number only if it comes
 * back as it is written, so `007`, `1e3` and long identifiers stay text, and so do dates. Nothing becomes a formula. After
 * 1,048,576 rows it goes on in another sheet, under the same header.
 */
export const formatExcel: FormatRows = (pieces, layout) => formatSheets(pieces, layout, MAX_ROWS);

/** The same with a number of rows that a sheet takes, its header among them. */
export async function* formatSheets(
    pieces: AsyncIterable<PredictedRows>,
    layout: Layout,
    maxRowsPerSheet: number,
): AsyncGenerator<Uint8Array, void> {
    const header = [...layout.input.header.cells, ...namesOf(layout.predicted)];
    if (header.length > MAX_COLUMNS) {
        throw new UsageError(
            `A sheet of Excel has ${MAX_COLUMNS} columns, the output ${header.length}: write .csv or .jsonl`,
        );
    }
    // Of the packages that write workbooks from TypeScript this one streams, needs no other, and is kept: exceljs was last
    // released in 2023, write-excel-file takes all rows at once. Other formats do without it.
    const { writeXlsxStream } = await import("hucre/xlsx");
    const workbook = writeXlsxStream(toRows(pieces, layout), {
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

async function* toRows(pieces: AsyncIterable<PredictedRows>, layout: Layout): AsyncGenerator<ExcelCell[], void> {
    const numbers = numberFeatures(layout);
    const { input, columns, predicted } = layout;
    const shares = predicted.probabilities.length;
    const withoutPrediction = Array.from<null>({ length: shares + 1 }).fill(null);
    for await (const { rows, errors, predictions, values, width, features } of pieces) {
        for (const [index, { cells, line }] of rows.entries()) {
            const row: ExcelCell[] = cells.map((cell, place) => {
                const feature = numbers[place];
                const value = feature === undefined ? Number.NaN : features[index * columns.length + feature];
                return Number.isNaN(value) ? toCell(cell, line, input.header.cells[place]) : (value as number);
            });
            const error = errors[index];
            if (error === undefined) {
                const prediction = predictions[index] as string | number;
                row.push(typeof prediction === "number" ? prediction : toCell(prediction, line, predicted.prediction));
                for (let place = 0; place < shares; place++) {
                    row.push(values[index * width + place] as number);
                }
            } else {
                row.push(...withoutPrediction, excelText(error.slice(0, MAX_CELL_LENGTH)));
            }
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
            `Row ${line}, column ${JSON.stringify(column)}: a cell of Excel holds ${MAX_CELL_LENGTH} characters; ` +
                `got ${cell.length}: write .csv or .jsonl`,
        );
    }
    return excelText(cell);
}

function excelText(text: string): string {
    return text.replaceAll(ESCAPED, "_x005F_");
}
