import { availableParallelism } from "node:os";
import { text } from "node:stream/consumers";
import { type Checked, readChecked } from "../lib/check/check";
import { valueAt } from "../lib/columns/number-list";
import { allRows } from "../lib/columns/shared-memory";
import type { Dataset } from "../lib/csv/dataset";
import { countThreads } from "../lib/csv/memory-guard";
import { HyperparameterError } from "../lib/errors";
import { type Learned, learnColumns, sharedColumns } from "../lib/features/learn";
import { CompactTrees, compactTree, compileModel, formatModel, type Model } from "../lib/model";
import { OnnxError, toOnnx } from "../lib/onnx";
import { type MetricsFile, type ReportTable, type RunFacts, renderReport } from "../lib/report";
import { type Hyperparameters, readArguments } from "../lib/settings/arguments";
import { type FitDataset, type FitPool, type FitResult, type Predicted, toCartModel } from "../lib/tree";
import trainer from "../package.json";
import { describeDataset, describeFit, describeMetrics, describeSplit } from "./describe";
import { readIntact } from "./download";
import {
    availableMemory,
    formatGcsUri,
    type GcsUri,
    type ObjectUri,
    parseEnvironment,
    runFacts,
    type TrainerEnvironment,
} from "./environment";
import { StorageError } from "./errors";
import { actualOf, evaluate } from "./evaluate";
import { describeOrigin, type Findings, makeMetricsFile, makeModel } from "./model";
import { permutationImportances, preparePermutation } from "./permutation";
import { chooseGrowth } from "./search/cross-validate";
import { describeLimits, type Growth, listTrials, planFits, toFitTask } from "./search/trials";
import { type Split, splitRows } from "./split";
import type { Content, ObjectStore } from "./storage";

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

/** Share of the memory for the trees and the files made from them. They use about as many bytes as `model.json`. */
const MEMORY_OF_TREES = 0.6;

/** Maximum size of a single tree. Readers hold it in a string, which can have at most 2^29 characters. */
const MAX_TREE_BYTES = 450e6;

/** Measured sizes in `model.json`: of a leaf together with its split, and of a class's share. */
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
    const { target, rowCount } = checked.dataset;
    const labels = target.task === "classification" ? target.y : undefined;
    const split = splitRows(allRows(rowCount), labels, hyperparameters.testFraction, hyperparameters.seed);
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
    const write = async (name: string, content: Content, contentType: string) => {
        await storage.create({ ...modelDir, path: modelDir.path + name }, content, contentType);
        print(`Wrote ${name}`);
    };
    print(`Writing the results to ${formatGcsUri(modelDir)}`);
    await writeResults(write, checked, model, metrics, findings, runFacts(env, modelDir), print);
}

/** Chooses a trial, tests it, and fits the final model. Fits run one by one because each needs memory. */
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

/** @throws {HyperparameterError} for a model that is too large to read */
function checkSize({ leaves, shares }: FitResult, { trees = 1 }: Growth): void {
    const bytes = leaves * BYTES.leaf + shares * BYTES.share;
    const most = Math.min(MAX_BYTES, trees * MAX_TREE_BYTES, availableMemory() * MEMORY_OF_TREES);
    if (bytes > most) {
        throw new HyperparameterError(
            `The model must be at most ${(most / 1e9).toFixed(2)} GB; got about ${(bytes / 1e9).toFixed(2)} GB in ${leaves} leaves: ` +
                "raise `minNumSamples`, or lower `maxDepth` or `trees`",
        );
    }
}

/** Writes a run's files under the model folder. `model.json` comes last, so its existence means that all exist. */
async function writeResults(
    write: (name: string, content: Content, contentType: string) => Promise<void>,
    { dataset, learned }: Checked,
    model: Model,
    metrics: MetricsFile,
    { held }: Findings,
    run: RunFacts,
    print: (line: string) => void,
): Promise<void> {
    await write("metrics.json", formatJson(metrics), "application/json");
    try {
        await write("model.onnx", toOnnx(model, { producer: trainer }), "application/octet-stream");
    } catch (error) {
        if (!(error instanceof OnnxError)) {
            throw error;
        }
        // A model that ONNX cannot represent is still valid.
        print(`Warning: no model.onnx: ${error.message}`);
    }
    const report = renderReport({
        source: dataset.source,
        dataset: { ...dataset, dropped: [...dataset.dropped, ...learned.dropped] },
        model,
        metrics,
        test: { ...held, actual: actualOf(dataset.target, held.rows) },
        table: tableOf(dataset),
        run,
        trainer,
    });
    await write("report.html", report, "text/html; charset=utf-8");
    await write("model.json", () => formatModel(model), "application/json");
}

function tableOf({ rowCount, target, columns, lineOf }: Dataset): ReportTable {
    return {
        rowCount,
        target: target.y,
        lineOf,
        columns: columns.map((column) => ({
            name: column.name,
            isText: column.kind === "text",
            at: (row) =>
                column.kind === "text"
                    ? column.dictionary.text(column.values.ints[row] as number)
                    : valueAt(column.values, row),
        })),
    };
}

/** Formats JSON for reading: indented, with lists of numbers on one line. */
function formatJson(value: object): string {
    const text = JSON.stringify(value, undefined, 4).replaceAll(/\[\s+([-\d.,\se]+?)\s+\]/g, (_, numbers: string) => {
        return `[${numbers.replaceAll(/\s+/g, " ")}]`;
    });
    return `${text}\n`;
}

/** Enough rows to reach many leaves, but few enough that the check takes almost no time. */
const MAX_ROWS = 200;

/** Rows for checking a model, spread evenly over the dataset. */
function rowsToCheck(rowCount: number): Uint32Array {
    const count = Math.min(rowCount, MAX_ROWS);
    return Uint32Array.from({ length: count }, (_, index) => Math.floor((index * rowCount) / count));
}

/**
 * Checks that the trees, as written to the model file, make the same predictions as the fit.
 * @param expected the fit's predictions for these rows: indices of classes, or numbers
 * @throws {Error} for a difference, which is a bug in the trainer
 */
function checkModel(
    model: Model,
    { source }: Dataset,
    { columns }: Learned,
    rows: Uint32Array,
    expected: Float64Array,
): void {
    const trees = Array.from(model.trees, ({ root }) => compactTree(root, model.task));
    const { width, predict } = compileModel(model, trees);
    const values = new Float64Array(rows.length * width);
    const labels = new Int32Array(rows.length);
    const cells = Array.from(rows, (row) => columns.map((column) => valueAt(column, row)));
    predict(Float64Array.from(cells.flat()), rows.length, values, labels);
    const predicted = model.task === "classification" ? labels : values;
    const wrong = expected.findIndex((value, index) => predicted[index] !== value);
    if (wrong >= 0) {
        const difference = `the model file predicts ${predicted[wrong]}, but the fit predicts ${expected[wrong]}`;
        throw new Error(`For row ${rows[wrong]} of ${source} ${difference}`);
    }
}

/**
 * The objects of the dataset in the order in which they are read: those in the list, each with the generation to read,
 * or else the current ones.
 * @throws {StorageError}
 */
async function listParts(
    storage: ObjectStore,
    { dataset, datasetList }: TrainerEnvironment,
    print: (line: string) => void,
): Promise<ObjectUri[]> {
    if (datasetList === undefined) {
        return await storage.list(dataset);
    }
    return parseList(await readIntact(() => storage.read(datasetList), text, print), datasetList);
}

/** Parses `{"schema": 1, "bucket": ..., "objects": [{"name": ..., "generation": ...}]}`, and ignores other members. */
function parseList(json: string, uri: GcsUri): ObjectUri[] {
    const fail = (what: string) =>
        new StorageError(`Cannot read ${formatGcsUri(uri)}: it must be a list of a dataset's objects; ${what}`);
    let list: { schema?: unknown; bucket?: unknown; objects?: unknown } | null;
    try {
        list = JSON.parse(json);
    } catch {
        throw fail("it is not JSON");
    }
    const { schema, bucket, objects } = list ?? {};
    if (schema !== 1 || typeof bucket !== "string" || !Array.isArray(objects) || objects.length === 0) {
        throw fail("it needs schema 1, a bucket and at least one object");
    }
    return objects.map((object: { name?: unknown; generation?: unknown } | null, index) => {
        const { name, generation } = object ?? {};
        if (typeof name !== "string" || typeof generation !== "string" || !/^\d+$/.test(generation)) {
            throw fail(`objects[${index}] needs a name and a generation`);
        }
        return { bucket, path: name, generation };
    });
}
