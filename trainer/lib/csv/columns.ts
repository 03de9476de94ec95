import { missingOf, type NumberList, rawOf, type ScaledInts } from "../columns/number-list";
import type { DateOrder, NumberFormat } from "../model";
import type { ColumnBuilder } from "./column-builder";
import type { Dictionary } from "./dictionary";

/** A complete column, as it was read. */
export type Column = NumberColumn | DateColumn | TextColumn;

export interface NumberColumn {
    kind: "number";
    name: string;
    values: NumberList;
    /** @default plain numbers */
    format?: NumberFormat | undefined;
}

export interface DateColumn {
    kind: "date";
    name: string;
    values: NumberList;
    order: DateOrder;
    /** True if cells that are not dates were taken for missing values. */
    skipsBadCells: boolean;
}

export interface TextColumn {
    kind: "text";
    name: string;
    /** Indices into the strings. */
    values: ScaledInts;
    /** The distinct strings; some may occur only in rows that were left out. */
    dictionary: Dictionary;
}

/** Completes a column with the rows in `kept`, reusing the memory in which it grew. */
export function completeColumn(builder: ColumnBuilder, rowCount: number, kept: Uint32Array | undefined): Column {
    const { name, decided = { kind: "number" }, dictionary, bad } = builder;
    const values = keepRows(builder.numbers.firstRows(rowCount), kept);
    switch (decided.kind) {
        case "text":
            return { kind: "text", name, values: values as ScaledInts, dictionary };
        case "date":
            return { ...decided, name, values, skipsBadCells: bad !== undefined };
        case "number":
            return { ...decided, name, values };
    }
}

/** A target's labels as they were written, for the rows in `kept`. */
export function completeSpellings(
    { spellings, name }: ColumnBuilder,
    rowCount: number,
    kept: Uint32Array | undefined,
): TextColumn | undefined {
    if (spellings === undefined) {
        return undefined;
    }
    const values = keepRows(spellings.ofRows.firstRows(rowCount), kept) as ScaledInts;
    return { kind: "text", name, values, dictionary: spellings.labels };
}

/** Rows that have a value; undefined if all rows have one. An empty string is a missing value. */
export function findRowsWithValue(builder: ColumnBuilder, rowCount: number): Uint32Array | undefined {
    const list = builder.numbers.firstRows(rowCount);
    const values = rawOf(list);
    const missing = builder.kind === "text" ? builder.dictionary.find("") : missingOf(list);
    const rows = new Uint32Array(rowCount);
    let length = 0;
    for (let row = 0; row < rowCount; row++) {
        rows[length] = row;
        length += Object.is(values[row], missing) ? 0 : 1;
    }
    return length === rowCount ? undefined : rows.slice(0, length);
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

/**
 * Names that mark a column as an identifier, whatever the column contains: `id`, `row number`, `rownames`, `user_id`,
 * `userId`, `id_user`.
 */
const IDENTIFIERS = [
    /^(id|index|uuid|guid|rownames|row[ _.]?(names|id|number|num|no)?)$/i,
    /^Unnamed: \d+$/,
    /[ _.-]id$/i,
    /^id[ _.-]/i,
    /[a-z0-9]I[dD]$/,
];

export function isIdentifierName(name: string): boolean {
    return IDENTIFIERS.some((pattern) => pattern.test(name));
}
