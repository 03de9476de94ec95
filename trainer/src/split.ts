/** Row numbers, from 0, in ascending order. */
export interface Split {
    train: number[];
    test: number[];
}

/**
 * Holds rows back to test on. With `labels` the split is stratified: each class gives the same share, rounded, at least
 * one row and never its last one. The same seed gives the same split on every machine.
 * @param labels each row's class, or undefined to split without regard to a class
 */
export function splitRows(rows: number, labels: readonly number[] | undefined, fraction: number, seed: number): Split {
    const random = mulberry32(seed);
    const strata = new Map<number, number[]>();
    for (let row = 0; row < rows; row++) {
        const label = labels?.[row] ?? 0;
        const stratum = strata.get(label);
        if (stratum === undefined) {
            strata.set(label, [row]);
        } else {
            stratum.push(row);
        }
    }
    const split: Split = { train: [], test: [] };
    for (const label of [...strata.keys()].sort((a, b) => a - b)) {
        const shuffled = shuffle(strata.get(label) ?? [], random);
        const held = shuffled.length < 2 ? 0 : clamp(Math.round(shuffled.length * fraction), 1, shuffled.length - 1);
        split.test = split.test.concat(shuffled.slice(0, held));
        split.train = split.train.concat(shuffled.slice(held));
    }
    split.train.sort((a, b) => a - b);
    split.test.sort((a, b) => a - b);
    return split;
}

/** Fisher and Yates. */
function shuffle(items: readonly number[], random: () => number): number[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last--) {
        const other = Math.floor(random() * (last + 1));
        const item = shuffled[last] as number;
        shuffled[last] = shuffled[other] as number;
        shuffled[other] = item;
    }
    return shuffled;
}

function clamp(value: number, min: number, max: number): number {
    return Math.min(Math.max(value, min), max);
}

/** A small generator of numbers in [0, 1) with a 32-bit state: https://github.com/bryc/code/blob/master/jshash/PRNGs.md */
function mulberry32(seed: number): () => number {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
}
