import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type NumberList, toDoubles } from "../../lib/columns/number-list";
import { type FitDataset, type FitTask, openFitPool } from "../../lib/tree";
import { allRows, fitAll, fitOne, forestTask, IN_THREAD, makeDataset } from "./fitting";
import { shareLabels, shareNumbers, UNLIMITED } from "./tables";

// Use the trainer's own copy, because the surrounding project does not depend on this package.
const { buildSync }: { buildSync(options: object): void } = require(path.join(__dirname, "../../node_modules/esbuild"));

const folder = mkdtempSync(path.join(tmpdir(), "fit-pool-"));
const FILE = path.join(folder, "serve.cjs");
const ENDING_FILE = path.join(folder, "end.cjs");

beforeAll(() => {
    // Threads run a bundle, as in the image. A bundle also starts faster than a compiler.
    const contents = `import { serveFits } from "./threads"; serveFits();`;
    const resolveDir = path.join(__dirname, "../../lib/tree");
    buildSync({ stdin: { contents, resolveDir }, outfile: FILE, bundle: true, platform: "node", format: "cjs" });
    writeFileSync(ENDING_FILE, "process.exit(3);");
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("a pool's results", () => {
    it.each(["classification", "regression"] as const)(
        "are the same in this thread and in 1, 2 or 3 other threads: %s",
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
                expect(await fitAll(dataset, tasks, { file: FILE, threads, inThreadMs: 0 })).toEqual(here);
            }
        },
    );

    it("depend only on the rows in the task", async () => {
        const dataset = makeDataset(200, "classification");
        const rows = allRows(dataset).subarray(0, 100);
        const fewer = {
            columns: dataset.columns.map((column) => toDoubles(column, 100)),
            target: { ...dataset.target, y: shareLabels(dataset.target.y.subarray(0, 100)) },
        } as FitDataset;
        const task = forestTask(dataset, { rows });
        expect(await fitOne(dataset, task)).toEqual(await fitOne(fewer, task));
    });

    it("differ by seed, and the first trees do not depend on the number of trees", async () => {
        const dataset = makeDataset(200, "classification");
        const task = (trees: number, seed: number) => forestTask(dataset, { forest: { trees, maxFeatures: 2, seed } });
        const five = await fitOne(dataset, task(5, 1));
        expect((await fitOne(dataset, task(8, 1))).trees.slice(0, 5)).toEqual(five.trees);
        expect((await fitOne(dataset, task(5, 2))).trees).not.toEqual(five.trees);
    });

    it("are the same for a tree grown alone, which overwrites the orders, and for one grown with others", async () => {
        const dataset = makeDataset(300, "classification");
        const task: FitTask = { ...forestTask(dataset), algorithm: "tree", rows: allRows(dataset).subarray(20, 280) };
        const other = { ...task, rows: allRows(dataset) };
        const pool = openFitPool(dataset, IN_THREAD);
        const [first, second] = await Promise.all([pool.fit(task), pool.fit(other)]);
        expect(await pool.fit(task)).toEqual(first);
        expect(await pool.fit(other)).toEqual(second);
        const lone = pool.fit(task);
        await new Promise((resolve) => setImmediate(resolve));
        expect(await Promise.all([lone, pool.fit(other), pool.fit(task)])).toEqual([first, second, first]);
        await pool.close();
        expect(first).not.toEqual(second);
    });

    it("contain the depth of the deepest tree and the total number of leaves", async () => {
        const dataset = makeDataset(200, "classification");
        const { trees, depth, leaves } = await fitOne(dataset, forestTask(dataset));
        expect(depth).toBe(Math.max(...trees.map((tree) => tree.depth)));
        expect(leaves).toBe(trees.flatMap((tree) => [...tree.columns]).filter((column) => column < 0).length);
    });
});

describe("openFitPool", () => {
    it("rejects a fit without rows and a forest without options", async () => {
        const dataset = makeDataset(10, "classification");
        await expect(fitOne(dataset, forestTask(dataset, { rows: new Uint32Array(0) }))).rejects.toThrow(
            new RangeError("A fit needs at least one row; got none"),
        );
        const { forest: _, ...rest } = forestTask(dataset);
        await expect(fitOne(dataset, rest)).rejects.toThrow(
            new RangeError("A forest needs at least 1 tree and 1 feature per split; got undefined"),
        );
    });

    it.each([
        ["a thread that cannot start", path.join(folder, "no-such-file.cjs"), /no-such-file/],
        ["a thread that exits", ENDING_FILE, /exited with code 3 before its work was done/],
    ])("fails every fit that is waiting for %s", async (_, file, message) => {
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

    it("fails unfinished fits when it is closed", async () => {
        const dataset = makeDataset(50, "classification");
        const pool = openFitPool(dataset, { file: FILE, threads: 1, inThreadMs: 0 });
        const waiting = pool.fit(forestTask(dataset));
        await Promise.all([expect(waiting).rejects.toThrow("The pool of training threads was closed"), pool.close()]);
    });

    it("reports its progress every 30 s", async () => {
        jest.useFakeTimers({ doNotFake: ["setImmediate", "queueMicrotask", "nextTick"] });
        try {
            const dataset = makeDataset(50, "classification");
            const onProgress = jest.fn();
            const pool = openFitPool(dataset, { ...IN_THREAD, onProgress });
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

    it.each(["tree", "forest"] as const)("fits a %s on columns that are not in the table", async (algorithm) => {
        const dataset = makeDataset(300, "classification");
        const [first, second, third] = dataset.columns as [NumberList, NumberList, NumberList];
        const other = shareNumbers(Array.from({ length: 300 }, (_, row) => (row * 7) % 10));
        const columns = [other, third, first];
        const task = forestTask(dataset, { algorithm });
        const expected = await fitAll({ ...dataset, columns }, [task], IN_THREAD);
        const tasks = [
            { ...task, columns },
            { ...task, columns: [second] },
            { ...task, columns },
        ];
        const results = await fitAll(dataset, tasks, IN_THREAD);
        expect([results[0], results[2]]).toEqual([expected[0], expected[0]]);
        const alone = openFitPool(dataset, IN_THREAD);
        for (const _ of ["once", "again"]) {
            expect(await alone.fit({ ...task, columns })).toEqual(expected[0]);
        }
        await alone.close();
    });
});
