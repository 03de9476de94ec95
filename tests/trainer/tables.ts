import type { Table } from "../../trainer/src/csv";

/** A table from its columns, as if it was read from a bucket: the header is row 1. */
export function tableOf(columns: Record<string, readonly (string | number)[]>, delimiter = ","): Table {
    const lists = Object.values(columns);
    const length = Math.max(...lists.map((values) => values.length));
    const rows = Array.from({ length }, (_, row) => lists.map((values) => String(values[row] ?? "")));
    return {
        source: "gs://bucket/data.csv",
        delimiter,
        columns: Object.keys(columns),
        rows,
        rowNumbers: rows.map((_, row) => row + 2),
    };
}

/** The items again and again, up to the length. */
export function repeat<T>(items: readonly T[], length: number): T[] {
    return Array.from({ length }, (_, index) => items[index % items.length] as T);
}

/** 0, 1, 2 ... */
export function count(length: number): number[] {
    return Array.from({ length }, (_, index) => index);
}
