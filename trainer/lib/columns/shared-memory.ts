import { MemoryError } from "../errors";

/** Copies a list into shared memory of a different length, truncating it or padding it with zeros. */
export function enlargeDoubles(list: Float64Array, length: number): Float64Array {
    const larger = sharedDoubles(length);
    larger.set(list.length > length ? list.subarray(0, length) : list);
    return larger;
}

/** Copies a list of integers in the same way. */
export function enlargeInts(list: Int32Array, length: number): Int32Array {
    const larger = sharedInts(length);
    larger.set(list.length > length ? list.subarray(0, length) : list);
    return larger;
}

/**
 * Returns an array of zeros in memory that worker threads can share. Pages do not occupy memory until they are written.
 * @throws {MemoryError}
 */
export function sharedDoubles(length: number): Float64Array {
    return new Float64Array(allocate(length, Float64Array.BYTES_PER_ELEMENT));
}

/** Returns an array of signed integer zeros, allocated in the same way. */
export function sharedInts(length: number): Int32Array {
    return new Int32Array(allocate(length, Int32Array.BYTES_PER_ELEMENT));
}

/**
 * Returns an array of integer zeros, allocated in the same way as by `sharedDoubles`.
 * @throws {MemoryError}
 */
export function sharedWords(length: number): Uint32Array {
    return new Uint32Array(allocate(length, Uint32Array.BYTES_PER_ELEMENT));
}

/**
 * Returns the words in shared memory, which messages to threads do not copy. An array that is already shared is
 * returned unchanged.
 */
export function shareWords(words: Uint32Array): Uint32Array {
    if (words.buffer instanceof SharedArrayBuffer) {
        return words;
    }
    const shared = sharedWords(words.length);
    shared.set(words);
    return shared;
}

function allocate(length: number, itemBytes: number): SharedArrayBuffer {
    const bytes = length * itemBytes;
    try {
        return new SharedArrayBuffer(bytes);
    } catch (cause) {
        throw new MemoryError(`There is not enough memory for a column of ${length} rows (${bytes} bytes)`, { cause });
    }
}

/** 0, 1, 2 ... in shared memory. */
export function allRows(rowCount: number): Uint32Array {
    const rows = sharedWords(rowCount);
    for (let row = 0; row < rowCount; row++) {
        rows[row] = row;
    }
    return rows;
}
