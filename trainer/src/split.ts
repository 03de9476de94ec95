import { shared } from "../lib/columns/shared-memory";
import { mulberry32, shuffle } from "../lib/random";

/** Row numbers from 0, in ascending order, in memory that worker threads can share. */
export interface Split {
    train: Uint32Array;
    test: Uint32Array;
}

/** Class of each row, as an index; undefined for a split that ignores classes. */
export type Labels = ArrayLike<number> | undefined;

/**
 * Holds rows back for testing. With `labels`, the split is stratified: each class contributes the same share, rounded,
 * but at least one row and never all of them. A class with a single row contributes none. The same seed produces the
 * same split on every machine.
 */
export function splitRows(rows: Uint32Array, labels: Labels, fraction: number, seed: number): Split {
    const groups = new Uint8Array((rows.at(-1) ?? 0) + 1);
    for (const stratum of shuffledStrata(rows, labels, seed)) {
        const held = Math.round(stratum.length * fraction);
        const test = stratum.length < 2 ? 0 : Math.min(Math.max(held, 1), stratum.length - 1);
        for (const row of stratum.subarray(0, test)) {
            groups[row] = 1;
        }
    }
    return { train: selectRows(rows, (row) => groups[row] === 0), test: selectRows(rows, (row) => groups[row] === 1) };
}

/**
 * Divides rows into folds whose sizes differ by at most one row. With `labels`, this is also true of the rows in each
 * class. The rows of each fold are tested once, with a model trained on the rows in all other folds.
 * @param rows row numbers, in ascending order
 * @param folds 2 to 255
 */
export function splitFolds(rows: Uint32Array, labels: Labels, folds: number, seed: number): Split[] {
    const foldOf = new Uint8Array((rows.at(-1) ?? 0) + 1);
    let dealt = 0;
    for (const stratum of shuffledStrata(rows, labels, seed)) {
        for (const row of stratum) {
            foldOf[row] = dealt % folds;
            dealt++;
        }
    }
    return Array.from({ length: folds }, (_, fold) => ({
        train: selectRows(rows, (row) => foldOf[row] !== fold),
        test: selectRows(rows, (row) => foldOf[row] === fold),
    }));
}

/**
 * Counts first, because a typed array's `filter` collects the values in a JavaScript list that is several times as
 * large.
 */
function selectRows(rows: Uint32Array, wanted: (row: number) => boolean): Uint32Array {
    let count = 0;
    for (const row of rows) {
        count += wanted(row) ? 1 : 0;
    }
    const selected = shared(Uint32Array, count);
    let length = 0;
    for (const row of rows) {
        if (wanted(row)) {
            selected[length++] = row;
        }
    }
    return selected;
}

/** The rows in each class, by class, each in a random order. */
function shuffledStrata(rows: Uint32Array, labels: Labels, seed: number): Uint32Array[] {
    const random = mulberry32(seed);
    const sizes: number[] = [];
    const labelOf = (row: number) => labels?.[row] ?? 0;
    for (const row of rows) {
        sizes[labelOf(row)] = (sizes[labelOf(row)] ?? 0) + 1;
    }
    const strata = Array.from(sizes, (size) => new Uint32Array(size ?? 0));
    const filled = strata.map(() => 0);
    for (const row of rows) {
        const label = labelOf(row);
        const index = filled[label] as number;
        (strata[label] as Uint32Array)[index] = row;
        filled[label] = index + 1;
    }
    for (const stratum of strata) {
        shuffle(stratum, random);
    }
    return strata;
}
