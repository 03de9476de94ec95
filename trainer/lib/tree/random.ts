/** Draws integers, the same ones on every machine. */
export interface Random {
    /** An integer from 0 to `count` - 1; `count` is at most 2^32. */
    below(count: number): number;
}

/**
 * The generator of one tree. Its numbers depend on the two seeds and on nothing else, so a forest is the same whoever
 * grows which tree. xoshiro128** (Blackman and Vigna, https://prng.di.unimi.it/xoshiro128starstar.c), its state filled
 * by the finalizer of MurmurHash3 over a counter.
 */
export function makeRandom(seed: number, stream: number): Random {
    let counter = mix(mix(seed | 0) ^ Math.imul(stream + 1, 0x9e3779b9));
    const next = () => {
        counter = (counter + 0x9e3779b9) | 0;
        return mix(counter);
    };
    // A state of nothing but zeros would give zeros for ever; the 1 rules it out.
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
