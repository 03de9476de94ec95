import type { Feature } from "../model-format";
import type { ColumnBuilder } from "./column-builder";

/** A column that is complete. */
export type Column = NumberColumn | TextColumn;

/** A column of numbers. */
export interface NumberColumn {
    kind: "number";
    name: string;
    /** In shared memory; NaN where there is none. */
    values: Float64Array;
}

/** A column of words. */
export interface TextColumn {
    kind: "text";
    name: string;
    /** Places in `categories`, in shared memory. */
    values: Float64Array;
    /** The different values, sorted by code unit: the same on every machine and in every locale. */
    categories: string[];
}

/** The complete column, with the rows that are kept, in the memory that it grew in. */
export function completeColumn(builder: ColumnBuilder, rowCount: number, kept: Uint32Array | undefined): Column {
    const { name, kind } = builder;
    const values = keepRows(builder.values.subarray(0, rowCount), kept);
    if (kind === "number") {
        return { kind, name, values };
    }
    const texts = builder.dictionary.texts();
    const used = kept === undefined ? texts : selectUsed(texts, values);
    const categories = [...used].sort();
    const placeOf = new Map(categories.map((category, place) => [category, place]));
    const places = Uint32Array.from(texts, (text) => placeOf.get(text) ?? 0);
    for (let row = 0; row < values.length; row++) {
        values[row] = places[values[row] as number] as number;
    }
    return { kind: "text", name, values, categories };
}

/** How a column enters the model. */
export function describeFeature(column: Column): Feature {
    return column.kind === "number"
        ? { name: column.name, kind: "number", missing: countValue(column.values, Number.NaN) > 0 }
        : { name: column.name, kind: "text", categories: column.categories };
}

/** Rows that have a value, when there are others: the value of a text is missing when it is empty. */
export function findRowsWithValue(builder: ColumnBuilder, rowCount: number): Uint32Array | undefined {
    const values = builder.values.subarray(0, rowCount);
    const missing = builder.kind === "number" ? Number.NaN : builder.dictionary.texts().indexOf("");
    const count = countValue(values, missing);
    if (count === 0) {
        return undefined;
    }
    const rows = new Uint32Array(rowCount - count);
    let place = 0;
    for (let row = 0; row < rowCount; row++) {
        if (!Object.is(values[row], missing)) {
            rows[place++] = row;
        }
    }
    return rows;
}

/** How many values are this one, which may be NaN. */
function countValue(values: Float64Array, wanted: number): number {
    let count = 0;
    if (Number.isNaN(wanted)) {
        for (let row = 0; row < values.length; row++) {
            count += Number.isNaN(values[row] as number) ? 1 : 0;
        }
    } else {
        for (let row = 0; row < values.length; row++) {
            count += values[row] === wanted ? 1 : 0;
        }
    }
    return count;
}

/** `id`, `ID`, `index`, `row number`, `user_id`, `user-id`, `userId`, but not `humid`. */
const IDENTIFIER_NAMES = [/^(id|index|uuid|guid|row ?(id|number|no)?)$/i, /[ _-]id$/i, /[a-z0-9]I[dD]$/];

/** Says that a name is one of an identifier: `Id`, `index`, `user_id`, `userId`. */
export function isIdentifierName(name: string): boolean {
    return IDENTIFIER_NAMES.some((pattern) => pattern.test(name));
}

/** Says that no two rows have the same value; one may have none. */
export function isDistinct(builder: ColumnBuilder, rowCount: number): boolean {
    if (builder.kind === "text") {
        return builder.differentTexts === rowCount;
    }
    const values = builder.values.subarray(0, rowCount);
    if (values.every((value, row) => row === 0 || value > (values[row - 1] as number))) {
        return true;
    }
    const sorted = new Float64Array(values).sort(); // NaN comes last.
    const numbers = builder.countNumbers(rowCount);
    for (let place = 1; place < numbers; place++) {
        if (sorted[place] === sorted[place - 1]) {
            return false;
        }
    }
    return rowCount - numbers - builder.others.size <= 1;
}

/** Moves the rows that are kept to the front. */
function keepRows(values: Float64Array, kept: Uint32Array | undefined): Float64Array {
    if (kept === undefined) {
        return values;
    }
    for (let place = 0; place < kept.length; place++) {
        values[place] = values[kept[place] as number] as number;
    }
    return values.subarray(0, kept.length);
}

function selectUsed(texts: readonly string[], values: Float64Array): string[] {
    const used = new Uint8Array(texts.length);
    for (const value of values) {
        used[value] = 1;
    }
    return texts.filter((_, place) => used[place] === 1);
}
