import type { FitTask } from "./types";

/** The task with its row numbers in shared memory, which a message to a thread does not copy. */
export function shareRows(task: FitTask): FitTask {
    const { rows, testRows } = task;
    return { ...task, rows: share(rows), ...(testRows === undefined ? {} : { testRows: share(testRows) }) };
}

/** So many zeros. */
export function shareNumbers(length: number): Float64Array {
    return new Float64Array(new SharedArrayBuffer(8 * length));
}

function share(array: Uint32Array): Uint32Array {
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
