import { MemoryError } from "../errors";

/** A list of doubles in shared memory, as long as asked for, that begins with what the other one holds. */
export function enlargeShared(list: Float64Array, length: number): Float64Array {
    const larger = sharedDoubles(length);
    larger.set(list.length > length ? list.subarray(0, length) : list);
    return larger;
}

/**
 * Zeros in memory that worker threads can share. What was never written to takes no place in memory yet.
 * @throws {MemoryError}
 */
export function sharedDoubles(length: number): Float64Array {
    const bytes = length * Float64Array.BYTES_PER_ELEMENT;
    try {
        return new Float64Array(new SharedArrayBuffer(bytes));
    } catch (cause) {
        throw new MemoryError(`There is no memory for a column of ${length} rows (${bytes} bytes)`, { cause });
    }
}
