import { countMissing, MISSING_INT, type NumberList, rawOf, type ScaledInts } from "../columns/number-list";
import type { Feature } from "../model";
import type { ColumnBuilder } from "./column-builder";

/** A complete column. */
export type Column = NumberColumn | TextColumn;

export interface NumberColumn {
    kind: "number";
    name: string;
    values: NumberList;
}

export interface TextColumn {
    kind: "text";
    name: string;
    /** Indices into `categories`. */
    values: ScaledInts;
    /** The distinct values, sorted by code unit, which is the same order on every machine and in every locale. */
    categories: string[];
}

/** Completes a column with the rows in `kept`, reusing the memory in which it grew. */
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
    const indexOf = new Map(categories.map((category, index) => [category, index]));
    const indices = Uint32Array.from(texts, (text) => indexOf.get(text) ?? 0);
    for (let row = 0; row < ints.length; row++) {
        ints[row] = indices[ints[row] as number] as number;
    }
    return { kind: "text", name, values: { ints, scale: 1 }, categories };
}

/** Describes how the model uses a column. */
export function describeFeature(column: Column): Feature {
    return column.kind === "number"
        ? { name: column.name, kind: "number", missing: countMissing(column.values) > 0 }
        : { name: column.name, kind: "text", categories: column.categories };
}

/** Rows that have a value; undefined if all have one. An empty string is a missing value. */
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
    let length = 0;
    for (let row = 0; row < rowCount; row++) {
        if (!Object.is(values[row], missing)) {
            rows[length++] = row;
        }
    }
    return rows;
}

/** Matches `id`, `ID`, `index`, `row number`, `user_id`, `user-id`, `userId`, but not `humid`. */
const IDENTIFIER_NAMES = [/^(id|index|uuid|guid|row ?(id|number|no)?)$/i, /[ _-]id$/i, /[a-z0-9]I[dD]$/];

/** True if a name looks like that of an identifier: `Id`, `index`, `user_id`, `userId`. */
export function isIdentifierName(name: string): boolean {
    return IDENTIFIER_NAMES.some((pattern) => pattern.test(name));
}

/** True if no two rows have the same value. One row may lack a value. */
export function isDistinct(builder: ColumnBuilder, rowCount: number): boolean {
    if (builder.kind === "text") {
        return builder.differentTexts === rowCount;
    }
    const values = rawOf(builder.numbers.firstRows(rowCount));
    if (values.every((value: number, row: number) => row === 0 || value > (values[row - 1] as number))) {
        return true;
    }
    const sorted = values.slice().sort(); // Missing values come last.
    const numbers = builder.countNumbers(rowCount);
    for (let index = 1; index < numbers; index++) {
        if (sorted[index] === sorted[index - 1]) {
            return false;
        }
    }
    return rowCount - numbers - builder.others.size <= 1;
}

/** Moves the kept rows to the front. */
function keepRows(list: NumberList, kept: Uint32Array | undefined): NumberList {
    if (kept === undefined) {
        return list;
    }
    const raw = rawOf(list);
    for (let index = 0; index < kept.length; index++) {
        raw[index] = raw[kept[index] as number] as number;
    }
    return ArrayBuffer.isView(list)
        ? list.subarray(0, kept.length)
        : { ...list, ints: list.ints.subarray(0, kept.length) };
}

function selectUsed(texts: readonly string[], indices: Int32Array): string[] {
    const used = new Uint8Array(texts.length);
    for (const index of indices) {
        used[index] = 1;
    }
    return texts.filter((_, index) => used[index] === 1);
}
