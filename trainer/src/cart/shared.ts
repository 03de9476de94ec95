/** The array itself if threads share its memory already, else a copy that they can share. */
export function share(array: Uint32Array): Uint32Array {
    if (array.buffer instanceof SharedArrayBuffer) {
        return array;
    }
    const copy = new Uint32Array(new SharedArrayBuffer(array.byteLength));
    copy.set(array);
    return copy;
}

const FREE = 0;
const TAKEN = 1;

/**
 * Does something that only one thread may do at a time.
 * @param lock one word of shared memory, 0 at first
 */
export function withLock(lock: Int32Array, action: () => void): void {
    while (Atomics.compareExchange(lock, 0, FREE, TAKEN) !== FREE) {
        Atomics.wait(lock, 0, TAKEN);
    }
    try {
        action();
    } finally {
        Atomics.store(lock, 0, FREE);
        Atomics.notify(lock, 0, 1);
    }
}
