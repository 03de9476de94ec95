import { compileModel, type Model } from "../../trainer/lib/model";
import type { FeatureColumn } from "./columns";
import type { CsvRow } from "./csv-rows";

/** Some rows with what the model says of them. */
export interface PredictedRows {
    /** As many cells each as the header has; `text` is empty where that took a change. */
    rows: CsvRow[];
    /** For each row why it has no prediction; undefined where it has one. */
    errors: (string | undefined)[];
    /** For each row the places of the cells in it that are to blame, for the report. */
    problems: RowProblem[];
    /** For each row the class, or the number as in `values`. */
    predictions: (string | number)[];
    /** For each row `width` numbers: the classes' shares, or the number. */
    values: Float64Array;
    width: number;
    /** For each row and feature column, in this order, what the model saw; NaN where there is no number. */
    features: Float64Array;
}

/** Something about a row that keeps it from being predicted. */
export interface RowProblem {
    line: number;
    /** Undefined when it is not about one column. */
    column?: string;
    text: string;
}

/** Predicts rows as they come, piece by piece. */
export async function* predictRows(
    model: Model,
    columns: readonly FeatureColumn[],
    headerCells: number,
    pieces: AsyncIterable<CsvRow[]>,
): AsyncGenerator<PredictedRows, void> {
    const predictor = compileModel(model);
    const { width } = predictor;
    for await (const rows of pieces) {
        const features = new Float64Array(rows.length * columns.length);
        const problems: RowProblem[] = [];
        const errors = rows.map((row, index) => {
            const found = readRow(row, headerCells, columns, features, index * columns.length);
            problems.push(...found);
            return found.length === 0 ? undefined : found.map(describeProblem).join("; ");
        });
        const values = new Float64Array(rows.length * width);
        const labels = new Int32Array(rows.length);
        predictor.predict(features, rows.length, values, labels);
        const predictions: (string | number)[] =
            model.task === "classification"
                ? Array.from(labels, (label) => model.classes[label] as string)
                : Array.from(values);
        yield { rows, errors, problems, predictions, values, width, features };
    }
}

/** A problem as the output shows it in the row itself. */
function describeProblem({ column, text }: RowProblem): string {
    return column === undefined ? text : `column ${JSON.stringify(column)} ${text}`;
}

const NONE: RowProblem[] = [];

/**
 * Puts a row's features at `offset`. A row that has not the header's number of cells is given it, and loses its text,
 * which no longer is that of its cells.
 */
function readRow(
    row: CsvRow,
    headerCells: number,
    columns: readonly FeatureColumn[],
    features: Float64Array,
    offset: number,
): RowProblem[] {
    const { line, cells } = row;
    if (cells.length !== headerCells) {
        const text = row.problem ?? describeRagged(cells, headerCells);
        row.text = "";
        row.cells = Array.from({ length: headerCells }, (_, place) => cells[place] ?? "");
        features.fill(Number.NaN, offset, offset + columns.length);
        return [{ line, text }];
    }
    let problems = NONE;
    for (let index = 0; index < columns.length; index++) {
        const { name, place, read } = columns[index] as FeatureColumn;
        const value = read(cells[place] as string);
        if (typeof value === "number") {
            features[offset + index] = value;
        } else {
            features[offset + index] = Number.NaN;
            problems = [...problems, { line, column: name, text: value }];
        }
    }
    return problems;
}

function describeRagged(cells: readonly string[], expected: number): string {
    const count = cells.length === 1 ? "1 cell" : `${cells.length} cells`;
    const surplus = cells.length > expected ? `; the first too many is ${JSON.stringify(cells[expected])}` : "";
    return `has ${count}, the header has ${expected}${surplus}`;
}
