import { compileModel, listParts, type Model } from "../../trainer/lib/model";
import { countOf } from "../shared/text";
import type { FeatureColumn } from "./columns";
import type { CsvRow } from "./csv-row";

/** A batch of rows with their predictions. */
export interface PredictedRows {
    /** Every row has as many cells as the header; `text` is empty if cells were added or removed to achieve this. */
    rows: CsvRow[];
    /** For each row, the reason for a missing prediction, or undefined if it has a prediction. */
    errors: (string | undefined)[];
    /** For each row, the values that are new to the model, or undefined if there are none. */
    notes: (string | undefined)[];
    /** The problems in all rows, for the report. */
    problems: RowProblem[];
    /** For each row, the predicted class or number. */
    predictions: (string | number)[];
    /** For each row, `width` numbers: the class probabilities, or the predicted number. */
    values: Float64Array;
    width: number;
    /** The model's inputs: `columns` numbers for each row; NaN for a missing or invalid value. */
    features: Float64Array;
    columns: number;
}

/** A reason why a row cannot be predicted, or a value that is new to the model. */
export interface RowProblem {
    line: number;
    isError: boolean;
    /** Undefined if the problem concerns the whole row. */
    column?: string;
    text: string;
}

/** Predicts rows batch by batch. */
export async function* predictRows(
    model: Model,
    columns: readonly FeatureColumn[],
    headerCells: number,
    batches: AsyncIterable<CsvRow[]>,
): AsyncGenerator<PredictedRows, void> {
    const predictor = compileModel(model);
    const { width } = predictor;
    const inputs = listParts(model.features).length;
    for await (const rows of batches) {
        const features = new Float64Array(rows.length * inputs);
        const problems: RowProblem[] = [];
        const found = rows.map((row, index) => readRow(row, headerCells, columns, features, index * inputs, inputs));
        problems.push(...found.flat().filter(({ isError }) => isError));
        const errors = found.map((it) => joinProblems(it, true));
        const notes = found.map((it) => joinProblems(it, false));
        const values = new Float64Array(rows.length * width);
        const labels = new Int32Array(rows.length);
        predictor.predict(features, rows.length, values, labels);
        const predictions: (string | number)[] =
            model.task === "classification"
                ? Array.from(labels, (label) => model.classes[label] as string)
                : Array.from(values);
        yield { rows, errors, notes, problems, predictions, values, width, features, columns: inputs };
    }
}

function joinProblems(problems: readonly RowProblem[], isError: boolean): string | undefined {
    const wanted = problems.length === 0 ? problems : problems.filter((it) => it.isError === isError);
    return wanted.length === 0 ? undefined : wanted.map(describeProblem).join("; ");
}

/** The text for a problem in the row's prediction_error. */
function describeProblem({ column, text }: RowProblem): string {
    return column === undefined ? text : `column ${JSON.stringify(column)} ${text}`;
}

const NONE: RowProblem[] = [];

/**
 * Writes a row's features at `offset`. A row with too few or too many cells is adjusted to the header; this clears its
 * text, because it no longer matches its cells.
 */
function readRow(
    row: CsvRow,
    headerCells: number,
    columns: readonly FeatureColumn[],
    features: Float64Array,
    offset: number,
    inputs: number,
): RowProblem[] {
    const { line } = row;
    if (row.count !== headerCells) {
        const text = row.problem ?? describeRagged(row.cells, headerCells);
        row.fitTo(headerCells);
        features.fill(Number.NaN, offset, offset + inputs);
        return [{ line, isError: true, text }];
    }
    let problems = NONE;
    for (let index = 0; index < columns.length; index++) {
        const column = columns[index] as FeatureColumn;
        const remark = column.read(row, features, offset + column.offset);
        if (remark !== undefined) {
            problems = [...problems, { line, column: column.name, ...remark }];
        }
    }
    return problems;
}

function describeRagged(cells: readonly string[], expected: number): string {
    const surplus = cells.length > expected ? `; the first extra cell is ${JSON.stringify(cells[expected])}` : "";
    return `has ${countOf(cells.length, "cell")}, but the header has ${expected}${surplus}`;
}
