import { availableParallelism } from "node:os";
import { readChecked } from "../lib/check/check";
import { allRows } from "../lib/columns/shared-memory";
import type { Dataset } from "../lib/csv/dataset";
import { countThreads } from "../lib/csv/memory-guard";
import { HyperparameterError } from "../lib/errors";
import { type Learned, learnColumns, sharedColumns } from "../lib/features/learn";
import { CompactTrees } from "../lib/model";
import { type Hyperparameters, readArguments } from "../lib/settings/arguments";
import { type FitDataset, type FitPool, type FitResult, type Predicted, toCartModel } from "../lib/tree";
import { checkModel, rowsToCheck } from "./check-model";
import { listParts } from "./dataset-list";
import { describeDataset, describeFit, describeMetrics, describeSplit } from "./describe";
import { readIntact } from "./download";
import { availableMemory, formatGcsUri, parseEnvironment, runFacts } from "./environment";
import { evaluate } from "./evaluate";
import { describeOrigin, type Findings, makeMetricsFile, makeModel } from "./model";
import { permutationImportances, preparePermutation } from "./permutation";
import { chooseGrowth } from "./search/choose";
import { describeLimits, type Growth, listTrials, planFits, toFitTask } from "./search/trials";
import { type Split, splitRows } from "./split";
import type { ObjectStore } from "./storage";
import { writeResults } from "./write-results";

/** Dependencies for a training run. */
export interface TrainContext {
    argv: readonly string[];
    env: Readonly<Record<string, string | undefined>>;
    openStorage(): ObjectStore;
    openFitPool(dataset: FitDataset, threads: number): FitPool;
    /** Writes lines to the log. */
    print(...lines: string[]): void;
}

/** Maximum size of `model.json`, so that a machine with 8 GB of memory can read it. */
const MAX_BYTES = 4e9;

/**
 * Share of the memory that the trees, and the files made from them, may need. They need about as much as `model.json`.
 */
const MEMORY_OF_TREES = 0.6;

/** Maximum size of a single tree, which readers hold in a string, of at most 2^29 characters. */
const MAX_TREE_BYTES = 450e6;

/** Measured size of a leaf with its split in `model.json`, and of a share of a class. */
const BYTES = { leaf: 220, share: 28 };

/**
 * Runs the whole training process: reads the dataset, chooses among the trials if there are several, tests on rows held
 * back, fits on all rows and writes the results. `model.json` is written last, so its existence means that all results
 * exist.
 * @throws an error that `exitCodeOf` recognises, for problems that a user can fix; in this case, `model.json` is not
 * written
 */
export async function train({ argv, env, openStorage, openFitPool, print }: TrainContext): Promise<void> {
    const given = readArguments(argv);
    const { hyperparameters, problems } = given;
    if (hyperparameters.target === undefined) {
        throw new HyperparameterError(problems);
    }
    const environment = parseEnvironment(env);
    const { dataset: datasetUri, modelDir } = environment;
    const storage = openStorage();
    const uris = await listParts(storage, environment, print);
    const open = () => {
        const parts = uris.map((uri) => ({ source: formatGcsUri(uri), content: storage.read(uri) }));
        const verify = async () => {
            for (const { content } of parts) {
                await content.verify?.();
            }
        };
        return { parts, verify };
    };
    // Fewer threads are used if there is not enough memory for more.
    const options = { print, memoryLimitBytes: availableMemory(), fits: planFits(hyperparameters), threads: 1 };
    const read = (excluded?: ReadonlySet<number>) =>
        readIntact(
            open,
            ({ parts }) => readChecked(parts, formatGcsUri(datasetUri), given, options, excluded),
            print,
        ).catch((error: unknown) => {
            throw problems.length > 0 && !(error instanceof HyperparameterError)
                ? new HyperparameterError(problems)
                : error;
        });
    let checked = await read();
    const split = splitDataset(checked.dataset, hyperparameters);
    const excluded = checked.dataset.excludeFromKinds(split.test);
    if (excluded !== undefined) {
        print("Reading the dataset again, because rows held back for testing changed the kind of a column");
        checked = await read(excluded);
    }
    const { dataset, learned } = checked;
    print(...describeDataset(checked));
    const classes = dataset.target.task === "classification" ? dataset.target.classes.length : undefined;
    const trials = listTrials(hyperparameters, classes, learned.columns.length);
    const threads = countThreads(availableParallelism(), dataset.rowCount, learned.columns.length, availableMemory());
    const pool = openFitPool({ columns: sharedColumns(dataset), target: dataset.target }, threads);
    // The pool is closed before anything is written, to free the threads' memory.
    const found = learn(pool, dataset, learned, split, hyperparameters, trials, print).finally(() => pool.close());
    const { growth, ...findings } = await found;
    const origin = describeOrigin(hyperparameters, growth, dataset, learned);
    const limits = toFitTask(growth, 0, new Uint32Array()).growth;
    const trees = new CompactTrees(findings.final.trees, (tree) => toCartModel(tree, limits, classes));
    const model = makeModel(dataset, learned, origin, growth.algorithm, trees);
    const { predictions } = findings.final.test as Predicted;
    checkModel(model, dataset, learned, rowsToCheck(dataset.rowCount), predictions);
    const metrics = makeMetricsFile(model, checked, findings);
    await writeResults(storage, modelDir, checked, model, metrics, findings, runFacts(env, modelDir), print);
}

/**
 * Chooses a trial, tests it, and fits the final model. Fits run one by one because each needs memory.
 */
async function learn(
    pool: FitPool,
    dataset: Dataset,
    learned: Learned,
    split: Split,
    hyperparameters: Hyperparameters,
    trials: readonly Growth[],
    print: TrainContext["print"],
): Promise<Findings & { growth: Growth }> {
    const { target, rowCount } = dataset;
    const { seed } = hyperparameters;
    print(describeSplit(split, target, hyperparameters));

    const learnFrom = (rows: Uint32Array) => learnColumns(dataset, rows).columns;
    const rows = split.train;
    const request = { pool, target, hyperparameters, trials, rows, columns: learned.columns.length, learn: learnFrom };
    const { growth, ...choice } = await chooseGrowth({ ...request, print });

    print(`Training ${growth.algorithm === "tree" ? "a decision tree" : "a forest"}: ${describeLimits(growth)}`);
    // Nothing is learned from the rows held back, so they are treated like rows to predict.
    const learnedOfTest = learnColumns(dataset, split.train);
    const { columns } = learnedOfTest;
    const prepared = preparePermutation(learnedOfTest, target, split.test, growth.trees ?? 1, seed);
    const probe = prepared === undefined ? {} : { probe: prepared.probe };
    const task = { ...toFitTask(growth, seed, split.train), columns, testRows: split.test, ...probe };
    const tested = await pool.fit({ ...task, keepTrees: false });
    checkSize(tested, growth);
    const held = tested.test as Predicted;
    const metrics = evaluate(target, held);
    const permutation = prepared && permutationImportances(prepared, target, held, tested.probed ?? []);
    const unseenRows = learnedOfTest.countUnseen(split.test);
    const unseen = unseenRows === 0 ? "" : `, ${unseenRows} of them with values new to the model`;
    print(
        `Tested on ${split.test.length.toLocaleString("en-US")} rows held back${unseen}:`,
        ...describeMetrics(metrics),
    );

    const checked = rowsToCheck(rowCount);
    const all = { ...toFitTask(growth, seed, allRows(rowCount)), columns: learned.columns };
    const final = await pool.fit({ ...all, testRows: checked, keepTrees: true });
    print(...describeFit(growth, dataset, learned, final));
    return { growth, metrics, split, unseenRows, held, permutation, final, ...choice };
}

function splitDataset({ target, rowCount }: Dataset, { testFraction, seed }: Hyperparameters): Split {
    return splitRows(allRows(rowCount), target.task === "classification" ? target.y : undefined, testFraction, seed);
}

/** @throws {HyperparameterError} for a model that is too large to read */
function checkSize({ leaves, shares }: FitResult, { trees = 1 }: Growth): void {
    const bytes = leaves * BYTES.leaf + shares * BYTES.share;
    const most = Math.min(MAX_BYTES, trees * MAX_TREE_BYTES, availableMemory() * MEMORY_OF_TREES);
    if (bytes > most) {
        throw new HyperparameterError(
            `The model must have at most ${(most / 1e9).toFixed(2)} GB; got about ${(bytes / 1e9).toFixed(2)} GB in ${leaves} leaves: ` +
                "raise `minNumSamples`, or lower `maxDepth` or `trees`",
        );
    }
}
