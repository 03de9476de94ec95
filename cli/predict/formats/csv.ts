import type { PredictedRows } from "../predict-rows";
import { type FormatRows, type Layout, namesOf } from "./format";

/**
 * CSV as the input is written: its delimiter, line ends and byte order mark, and every row as it stands there, with the
 * prediction behind it. The new numbers have a decimal comma when numbers in the first rows have.
 */
export const formatCsv: FormatRows = async function* (pieces, layout) {
    const { header, dialect } = layout.input;
    const { delimiter, lineEnd, byteOrderMark } = dialect;
    const names = namesOf(layout.predicted).map((name) => quote(name, delimiter));
    yield `${byteOrderMark ? "\ufeff" : ""}${[header.text, ...names].join(delimiter)}${lineEnd}`;
    let decimalComma: boolean | undefined;
    for await (const piece of pieces) {
        decimalComma ??= delimiter === ";" && hasDecimalComma(piece, layout);
        yield formatRows(piece, layout, decimalComma);
    }
};

function formatRows(piece: PredictedRows, { input, predicted }: Layout, decimalComma: boolean): string {
    const { rows, errors, predictions, values, width } = piece;
    const { delimiter, lineEnd } = input.dialect;
    const shares = predicted.probabilities.length;
    const withoutPrediction = delimiter.repeat(shares + 2);
    const format = (value: string | number) =>
        typeof value === "number" ? formatNumber(value, decimalComma) : quote(value, delimiter);
    let text = "";
    for (const [index, row] of rows.entries()) {
        text += row.text === "" ? row.cells.map((cell) => quote(cell, delimiter)).join(delimiter) : row.text;
        const error = errors[index];
        if (error !== undefined) {
            text += withoutPrediction + quote(error, delimiter) + lineEnd;
            continue;
        }
        text += delimiter + format(predictions[index] as string | number);
        for (let place = 0; place < shares; place++) {
            text += delimiter + formatNumber(values[index * width + place] as number, decimalComma);
        }
        text += delimiter + lineEnd;
    }
    return text;
}

function hasDecimalComma({ rows }: PredictedRows, { columns }: Layout): boolean {
    return columns.some(
        ({ kind, place }) => kind === "number" && rows.some(({ cells }) => cells[place]?.includes(",")),
    );
}

function formatNumber(value: number, decimalComma: boolean): string {
    return decimalComma ? String(value).replace(".", ",") : String(value);
}

/** A cell in quotes, where it could be read as something else without. */
function quote(cell: string, delimiter: string): string {
    const needed = cell.includes(delimiter) || /["\r\n]|^\s|\s$/.test(cell);
    return needed ? `"${cell.replaceAll('"', '""')}"` : cell;
}
