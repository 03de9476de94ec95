import { makeRandom } from "../lib/random";
import { count } from "./tables";

describe("makeRandom", () => {
    // A change here would change every forest trained so far.
    it.each([
        [0, 0, [974968, 569177, 901586, 302292]],
        [42, 0, [155230, 97779, 580000, 643831]],
        [42, 1, [931929, 164923, 382193, 863292]],
    ])("always draws the same numbers: seed %d, tree %d", (seed, tree, expected) => {
        const random = makeRandom(seed, tree);
        expect(expected.map(() => random.below(1_000_000))).toEqual(expected);
    });

    it("draws all numbers about equally often, and never exceeds the range", () => {
        const random = makeRandom(4294967295, 10_000);
        const counts = new Array<number>(10).fill(0);
        for (const _ of count(100_000)) {
            const drawn = random.below(10);
            counts[drawn] = (counts[drawn] as number) + 1;
        }
        expect(counts).toHaveLength(10);
        // Five standard deviations of a count; one standard deviation is 95.
        expect(counts.filter((times) => Math.abs(times - 10_000) > 475)).toEqual([]);
    });

    it("draws 0 from a range of one", () => {
        expect(makeRandom(1, 1).below(1)).toBe(0);
    });
});
