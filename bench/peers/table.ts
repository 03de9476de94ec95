import { readFileSync } from "node:fs";
import { GrowingNumbers } from "../../trainer/lib/columns/growing-numbers";
import type { NumberList } from "../../trainer/lib/columns/number-list";

/** A table in the trainer's in-memory format. */
export interface Table {
    /** One array per feature, in shared memory. */
    readonly columns: Float64Array[];
    /** The target: the last column of the file. */
    readonly y: Float64Array;
}

/** Reads a file of little-endian float64 values, column by column, with the target last. */
export function readTable(file: string, rows: number): Table {
    const bytes = readFileSync(file);
    const all: Float64Array[] = [];
    for (let offset = 0; offset < bytes.length; offset += rows * 8) {
        const column = new Float64Array(new SharedArrayBuffer(rows * 8));
        Buffer.from(column.buffer).set(bytes.subarray(offset, offset + rows * 8));
        all.push(column);
    }
    const y = all.pop();
    if (y === undefined) {
        throw new Error(`${file} is empty`);
    }
    return { columns: all, y };
}

/** Converts columns to the form that the trainer's reader returns: short decimals as scaled integers. */
export function asRead(columns: readonly Float64Array[]): NumberList[] {
    return columns.map((column) => {
        const numbers = new GrowingNumbers();
        numbers.reserve(column.length);
        for (let row = 0; row < column.length; row++) {
            numbers.set(row, column[row] as number);
        }
        return numbers.firstRows(column.length);
    });
}

/** Converts class indices to the trainer's target format. */
export function classTarget(y: Float64Array): { task: "classification"; y: Uint16Array; classes: string[] } {
    const labels = new Uint16Array(new SharedArrayBuffer(2 * y.length));
    labels.set(y);
    const count = labels.reduce((largest, label) => Math.max(largest, label), 0) + 1;
    return { task: "classification", y: labels, classes: Array.from({ length: count }, (_, label) => String(label)) };
}
