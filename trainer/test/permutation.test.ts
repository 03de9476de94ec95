import { type Dataset, readDataset } from "../lib/csv/dataset";
import { learnColumns } from "../lib/features/learn";
import { mulberry32 } from "../lib/random";
import { openFitPool, type Predicted } from "../lib/tree";
import { accuracyOf, actualOf } from "../src/evaluate";
import { permutationImportances, preparePermutation } from "../src/permutation";
import { bytesOf, SOURCE } from "./csv/files";

describe("permutation importances", () => {
    const ROWS = 200;
    let dataset: Dataset;

    /** The class depends on the text and the size, not on the noise. */
    beforeAll(async () => {
        const random = mulberry32(5);
        const lines = Array.from({ length: ROWS }, () => {
            const [size, noise] = [Math.floor(random() * 100), Math.floor(random() * 100)];
            const shape = ["round", "square", "flat", "long"][Math.floor(random() * 4)] as string;
            const isLarge = size > 50;
            return `${shape},${size},${noise},${isLarge === (shape === "round" || shape === "flat") ? "yes" : "no"}`;
        });
        const csv = `shape,size,noise,y\n${lines.join("\n")}\n`;
        dataset = await readDataset(
            bytesOf(csv, 1000),
            SOURCE,
            { target: "y", dropColumns: undefined, task: undefined },
            { print: () => {} },
        );
    });

    async function importances(algorithm: "tree" | "forest", testCount: number) {
        const rows = Uint32Array.from({ length: ROWS }, (_, row) => row);
        const [test, train] = [rows.subarray(0, testCount), rows.subarray(testCount)];
        const learned = learnColumns(dataset, train);
        const trees = algorithm === "forest" ? 5 : 1;
        const prepared = preparePermutation(learned, dataset.target, test, trees, 1);
        if (prepared === undefined) {
            return undefined;
        }
        const pool = openFitPool({ columns: [], target: dataset.target }, { file: __filename, inThreadMs: Infinity });
        const { test: held, probed = [] } = await pool.fit({
            algorithm,
            columns: learned.columns,
            growth: { maxDepth: 10, minNumSamples: 1, gainThreshold: 0 },
            ...(algorithm === "forest" ? { forest: { trees, maxFeatures: 2, seed: 1 } } : {}),
            rows: train,
            testRows: test,
            probe: prepared.probe,
            keepTrees: false,
        });
        await pool.close();
        return {
            held: held as Predicted,
            list: permutationImportances(prepared, dataset.target, held as Predicted, probed),
        };
    }

    it.each(["tree", "forest"] as const)("show what a %s relies on, and nothing for noise", async (algorithm) => {
        const { held, list } = (await importances(algorithm, 100)) as NonNullable<
            Awaited<ReturnType<typeof importances>>
        >;
        const accuracy = accuracyOf(actualOf(dataset.target, held.rows), held.predictions);
        expect(accuracy).toBeGreaterThan(0.85);
        const of = Object.fromEntries(list.map(({ feature, importance }) => [feature, importance]));
        expect(of.shape).toBeGreaterThan(0.3);
        expect(of.size).toBeGreaterThan(0.3);
        expect(Math.abs(of.noise as number)).toBeLessThan(0.1);
        expect(list.at(-1)?.feature).toBe("noise");
    });

    it("are omitted if there is only one row to test on", async () => {
        expect(await importances("tree", 1)).toBeUndefined();
    });

    it("require predictions for a bounded number of rows, with every row used equally often", () => {
        const rows = Uint32Array.from({ length: ROWS }, (_, row) => row);
        const learned = learnColumns(dataset, rows);
        const few = preparePermutation(learned, dataset.target, rows.subarray(0, 30), 1, 1);
        expect(few?.positions).toHaveLength(33 * 30);
        expect(few?.positions.filter((position) => position === 29)).toHaveLength(33);
        expect(preparePermutation(learned, dataset.target, rows, 1, 1)?.positions).toHaveLength(1000);
        const many = preparePermutation(learned, dataset.target, rows, 1e5, 1);
        expect(many?.positions).toHaveLength(Math.floor(2e7 / 1e5 / 3));
        expect(preparePermutation(learned, dataset.target, rows, 1e6, 1)).toBeUndefined();
    });
});
