/** Repeats the items up to the given length. */
export function repeat<T>(items: readonly T[], length: number): T[] {
    return Array.from({ length }, (_, index) => items[index % items.length] as T);
}

/** Returns 0, 1, 2, ... */
export function count(length: number): number[] {
    return Array.from({ length }, (_, index) => index);
}
