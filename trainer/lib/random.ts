/**
 * A small pseudorandom number generator with 32 bits of state, which returns numbers in [0, 1):
 * https://github.com/bryc/code/blob/master/jshash/PRNGs.md
 */
export function mulberry32(seed: number): () => number {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
}

/** Shuffles the items in place (Fisher-Yates). */
export function shuffle(items: Uint32Array, random: () => number): void {
    for (let last = items.length - 1; last > 0; last--) {
        const other = Math.floor(random() * (last + 1));
        const item = items[last] as number;
        items[last] = items[other] as number;
        items[other] = item;
    }
}

/** Draws integers that are the same on every machine. */
export interface Random {
    /** Returns an integer from 0 to `count` - 1; `count` is at most 2^32. */
    below(count: number): number;
}

/**
 * The random number generator for one tree. Its numbers depend only on seed and stream, so a forest is the same no
 * matter which thread grows which tree. xoshiro128** (Blackman and Vigna,
 * https://prng.di.unimi.it/xoshiro128starstar.c), with its state filled by applying MurmurHash3's finalizer to a
 * counter.
 */
export function makeRandom(seed: number, stream: number): Random {
    let counter = mix(mix(seed | 0) ^ Math.imul(stream + 1, 0x9e3779b9));
    const next = () => {
        counter = (counter + 0x9e3779b9) | 0;
        return mix(counter);
    };
    // An all-zero state would produce zeros forever, so one bit is always set.
    let [a, b, c, d] = [next() | 1, next(), next(), next()];
    return {
        below(count) {
            const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
            const shifted = b << 9;
            c ^= a;
            d ^= b;
            b ^= c;
            a ^= d;
            c ^= shifted;
            d = rotate(d, 11);
            return Math.floor((result / 2 ** 32) * count);
        },
    };
}

function rotate(word: number, bits: number): number {
    return (word << bits) | (word >>> (32 - bits));
}

function mix(word: number): number {
    let mixed = word ^ (word >>> 16);
    mixed = Math.imul(mixed, 0x85ebca6b);
    mixed ^= mixed >>> 13;
    mixed = Math.imul(mixed, 0xc2b2ae35);
    return mixed ^ (mixed >>> 16);
}
