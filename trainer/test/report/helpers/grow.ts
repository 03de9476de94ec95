import type { TreeNode } from "../../../lib/model";

/** Training data: numeric columns, with NaN for a missing value, and a target of class indices or numbers. */
export interface Sample {
    columns: readonly (readonly number[])[];
    y: readonly number[];
    /** Number of classes; 0 for a regression. */
    classes: number;
}

/**
 * A plain CART implementation that grows trees in the same way as the trainer. It is slow and omits everything that a
 * report does not show.
 */
export function grow({ columns, y, classes }: Sample, maxDepth: number, minNumSamples: number): TreeNode {
    const node = (rows: readonly number[], depth: number): TreeNode => {
        const split = depth < maxDepth && rows.length > minNumSamples ? bestSplit(rows) : undefined;
        if (split === undefined) {
            return { numberSamples: rows.length, distribution: answer(rows) };
        }
        const column = columns[split.column] as readonly number[];
        return {
            splitColumn: split.column,
            splitValue: split.value,
            gain: split.gain,
            numberSamples: rows.length,
            left: node(
                rows.filter((row) => (column[row] as number) < split.value),
                depth + 1,
            ),
            right: node(
                rows.filter((row) => !((column[row] as number) < split.value)),
                depth + 1,
            ),
        };
    };
    const answer = (rows: readonly number[]): number | number[][] => {
        if (classes === 0) {
            return rows.reduce((sum, row) => sum + (y[row] as number), 0) / rows.length;
        }
        const counts = new Array<number>(classes).fill(0);
        for (const row of rows) {
            counts[y[row] as number] = (counts[y[row] as number] as number) + 1;
        }
        return [counts.map((count) => count / rows.length)];
    };
    const impurity = (rows: readonly number[]): number => {
        const value = answer(rows);
        return typeof value === "number"
            ? rows.reduce((sum, row) => sum + ((y[row] as number) - value) ** 2, 0)
            : rows.length * (1 - (value[0] as number[]).reduce((sum, share) => sum + share * share, 0));
    };
    const bestSplit = (rows: readonly number[]): { column: number; value: number; gain: number } | undefined => {
        const before = impurity(rows);
        let best: { column: number; value: number; gain: number } | undefined;
        for (const [place, column] of columns.entries()) {
            const present = rows.map((row) => column[row] as number).filter((value) => !Number.isNaN(value));
            const values = [...new Set(present)].sort((a, b) => a - b);
            const limits = values.slice(1).map((value, index) => (value + (values[index] as number)) / 2);
            const step = Math.ceil(limits.length / 30);
            const tried = limits.filter((_, index) => index % step === 0);
            for (const value of present.length < rows.length ? [...tried, Number.MAX_VALUE] : tried) {
                const left = rows.filter((row) => (column[row] as number) < value);
                const right = rows.filter((row) => !((column[row] as number) < value));
                if (left.length > 0 && right.length > 0) {
                    const gain = before - impurity(left) - impurity(right);
                    best = gain > (best?.gain ?? 1e-9) ? { column: place, value, gain } : best;
                }
            }
        }
        return best;
    };
    return node([...y.keys()], 0);
}

/** Generates numbers from 0 to 1 that are the same in every run. */
export function randomNumbers(seed: number): () => number {
    let state = seed;
    return () => {
        // The 32-bit mixing function from Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
        state = (state + 0x9e3779b9) | 0;
        let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
        mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
        return ((mixed ^ (mixed >>> 15)) >>> 0) / 4294967296;
    };
}
