import { isMissingMarker } from "../../../trainer/lib/model";
import { type FormatRows, namesOf, numberFeatures } from "./format";

/**
 * JSON Lines: an object for each row. Columns that the model takes for numbers hold numbers, null where one is missing;
 * all other columns hold texts. A row without a prediction has null there, and why as its `prediction_error`, which no
 * other row has. https://jsonlines.org/
 */
export const formatJsonLines: FormatRows = async function* (pieces, layout) {
    const { predicted, columns, input } = layout;
    const numbers = numberFeatures(layout);
    const keys = uniqueNames(input.header.cells, namesOf(predicted)).map((name) => `${JSON.stringify(name)}:`);
    const [predictionKey, ...shareKeys] = [predicted.prediction, ...predicted.probabilities].map(
        (name) => `,${JSON.stringify(name)}:`,
    );
    const errorKey = `,${JSON.stringify(predicted.error)}:`;
    for await (const { rows, errors, predictions, values, width, features } of pieces) {
        let text = "";
        for (const [index, { cells }] of rows.entries()) {
            for (const [place, cell] of cells.entries()) {
                const feature = numbers[place];
                const value = feature === undefined ? Number.NaN : features[index * columns.length + feature];
                text += place === 0 ? "{" : ",";
                text += keys[place] + formatCell(cell, feature !== undefined, value as number);
            }
            const error = errors[index];
            text += predictionKey + (error === undefined ? JSON.stringify(predictions[index]) : "null");
            for (const [place, key] of shareKeys.entries()) {
                text += key + (error === undefined ? values[index * width + place] : "null");
            }
            text += error === undefined ? "}\n" : `${errorKey}${JSON.stringify(error)}}\n`;
        }
        yield text;
    }
};

/** A number as the model saw it; a text that stands where a number should be is kept. */
function formatCell(cell: string, isNumber: boolean, value: number): string {
    if (!isNumber) {
        return JSON.stringify(cell);
    }
    if (Number.isNaN(value)) {
        return cell === "" || isMissingMarker(cell) ? "null" : JSON.stringify(cell);
    }
    return JSON.stringify(value);
}

/** An object has each name once: a column without a name is `column_3`, a second `a` is `a_2`. */
function uniqueNames(names: readonly string[], others: readonly string[]): string[] {
    const taken = new Set([...names, ...others]);
    const used = new Set<string>();
    return names.map((name, place) => {
        let unique = name === "" ? `column_${place + 1}` : name;
        for (let number = 2; used.has(unique) || (unique !== name && taken.has(unique)); number++) {
            unique = `${name === "" ? `column_${place + 1}` : name}_${number}`;
        }
        used.add(unique);
        return unique;
    });
}
