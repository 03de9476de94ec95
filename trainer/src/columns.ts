import type { Table } from "./csv";
import { DataError } from "./errors";
import type { Feature } from "./model-format";
import { isMissingMarker, parseNumber } from "./numbers";

/** One column of the table with its type. */
export type Column = NumberColumn | TextColumn;

/** A column of numbers. */
export interface NumberColumn {
    kind: "number";
    name: string;
    values: number[];
}

/** A column of words. */
export interface TextColumn {
    kind: "text";
    name: string;
    values: string[];
}

/**
 * Types a column by what it holds: numbers, when more than half of its values are numbers, else text. Nothing is
 * guessed: a missing value, or a text among numbers, is an error.
 * @throws {DataError} naming row and column
 */
export function readColumn(table: Table, index: number): Column {
    const name = table.columns[index] ?? "";
    const cells = table.rows.map((row) => row[index] ?? "");
    const numbers = cells.map((cell) => parseNumber(cell, usesDecimalComma(table)));
    const present = cells.filter((cell) => cell !== "" && !isMissingMarker(cell)).length;
    const numeric = numbers.filter((value) => value !== undefined).length;
    const kind = numeric * 2 > present ? "number" : "text";
    const bad = cells.findIndex((cell, at) => cell === "" || (kind === "number" && numbers[at] === undefined));
    if (bad >= 0) {
        const place = `${table.source} row ${table.rowNumbers[bad]}, column ${JSON.stringify(name)}`;
        throw new DataError(`${place}: ${describeBadCell(cells[bad] ?? "", numeric, cells.length)}`);
    }
    return kind === "number"
        ? { kind, name, values: numbers.filter((value) => value !== undefined) }
        : { kind, name, values: cells };
}

function describeBadCell(cell: string, numeric: number, total: number): string {
    if (cell === "") {
        return "the value is missing; fill it in, or remove the row or the column";
    }
    const got = JSON.stringify(cell);
    return isMissingMarker(cell)
        ? `the value is missing (${got}); fill it in, or remove the row or the column`
        : `${got} is text in a column of numbers (${numeric} of ${total}); correct it, or remove the row or the column`;
}

/** Spreadsheets that write decimal commas separate cells by semicolons. */
export function usesDecimalComma(table: Table): boolean {
    return table.delimiter === ";";
}

/** How a column enters the model: numbers as they are, text as its place in the sorted list of its categories. */
export function describeFeature(column: Column): Feature {
    return column.kind === "number"
        ? { name: column.name, kind: "number", missing: false }
        : { name: column.name, kind: "text", categories: distinct(column.values) };
}

/** The column as the numbers that ml-cart sees. */
export function encodeFeature(column: Column): number[] {
    return column.kind === "number" ? column.values : encodeText(column.values, distinct(column.values));
}

/** Each value's place in the list. */
export function encodeText(values: readonly string[], categories: readonly string[]): number[] {
    const places = new Map(categories.map((category, place) => [category, place]));
    return values.map((value) => places.get(value) ?? -1);
}

/** The different values, sorted by code unit: the same on every machine and in every locale. */
export function distinct(values: readonly string[]): string[] {
    return [...new Set(values)].sort();
}

/** `id`, `ID`, `index`, `row number`, `user_id`, `user-id`, `userId`, but not `humid`. */
const IDENTIFIER_NAMES = [/^(id|index|uuid|guid|row ?(id|number|no)?)$/i, /[ _-]id$/i, /[a-z0-9]I[dD]$/];

/**
 * Says that a column only numbers the rows: its name is one of an identifier (`Id`, `index`, `user_id`, `userId`) and
 * no two rows have the same value. Values alone prove nothing: measurements often differ in every row.
 */
export function isIdentifier(table: Table, index: number): boolean {
    const name = table.columns[index] ?? "";
    const named = IDENTIFIER_NAMES.some((pattern) => pattern.test(name));
    return named && new Set(table.rows.map((row) => row[index])).size === table.rows.length;
}
