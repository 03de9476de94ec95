import { countMissing, MISSING_INT, type NumberList, rawOf, type ScaledInts } from "../columns/number-list";
import type { Feature } from "../model";
import type { ColumnBuilder } from "./column-builder";

/** A column that is complete. */
export type Column = NumberColumn | TextColumn;

/** A column of numbers. */
export interface NumberColumn {
    kind: "number";
    name: string;
    values: NumberList;
}

/** A column of words. */
export interface TextColumn {
    kind: "text";
    name: string;
    /** Places in `categories`. */
    values: ScaledInts;
    /** The different values, sorted by code unit: the same on every machine and in every locale. */
    categories: string[];
}

/** The complete column, with the rows that are kept, in the memory that it grew in. */
export function completeColumn(builder: ColumnBuilder, rowCount: number, kept: Uint32Array | undefined): Column {
    const { name, kind } = builder;
    const values = keepRows(builder.numbers.firstRows(rowCount), kept);
    if (kind === "number") {
        return { kind, name, values };
    }
    const ints = rawOf(values) as Int32Array;
    const texts = builder.dictionary.texts();
    const used = kept === undefined ? texts : selectUsed(texts, ints);
    const categories = [...used].sort();
    const placeOf = new Map(categories.map((category, place) => [category, place]));
    const places = Uint32Array.from(texts, (text) => placeOf.get(text) ?? 0);
    for (let row = 0; row < ints.length; row++) {
        ints[row] = places[ints[row] as number] as number;
    }
    return { kind: "text", name, values: { ints, scale: 1 }, categories };
}

/** How a column enters the model. */
export function describeFeature(column: Column): Feature {
    return column.kind === "number"
        ? { name: column.name, kind: "number", missing: countMissing(column.values) > 0 }
        : { name: column.name, kind: "text", categories: column.categories };
}

/** Rows that have a value, when there are others: the value of a text is missing when it is empty. */
export function findRowsWithValue(builder: ColumnBuilder, rowCount: number): Uint32Array | undefined {
    const list = builder.numbers.firstRows(rowCount);
    const values = rawOf(list);
    const empty = builder.dictionary.texts().indexOf("");
    const none = ArrayBuffer.isView(list) ? Number.NaN : MISSING_INT;
    const missing = builder.kind === "text" ? empty : none;
    let count = 0;
    for (let row = 0; row < rowCount; row++) {
        count += Object.is(values[row], missing) ? 1 : 0;
    }
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
    const values = rawOf(builder.numbers.firstRows(rowCount));
    if (values.every((value: number, row: number) => row === 0 || value > (values[row - 1] as number))) {
        return true;
    }
    const sorted = values.slice().sort(); // What is missing comes last.
    const numbers = builder.countNumbers(rowCount);
    for (let place = 1; place < numbers; place++) {
        if (sorted[place] === sorted[place - 1]) {
            return false;
        }
    }
    return rowCount - numbers - builder.others.size <= 1;
}

/** Moves the rows that are kept to the front. */
function keepRows(list: NumberList, kept: Uint32Array | undefined): NumberList {
    if (kept === undefined) {
        return list;
    }
    const raw = rawOf(list);
    for (let place = 0; place < kept.length; place++) {
        raw[place] = raw[kept[place] as number] as number;
    }
    return ArrayBuffer.isView(list)
        ? list.subarray(0, kept.length)
        : { ...list, ints: list.ints.subarray(0, kept.length) };
}

function selectUsed(texts: readonly string[], places: Int32Array): string[] {
    const used = new Uint8Array(texts.length);
    for (const place of places) {
        used[place] = 1;
    }
    return texts.filter((_, place) => used[place] === 1);
}
