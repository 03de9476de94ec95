import { makeRandom } from "../../lib/random";
import { findLeaf } from "../../lib/tree/flat-tree";
import { bootstrap, forestRounding } from "../../lib/tree/jobs";
import { count } from "../tables";
import { allRows, fitOne, forestTask, makeDataset } from "./fitting";
import { shareNumbers } from "./tables";

describe("a forest", () => {
    it.each(["classification", "regression"] as const)(
        "predicts with all its trees, and out-of-bag rows with the trees that were not grown on them: %s",
        async (task) => {
            const dataset = makeDataset(150, task);
            const rows = allRows(dataset).filter((row) => row % 5 > 0);
            const forest = { trees: 4, maxFeatures: 2, seed: 9 };
            const result = await fitOne(dataset, forestTask(dataset, { rows, testRows: allRows(dataset), forest }));

            const bags = result.trees.map((_, number) => {
                const weights = new Uint8Array(150);
                bootstrap(rows, makeRandom(forest.seed, number), weights);
                return weights;
            });
            const vote = (row: number, isAsked: (number: number) => boolean) => {
                const asked = result.trees.filter((_, number) => isAsked(number));
                const leaves = asked.map((tree) => ({ tree, leaf: findLeaf(tree, dataset.columns, row) }));
                if (task === "regression") {
                    return (
                        leaves.reduce((sum, { tree, leaf }) => sum + (tree.values[leaf] as number), 0) / asked.length
                    );
                }
                const sums = [0, 0, 0];
                for (const { tree, leaf } of leaves) {
                    const at = tree.links[leaf] as number;
                    for (
                        let index = tree.leafStarts[at] as number;
                        index < (tree.leafStarts[at + 1] as number);
                        index++
                    ) {
                        const label = tree.leafClasses[index] as number;
                        sums[label] = (sums[label] as number) + (tree.leafShares[index] as number);
                    }
                }
                return sums.indexOf(Math.max(...sums));
            };
            expect([...(result.test?.predictions ?? [])]).toEqual(count(150).map((row) => vote(row, () => true)));
            const outside = [...rows].filter((row) => bags.some((bag) => bag[row] === 0));
            expect([...(result.outOfBag?.rows ?? [])]).toEqual(outside);
            expect([...(result.outOfBag?.predictions ?? [])]).toEqual(
                outside.map((row) => vote(row, (number) => bags[number]?.[row] === 0)),
            );
            expect(outside.length).toBeGreaterThan(100);
            expect(outside.length).toBeLessThan(rows.length);
        },
    );

    it("averages the feature importances over its trees", async () => {
        const dataset = makeDataset(200, "classification");
        const { trees, importances } = await fitOne(dataset, forestTask(dataset));
        const means = count(3).map(
            (column) => trees.reduce((sum, tree) => sum + (tree.importances[column] as number), 0) / trees.length,
        );
        expect([...importances]).toEqual(means.map((mean) => expect.closeTo(mean, 12)));
        expect(importances.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
        expect(importances[2]).toBeLessThan(0.1);
    });

    it("searches constant columns only if there are no others", async () => {
        const dataset = makeDataset(100, "classification");
        const constant = count(20).map(() => shareNumbers(count(100).map(() => 1)));
        const columns = [...constant, ...dataset.columns];
        const task = forestTask(dataset, { forest: { trees: 3, maxFeatures: 1, seed: 1 } });
        const { trees, importances } = await fitOne({ ...dataset, columns }, task);
        // Every tree is split until its leaves are pure.
        expect(trees.every((tree) => tree.leafShares.every((share) => share === 1))).toBe(true);
        expect([...importances.subarray(0, 20)]).toEqual(count(20).map(() => 0));
    });

    it("has no out-of-bag rows if there is only one row", async () => {
        const dataset = makeDataset(20, "classification");
        const { outOfBag, trees, test } = await fitOne(dataset, forestTask(dataset, { rows: Uint32Array.of(3) }));
        expect(outOfBag?.rows).toHaveLength(0);
        expect(trees.every((tree) => tree.samples[0] === 1)).toBe(true);
        expect([...(test?.predictions ?? [])]).toEqual(count(3).map(() => dataset.target.y[3]));
    });
});

describe("forestRounding", () => {
    it("makes sums of shares exact", () => {
        const round = forestRounding({ task: "classification", y: Uint16Array.of(0), classes: ["a", "b"] }, 3);
        const shares = [1 / 3, 1 / 7, 0.1].map(round);
        const [a, b, c] = shares as [number, number, number];
        expect(a + b + c).toBe(a + (b + c));
        expect(shares).toEqual([1 / 3, 1 / 7, 0.1].map((share) => expect.closeTo(share, 9)));
        expect([round(0), round(1)]).toEqual([0, 1]);
    });

    it("makes sums of numbers exact at the cost of only their last bits", () => {
        const random = makeRandom(1, 1);
        const values = count(1000).map(() => (random.below(2 ** 32) - 2 ** 31) * Math.PI);
        const round = forestRounding({ task: "regression", y: Float64Array.from(values) }, values.length);
        const rounded = values.map(round);
        const sum = (list: number[]) => list.reduce((total, value) => total + value, 0);
        expect(sum(rounded)).toBe(sum([...rounded].reverse()));
        expect(sum(rounded)).toBe(sum([...rounded].sort((a, b) => a - b)));
        // The largest value is below 2^33, and a sum of 1000 needs 10 more bits, so 52 bits reach down to 2^-9.
        expect(Math.max(...values.map((value, at) => Math.abs(value - (rounded[at] as number))))).toBeLessThanOrEqual(
            2 ** -10,
        );
    });

    it("accepts all zeros, and the smallest numbers", () => {
        const round = (y: number[]) => forestRounding({ task: "regression", y: Float64Array.from(y) }, 10);
        expect(round([0, 0])(0)).toBe(0);
        expect(round([Number.MIN_VALUE])(Number.MIN_VALUE)).toBe(Number.MIN_VALUE);
    });
});
