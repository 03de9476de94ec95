import { MemoryError } from "../errors";

type ArrayType<T> = { readonly BYTES_PER_ELEMENT: number; new (buffer: SharedArrayBuffer): T };

/**
 * Returns an array of zeros in memory that worker threads can share. Pages do not occupy memory until they are written.
 * @throws {MemoryError}
 */
export function shared<T>(type: ArrayType<T>, length: number): T {
    const bytes = length * type.BYTES_PER_ELEMENT;
    try {
        return new type(new SharedArrayBuffer(bytes));
    } catch (cause) {
        throw new MemoryError(`There is not enough memory for a column of ${length} rows (${bytes} bytes)`, { cause });
    }
}

/** Copies a list into shared memory of a different length, truncating it or padding it with zeros. */
export function enlarge<T extends Float64Array | Int32Array>(list: T, length: number): T {
    const larger = shared(list.constructor as unknown as ArrayType<T>, length);
    larger.set(list.length > length ? list.subarray(0, length) : list);
    return larger;
}

/** 0, 1, 2 ... in shared memory. */
export function allRows(rowCount: number): Uint32Array {
    const rows = shared(Uint32Array, rowCount);
    for (let row = 0; row < rowCount; row++) {
        rows[row] = row;
    }
    return rows;
}
