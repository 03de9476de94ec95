import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
    type FitDataset,
    type FitPoolOptions,
    type FitResult,
    type FitTask,
    openFitPool,
} from "../../../trainer/src/cart";
import { findLeaf } from "../../../trainer/src/cart/flat-tree";
import { bootstrap, forestRounding } from "../../../trainer/src/cart/forest";
import { makeRandom } from "../../../trainer/src/cart/random";
import { count } from "../tables";
import { shareLabels, shareNumbers, UNLIMITED } from "./tables";

// The trainer's own copy: this package is no dependency of the project around it.
const { buildSync }: { buildSync(options: object): void } = require(
    join(__dirname, "../../../trainer/node_modules/esbuild"),
);

const folder = mkdtempSync(join(tmpdir(), "fit-pool-"));
const FILE = join(folder, "serve.cjs");
const ENDING_FILE = join(folder, "end.cjs");

beforeAll(() => {
    // In an image, too, the threads run a bundle; and it starts faster than a compiler.
    const contents = `import { serveFits } from "./worker"; serveFits();`;
    const resolveDir = join(__dirname, "../../../trainer/src/cart");
    buildSync({ stdin: { contents, resolveDir }, outfile: FILE, bundle: true, platform: "node", format: "cjs" });
    writeFileSync(ENDING_FILE, "process.exit(3);");
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Two columns that tell something, one that is noise. */
function makeDataset(rows: number, task: "classification" | "regression"): FitDataset {
    const random = makeRandom(7, 0);
    const columns = count(3).map(() => shareNumbers(count(rows).map(() => random.below(1000) / 10)));
    const [a, b] = columns as [Float64Array, Float64Array];
    const label = (row: number) => Number((a[row] as number) > 50) + Number((b[row] as number) > 70);
    return task === "classification"
        ? { columns, target: { task, y: shareLabels(count(rows).map(label)), classes: ["x", "y", "z"] } }
        : { columns, target: { task, y: shareNumbers(count(rows).map((row) => label(row) + (a[row] as number) / 7)) } };
}

function allRows(dataset: FitDataset): Uint32Array {
    return Uint32Array.from(dataset.target.y.keys());
}

function forestTask(dataset: FitDataset, change: Partial<FitTask> = {}): FitTask {
    return {
        algorithm: "forest",
        growth: UNLIMITED,
        forest: { trees: 12, maxFeatures: 2, seed: 5 },
        rows: allRows(dataset),
        testRows: Uint32Array.of(3, 1, 4),
        keepTrees: true,
        ...change,
    };
}

async function fitAll(dataset: FitDataset, tasks: FitTask[], options: Partial<FitPoolOptions>): Promise<FitResult[]> {
    const pool = openFitPool(dataset, { file: FILE, ...options });
    try {
        return await Promise.all(tasks.map((task) => pool.fit(task)));
    } finally {
        await pool.close();
    }
}

const IN_THREAD = { inThreadMs: Number.POSITIVE_INFINITY };

async function fitOne(dataset: FitDataset, task: FitTask): Promise<FitResult> {
    const [result] = await fitAll(dataset, [task], IN_THREAD);
    return result as FitResult;
}

describe("a pool's results", () => {
    it.each(["classification", "regression"] as const)(
        "are the same in this thread and in 1, 2 or 3 others: %s",
        async (task) => {
            const dataset = makeDataset(300, task);
            const tasks: FitTask[] = [
                forestTask(dataset),
                {
                    algorithm: "tree",
                    growth: UNLIMITED,
                    rows: allRows(dataset),
                    testRows: allRows(dataset),
                    keepTrees: true,
                },
                forestTask(dataset, { rows: allRows(dataset).filter((row) => row % 3 > 0), keepTrees: false }),
            ];
            const here = await fitAll(dataset, tasks, IN_THREAD);
            expect(here.map(({ trees }) => trees.length)).toEqual([12, 1, 0]);
            for (const threads of [1, 2, 3]) {
                expect(await fitAll(dataset, tasks, { threads, inThreadMs: 0 })).toEqual(here);
            }
        },
    );

    it("are what the task's own rows say: rows that are left out change nothing", async () => {
        const dataset = makeDataset(200, "classification");
        const rows = allRows(dataset).subarray(0, 100);
        const fewer = {
            columns: dataset.columns.map((column) => shareNumbers(column.subarray(0, 100))),
            target: { ...dataset.target, y: shareLabels(dataset.target.y.subarray(0, 100)) },
        } as FitDataset;
        const task = forestTask(dataset, { rows });
        expect(await fitOne(dataset, task)).toEqual(await fitOne(fewer, task));
    });

    it("differ by the seed, and the first trees do not depend on how many follow", async () => {
        const dataset = makeDataset(200, "classification");
        const task = (trees: number, seed: number) => forestTask(dataset, { forest: { trees, maxFeatures: 2, seed } });
        const five = await fitOne(dataset, task(5, 1));
        expect((await fitOne(dataset, task(8, 1))).trees.slice(0, 5)).toEqual(five.trees);
        expect((await fitOne(dataset, task(5, 2))).trees).not.toEqual(five.trees);
    });

    it("tell the depth of the deepest tree, and all leaves", async () => {
        const dataset = makeDataset(200, "classification");
        const { trees, depth, leaves } = await fitOne(dataset, forestTask(dataset));
        expect(depth).toBe(Math.max(...trees.map((tree) => tree.depth)));
        expect(leaves).toBe(trees.flatMap((tree) => [...tree.columns]).filter((column) => column < 0).length);
    });
});

describe("a forest", () => {
    it.each(["classification", "regression"] as const)(
        "predicts by all its trees, and out of the bag by the others: %s",
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
            expect([...(result.predictions ?? [])]).toEqual(count(150).map((row) => vote(row, () => true)));
            const outside = [...rows].filter((row) => bags.some((bag) => bag[row] === 0));
            expect([...(result.outOfBag?.rows ?? [])]).toEqual(outside);
            expect([...(result.outOfBag?.predictions ?? [])]).toEqual(
                outside.map((row) => vote(row, (number) => bags[number]?.[row] === 0)),
            );
            expect(outside.length).toBeGreaterThan(100);
            expect(outside.length).toBeLessThan(rows.length);
        },
    );

    it("gives features the mean of their importance in its trees", async () => {
        const dataset = makeDataset(200, "classification");
        const { trees, importances } = await fitOne(dataset, forestTask(dataset));
        const means = count(3).map(
            (column) => trees.reduce((sum, tree) => sum + (tree.importances[column] as number), 0) / trees.length,
        );
        expect([...importances]).toEqual(means.map((mean) => expect.closeTo(mean, 12)));
        expect(importances.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
        expect(importances[2]).toBeLessThan(0.1);
    });

    it("looks at columns with one value only when there are no others", async () => {
        const dataset = makeDataset(100, "classification");
        const constant = count(20).map(() => shareNumbers(count(100).map(() => 1)));
        const columns = [...constant, ...dataset.columns];
        const task = forestTask(dataset, { forest: { trees: 3, maxFeatures: 1, seed: 1 } });
        const { trees, importances } = await fitOne({ ...dataset, columns }, task);
        // Every tree is split until its leaves are pure.
        expect(trees.every((tree) => tree.leafShares.every((share) => share === 1))).toBe(true);
        expect([...importances.subarray(0, 20)]).toEqual(count(20).map(() => 0));
    });

    it("has a row outside of no bag when there is one row only", async () => {
        const dataset = makeDataset(20, "classification");
        const { outOfBag, trees, predictions } = await fitOne(
            dataset,
            forestTask(dataset, { rows: Uint32Array.of(3) }),
        );
        expect(outOfBag?.rows).toHaveLength(0);
        expect(trees.every((tree) => tree.samples[0] === 1)).toBe(true);
        expect([...(predictions ?? [])]).toEqual(count(3).map(() => dataset.target.y[3]));
    });
});

describe("forestRounding", () => {
    it("makes sums of shares exact", () => {
        const round = forestRounding({ task: "classification", y: Uint16Array.of(0), classCount: 2 }, 3);
        const shares = [1 / 3, 1 / 7, 0.1].map(round);
        const [a, b, c] = shares as [number, number, number];
        expect(a + b + c).toBe(a + (b + c));
        expect(shares).toEqual([1 / 3, 1 / 7, 0.1].map((share) => expect.closeTo(share, 9)));
        expect([round(0), round(1)]).toEqual([0, 1]);
    });

    it("makes sums of numbers exact, and costs them their last bits only", () => {
        const random = makeRandom(1, 1);
        const values = count(1000).map(() => (random.below(2 ** 32) - 2 ** 31) * Math.PI);
        const round = forestRounding({ task: "regression", y: Float64Array.from(values) }, values.length);
        const rounded = values.map(round);
        const sum = (list: number[]) => list.reduce((total, value) => total + value, 0);
        expect(sum(rounded)).toBe(sum([...rounded].reverse()));
        expect(sum(rounded)).toBe(sum([...rounded].sort((a, b) => a - b)));
        // The largest is below 2^33, and a sum of 1000 has 10 bits more: 52 bits reach down to 2^-9.
        expect(Math.max(...values.map((value, at) => Math.abs(value - (rounded[at] as number))))).toBeLessThanOrEqual(
            2 ** -10,
        );
    });

    it("takes nothing but zeros, and the smallest numbers", () => {
        const round = (y: number[]) => forestRounding({ task: "regression", y: Float64Array.from(y) }, 10);
        expect(round([0, 0])(0)).toBe(0);
        expect(round([Number.MIN_VALUE])(Number.MIN_VALUE)).toBe(Number.MIN_VALUE);
    });
});

describe("openFitPool", () => {
    it("refuses a fit on no rows, and a forest without its options", async () => {
        const dataset = makeDataset(10, "classification");
        await expect(fitOne(dataset, forestTask(dataset, { rows: new Uint32Array(0) }))).rejects.toThrow(
            new RangeError("A fit needs at least one row; got none"),
        );
        const { forest: _, ...rest } = forestTask(dataset);
        await expect(fitOne(dataset, rest)).rejects.toThrow(
            new RangeError("A forest needs at least 1 tree and 1 feature for a split; got undefined"),
        );
    });

    it.each([
        ["a thread that can't start", join(folder, "no-such-file.cjs"), /no-such-file/],
        ["a thread that ends", ENDING_FILE, /ended with 3 before its work/],
    ])("fails every fit that waits for %s", async (_, file, message) => {
        const dataset = makeDataset(50, "classification");
        const pool = openFitPool(dataset, { file, threads: 2, inThreadMs: 0 });
        const fits = [pool.fit(forestTask(dataset)), pool.fit(forestTask(dataset))];
        const outcomes = await Promise.allSettled(fits);
        await pool.close();
        for (const outcome of outcomes) {
            expect(outcome.status === "rejected" && String(outcome.reason)).toMatch(message);
        }
        await expect(pool.fit(forestTask(dataset))).rejects.toThrow(message);
    });

    it("fails the fits that are not done when it is closed", async () => {
        const dataset = makeDataset(50, "classification");
        const pool = openFitPool(dataset, { file: FILE, threads: 1, inThreadMs: 0 });
        const waiting = pool.fit(forestTask(dataset));
        await Promise.all([expect(waiting).rejects.toThrow("The pool of training threads was closed"), pool.close()]);
    });

    it("tells every 30 s how far it is", async () => {
        jest.useFakeTimers({ doNotFake: ["setImmediate", "queueMicrotask", "nextTick"] });
        try {
            const dataset = makeDataset(50, "classification");
            const onProgress = jest.fn();
            const pool = openFitPool(dataset, { file: FILE, onProgress, ...IN_THREAD });
            const waiting = pool.fit(forestTask(dataset));
            jest.advanceTimersByTime(30_000);
            expect(onProgress.mock.calls).toEqual([[{ seconds: 30, treesDone: 0, trees: 12 }]]);
            await waiting;
            jest.advanceTimersByTime(60_000);
            expect(onProgress).toHaveBeenCalledTimes(1);
            await pool.close();
        } finally {
            jest.useRealTimers();
        }
    });
});
