import type { Target } from "../../lib/csv/target";
import type { FitPool, FitTask } from "../../lib/tree";
import { crossValidate } from "../../src/search/cross-validate";
import type { Growth } from "../../src/search/trials";
import { count } from "../tables";

const ROWS = Uint32Array.from(count(40));
const PARITY: Target = {
    task: "classification",
    name: "y",
    classes: ["even", "odd"],
    y: Uint16Array.from(ROWS, (row) => row % 2),
    why: "",
};
const NUMBERS: Target = { task: "regression", name: "y", y: Float64Array.from(ROWS), why: "" };

const OPTIONS = { simplest: false, growthOfRows: 1, print: () => {} };

function tree(maxDepth: number): Growth {
    return { algorithm: "tree", maxDepth, minNumSamples: 3, gainThreshold: 0 };
}

/** A fake pool: `predict` returns the prediction for a row at a given depth. Later tasks finish earlier. */
function fakePool(predict: (row: number, maxDepth: number) => number): FitPool & { tasks: FitTask[] } {
    const tasks: FitTask[] = [];
    let pending: (() => void)[] = [];
    return {
        tasks,
        threads: 1,
        fit: async (task) => {
            tasks.push(task);
            await new Promise<void>((resolve) => {
                pending.push(resolve);
                setImmediate(() => {
                    const now = pending.reverse();
                    pending = [];
                    for (const end of now) {
                        end();
                    }
                });
            });
            const rows = task.testRows ?? new Uint32Array();
            const predictions = Float64Array.from(rows, (row) => predict(row, task.growth.maxDepth));
            // Long enough for the probabilities of two classes, although no test uses these.
            const values = new Float64Array(2 * rows.length);
            values.set(predictions);
            const test = { rows, predictions, values };
            return { trees: [], importances: new Float64Array(), depth: 1, leaves: 2, shares: 2, test };
        },
        close: async () => {},
    };
}

describe("crossValidate", () => {
    it("chooses the most accurate trial, or the first of several that are equally accurate", async () => {
        // Depth 1 always predicts "even". Depths 2 and 3 are always right.
        const pool = fakePool((row, depth) => (depth === 1 ? 0 : row % 2));
        const lines: string[] = [];
        const found = await crossValidate(pool, PARITY, ROWS, [tree(1), tree(2), tree(3)], {
            folds: 4,
            seed: 1,
            simplest: false,
            growthOfRows: 1,
            print: (line) => lines.push(line),
        });

        expect(found.measure).toBe("accuracy");
        expect(found.best.growth).toEqual(tree(2));
        expect(found.trials.map(({ mean, std, scores }) => ({ mean, std, scores }))).toEqual([
            { mean: 0.5, std: 0, scores: [0.5, 0.5, 0.5, 0.5] },
            { mean: 1, std: 0, scores: [1, 1, 1, 1] },
            { mean: 1, std: 0, scores: [1, 1, 1, 1] },
        ]);
        expect(lines).toEqual([
            "  accuracy 0.5 ± 0  tree, maxDepth 1",
            "  accuracy 1 ± 0  tree, maxDepth 2",
            "  accuracy 1 ± 0  tree, maxDepth 3",
        ]);
    });

    it("chooses the smallest error for numbers", async () => {
        const pool = fakePool((row, depth) => row + (depth === 1 ? 3 : -2));
        const found = await crossValidate(pool, NUMBERS, ROWS, [tree(1), tree(2)], { ...OPTIONS, folds: 2, seed: 1 });

        expect(found.measure).toBe("rmse");
        expect(found.trials.map(({ mean }) => mean)).toEqual([3, 2]);
        expect(found.best.growth).toEqual(tree(2));
    });

    it("reports how much the folds differ", async () => {
        // The prediction is off by 1 in the first half of the rows and by 3 in the second, so the mean of squares
        // depends on the fold.
        const pool = fakePool((row) => row + (row < 20 ? 1 : 3));
        const { best } = await crossValidate(pool, NUMBERS, ROWS, [tree(1)], { ...OPTIONS, folds: 4, seed: 1 });

        const mean = best.scores.reduce((sum, score) => sum + score, 0) / 4;
        expect(best.mean).toBeCloseTo(mean, 12);
        expect(best.std).toBeCloseTo(Math.sqrt(best.scores.reduce((sum, it) => sum + (it - mean) ** 2, 0) / 4), 12);
        expect(best.std).toBeGreaterThan(0);
    });

    it("trains all trials on the same folds, and never on the tested rows", async () => {
        const pool = fakePool(() => 0);
        await crossValidate(pool, PARITY, ROWS, [tree(1), tree(2)], { ...OPTIONS, folds: 5, seed: 7 });

        expect(pool.tasks).toHaveLength(10);
        const [first, second] = [1, 2].map((depth) => pool.tasks.filter(({ growth }) => growth.maxDepth === depth));
        expect(first?.map(({ rows, testRows }) => [rows, testRows])).toEqual(
            second?.map(({ rows, testRows }) => [rows, testRows]),
        );
        for (const { rows, testRows } of pool.tasks) {
            expect(Uint32Array.from([...rows, ...(testRows ?? [])]).sort()).toEqual(ROWS);
        }
    });
});

describe("crossValidate with squared errors", () => {
    /** With depths 2 and 3, all predictions are off by 1; with depth 1, every second one is off by 1.02 instead. */
    const almost = () => fakePool((row, depth) => row + (depth === 1 && row % 2 === 0 ? 1.02 : 1));

    it("chooses the first trial that is almost as good as the best", async () => {
        const options = { ...OPTIONS, folds: 4, seed: 1, simplest: true };
        const trials = [tree(1), tree(2), tree(3)];
        const found = await crossValidate(almost(), NUMBERS, ROWS, trials, options);
        expect(found.best.growth).toEqual(tree(2));
        expect(found.top.growth).toEqual(tree(2));
        const pool = fakePool((row, depth) => row + (depth > 1 ? 1 : row % 2 === 0 ? 1.02 : 0.982));
        const close = await crossValidate(pool, NUMBERS, ROWS, trials, options);
        expect([close.best.growth, close.top.growth]).toEqual([tree(1), tree(2)]);
    });

    it("prunes a tree with the complexity that is best in the same folds, scaled to the rows of the final model", async () => {
        const pool = fakePool((row) => row);
        const { fit } = pool;
        const withLosses: FitPool = {
            ...pool,
            // Only pruning with complexity 0.3 * 0.75 makes no errors.
            fit: async (task) => ({
                ...(await fit(task)),
                losses: Float64Array.from(task.complexities ?? [], (value) => Math.abs(value - 0.225)),
            }),
        };
        const trial: Growth = { ...tree(2), complexity: "chosen" };
        const options = { ...OPTIONS, folds: 4, seed: 1, growthOfRows: 10 };
        const found = await crossValidate(withLosses, NUMBERS, ROWS, [trial], options);
        expect(found.best.growth).toEqual({ ...tree(2), complexity: 0.022 });
        expect(pool.tasks.map(({ growth, complexities }) => [growth.complexity, complexities?.length])).toEqual([
            ...count(4).map(() => [0, 41]),
            ...count(4).map(() => [0.22499999999999998, undefined]),
        ]);
    });
});
