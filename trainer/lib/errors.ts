/**
 * A dataset that cannot be used for training. The message names the object and, if the problem has one, the row and the
 * column.
 */
export class DataError extends Error {
    override name = "DataError";
}

/** The machine has less memory than the dataset needs. The message says how much is needed and what helps. */
export class MemoryError extends Error {
    override name = "MemoryError";
}
