import type { PredictedRows } from "../predict-rows";
import { type FormatRows, type Layout, namesOf } from "./format";

/**
 * CSV in the input's dialect, with the same delimiter, line endings and byte order mark, if any. Every row is copied
 * byte for byte, followed by its prediction. New numbers have a decimal comma if numbers in the first rows do.
 */
export const formatCsv: FormatRows = async function* (batches, layout) {
    const { header, dialect } = layout.input;
    const { delimiter, lineEnd, byteOrderMark } = dialect;
    const names = namesOf(layout.predicted).map((name) => quote(name, delimiter));
    yield `${byteOrderMark ? "\ufeff" : ""}${[header.text, ...names].join(delimiter)}${lineEnd}`;
    let decimalComma: boolean | undefined;
    for await (const batch of batches) {
        decimalComma ??= delimiter === ";" && hasDecimalComma(batch, layout);
        yield formatRows(batch, layout, decimalComma);
    }
};

function formatRows(batch: PredictedRows, { input, predicted }: Layout, decimalComma: boolean): string {
    const { rows, errors, notes, predictions, values, width } = batch;
    const { delimiter, lineEnd } = input.dialect;
    const classes = predicted.probabilities.length;
    const withoutPrediction = delimiter.repeat(classes + 2);
    const format = (value: string | number) =>
        typeof value === "number" ? formatNumber(value, decimalComma) : quote(value, delimiter);
    let text = "";
    for (const [rowIndex, row] of rows.entries()) {
        text += row.text === "" ? row.cells.map((cell) => quote(cell, delimiter)).join(delimiter) : row.text;
        const error = errors[rowIndex];
        if (error !== undefined) {
            text +=
                withoutPrediction +
                quote(error, delimiter) +
                delimiter +
                quote(notes[rowIndex] ?? "", delimiter) +
                lineEnd;
            continue;
        }
        text += delimiter + format(predictions[rowIndex] as string | number);
        for (let index = 0; index < classes; index++) {
            text += delimiter + formatNumber(values[rowIndex * width + index] as number, decimalComma);
        }
        text += delimiter + delimiter + quote(notes[rowIndex] ?? "", delimiter) + lineEnd;
    }
    return text;
}

function hasDecimalComma({ rows }: PredictedRows, { columns }: Layout): boolean {
    return columns.some(
        ({ kind, position }) => kind === "number" && rows.some(({ cells }) => cells[position]?.includes(",")),
    );
}

function formatNumber(value: number, decimalComma: boolean): string {
    return decimalComma ? String(value).replace(".", ",") : String(value);
}

/** Quotes a cell if it would otherwise be read as something else. */
function quote(cell: string, delimiter: string): string {
    const needed = cell.includes(delimiter) || /["\r\n]|^\s|\s$/.test(cell);
    return needed ? `"${cell.replaceAll('"', '""')}"` : cell;
}
