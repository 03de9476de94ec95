/** A list of doubles in shared memory, as long as asked for, that begins with what the other one holds. */
export function enlargeShared(list: Float64Array, length: number): Float64Array {
    const larger = sharedDoubles(length);
    larger.set(list.length > length ? list.subarray(0, length) : list);
    return larger;
}

/** Zeros in memory that worker threads can share. What was never written to takes no place in memory yet. */
export function sharedDoubles(length: number): Float64Array {
    return new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
}
