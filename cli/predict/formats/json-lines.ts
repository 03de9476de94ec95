import { isMissingMarker } from "../../../trainer/lib/model";
import type { CsvRow } from "../csv-row";
import { type FormatRows, namesOf, numberFeatures } from "./format";

/**
 * JSON Lines: one object per row. Numeric features are numbers, or null if missing; all other columns are strings. A
 * row that could not be predicted has null as its prediction, and only such a row has `prediction_error`; only a row
 * with values that are new to the model has `prediction_note`. https://jsonlines.org/
 */
export const formatJsonLines: FormatRows = async function* (batches, layout) {
    const { predicted, input } = layout;
    const numbers = numberFeatures(layout);
    const keys = uniqueNames(input.header.cells, namesOf(predicted)).map((name) => `${JSON.stringify(name)}:`);
    const [predictionKey, ...probabilityKeys] = [predicted.prediction, ...predicted.probabilities].map(
        (name) => `,${JSON.stringify(name)}:`,
    );
    const errorKey = `,${JSON.stringify(predicted.error)}:`;
    const noteKey = `,${JSON.stringify(predicted.note)}:`;
    for await (const { rows, errors, notes, predictions, values, width, features, columns } of batches) {
        let text = "";
        for (const [rowIndex, row] of rows.entries()) {
            for (let position = 0; position < row.count; position++) {
                const feature = numbers[position];
                const value = feature === undefined ? Number.NaN : features[rowIndex * columns + feature];
                text += position === 0 ? "{" : ",";
                text += keys[position] + formatCell(row, position, feature !== undefined, value as number);
            }
            const error = errors[rowIndex];
            text += predictionKey + (error === undefined ? JSON.stringify(predictions[rowIndex]) : "null");
            for (const [index, key] of probabilityKeys.entries()) {
                text += key + (error === undefined ? values[rowIndex * width + index] : "null");
            }
            const note = notes[rowIndex];
            text += error === undefined ? "" : errorKey + JSON.stringify(error);
            text += note === undefined ? "}\n" : `${noteKey}${JSON.stringify(note)}}\n`;
        }
        yield text;
    }
};

/** The number that the model reads from a numeric feature's cell, if there is one, or else the cell's text. */
function formatCell(row: CsvRow, position: number, isNumber: boolean, value: number): string {
    if (isNumber && !Number.isNaN(value)) {
        return JSON.stringify(value);
    }
    const cell = row.cell(position);
    if (!isNumber) {
        return JSON.stringify(cell);
    }
    return cell === "" || isMissingMarker(cell) ? "null" : JSON.stringify(cell);
}

/**
 * Makes the names unique, so that they can be keys of an object: a column without a name becomes `column_3`, and a
 * second `a` becomes `a_2`.
 */
function uniqueNames(names: readonly string[], others: readonly string[]): string[] {
    const taken = new Set([...names, ...others]);
    const used = new Set<string>();
    return names.map((name, position) => {
        let unique = name === "" ? `column_${position + 1}` : name;
        for (let number = 2; used.has(unique) || (unique !== name && taken.has(unique)); number++) {
            unique = `${name === "" ? `column_${position + 1}` : name}_${number}`;
        }
        used.add(unique);
        return unique;
    });
}
