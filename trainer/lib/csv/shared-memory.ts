import { MemoryError } from "../../src/errors";

/** Doubles in shared memory, as many as asked for, that begin with what the other list holds. */
export function enlargeDoubles(list: Float64Array, length: number): Float64Array {
    const larger = sharedDoubles(length);
    larger.set(list.length > length ? list.subarray(0, length) : list);
    return larger;
}

/** The same for whole numbers. */
export function enlargeInts(list: Int32Array, length: number): Int32Array {
    const larger = new Int32Array(share(length, Int32Array.BYTES_PER_ELEMENT));
    larger.set(list.length > length ? list.subarray(0, length) : list);
    return larger;
}

/**
 * Zeros in memory that worker threads can share. What was never written to takes no place in memory yet.
 * @throws {MemoryError}
 */
export function sharedDoubles(length: number): Float64Array {
    return new Float64Array(share(length, Float64Array.BYTES_PER_ELEMENT));
}

function share(length: number, itemBytes: number): SharedArrayBuffer {
    const bytes = length * itemBytes;
    try {
        return new SharedArrayBuffer(bytes);
    } catch (cause) {
        throw new MemoryError(`There is no memory for a column of ${length} rows (${bytes} bytes)`, { cause });
    }
}
