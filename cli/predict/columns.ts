import {
    type CellRemark,
    cellReader,
    type Feature,
    type Model,
    nameColumns,
    parseNumber,
    partsOf,
    type Reading,
    usesDecimalComma,
} from "../../trainer/lib/model";
import { nearest } from "../../trainer/lib/nearest";
import { UsageError } from "../shared/usage-error";
import type { CsvFile } from "./csv-file";
import type { CsvRow } from "./csv-row";

/** A column of the input that the model uses. */
export interface FeatureColumn {
    name: string;
    kind: Feature["kind"];
    /** The column's index in the input. */
    position: number;
    /** The position of the column's first number within a row's numbers. */
    offset: number;
    /** Writes the numbers for the model at `at`, and returns a remark on the cell, if any. */
    read(row: CsvRow, numbers: Float64Array, at: number): CellRemark | undefined;
}

const MAX_NAMES_SHOWN = 20;

/**
 * Finds the model's columns by their names.
 *
 * @throws UsageError that names every missing column, with a similar name if there is one, or a duplicate column
 */
export function findColumns(model: Model, { header, dialect }: CsvFile, source: string): FeatureColumn[] {
    const decimalComma = usesDecimalComma(dialect.delimiter);
    const names = nameColumns(header.cells);
    const missing = model.features.map(({ name }) => name).filter((name) => !names.includes(name));
    if (missing.length > 0) {
        throw new UsageError(describeMissing(missing, header.cells, source, model));
    }
    let offset = 0;
    return model.features.map((feature) => {
        const { name, kind } = feature;
        const position = header.cells.indexOf(name) < 0 ? names.indexOf(name) : header.cells.indexOf(name);
        const again = header.cells.indexOf(name, position + 1);
        if (again >= 0 && !model.features.some((other) => other.name === `${name}.1`)) {
            const numbers = `number ${position + 1} and ${again + 1}`;
            throw new UsageError(`${source} names column ${JSON.stringify(name)} twice, as ${numbers}`);
        }
        const read = rowReader(feature, position, decimalComma, model.reading);
        const column = { name, kind, position, offset, read };
        offset += partsOf(feature);
        return column;
    });
}

function rowReader(feature: Feature, position: number, decimalComma: boolean, reading: Reading): FeatureColumn["read"] {
    const readCell = cellReader(feature, decimalComma, reading);
    const isPlain = feature.kind === "number" && feature.format === undefined && reading.missing.length === 0;
    return (row, numbers, at) => {
        const value = isPlain ? row.number(position, decimalComma) : Number.NaN;
        if (Number.isNaN(value)) {
            return readCell(row.cell(position), numbers, at);
        }
        numbers[at] = value;
        return undefined;
    };
}

function describeMissing(missing: string[], present: string[], source: string, { features }: Model): string {
    const unused = present.filter((name) => !features.some((feature) => feature.name === name));
    const named = missing.map((name) => {
        const similar = findSimilar(name, unused);
        return `${JSON.stringify(name)}${similar === undefined ? "" : ` (it has ${JSON.stringify(similar)})`}`;
    });
    const shown = shorten(named);
    const noHeader = present.every((name) => name === "" || parseNumber(name, true) !== undefined);
    return (
        `${source} has no column ${shown}, which the model needs; it has ` +
        `${shorten(present.map((name) => JSON.stringify(name)))}` +
        (noHeader ? "; add a header row with the column names" : "")
    );
}

/** Finds a name that differs only in case, spaces and punctuation, or in a few letters. */
function findSimilar(name: string, candidates: readonly string[]): string | undefined {
    const plain = (text: string) => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
    const plainName = plain(name);
    return nearest(plainName, candidates, Math.floor(plainName.length / 4), plain);
}

function shorten(items: readonly string[]): string {
    const more = items.length - MAX_NAMES_SHOWN;
    return `${items.slice(0, MAX_NAMES_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Names of the columns that are appended to the input's columns. */
export interface PredictedColumns {
    /** Column for the predicted class or number. */
    prediction: string;
    /** Columns for the class probabilities, in the order of the classes. */
    probabilities: string[];
    /** Column for the reason for a missing prediction. */
    error: string;
    /** Column for values that are new to the model. */
    note: string;
    /** Names that already exist in the input and therefore got a suffix. */
    taken: string[];
}

/**
 * Names the prediction columns. If the input already has one of these names, e.g. because it is the output from an
 * earlier prediction, all of them get the same suffix, `_2` or higher.
 */
export function namePredictedColumns(model: Model, header: readonly string[]): PredictedColumns {
    const classes = model.task === "classification" ? model.classes : [];
    const names = [`predicted_${model.target}`, ...classes.map((label) => `probability_${label}`)];
    names.push("prediction_error", "prediction_note");
    const existing = new Set(header);
    const taken = names.filter((name) => existing.has(name));
    let suffix = "";
    for (let number = 2; names.some((name) => existing.has(name + suffix)); number++) {
        suffix = `_${number}`;
    }
    const numbered = names.map((name) => name + suffix);
    return {
        prediction: numbered[0] as string,
        probabilities: numbered.slice(1, -2),
        error: numbered.at(-2) as string,
        note: numbered.at(-1) as string,
        taken,
    };
}
