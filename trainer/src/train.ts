import { type Hyperparameters, parseArguments } from "./arguments";
import { readCsv } from "./csv";
import { type Dataset, prepareDataset } from "./dataset";
import { formatGcsUri, type GcsUri, parseEnvironment } from "./environment";
import { evaluate, makeMetricsFile, makeModel } from "./model";
import type { CartModel } from "./model-format";
import { describeDataset, describeMetrics, describeSplit, describeTable, formatSeconds } from "./report";
import { splitRows } from "./split";
import type { ObjectStore } from "./storage";
import { estimateFitSeconds, type FitRequest, measureTree, treeOptions } from "./tree";

/** What a training needs from the world around it. */
export interface Surroundings {
    argv: readonly string[];
    env: Readonly<Record<string, string | undefined>>;
    openStorage(): ObjectStore;
    fit(request: FitRequest): Promise<CartModel>;
    /** Takes lines for the log. */
    print(...lines: string[]): void;
}

/** A training that may take longer than this gets a warning. Seconds. */
const LONG_TRAINING_SECONDS = 10;

/**
 * The whole training: read, test on rows held back, fit on all rows, write `metrics.json` and then `model.json`.
 * @throws {TrainerError} for what a person can put right; then there is no `model.json`
 */
export async function train({ argv, env, openStorage, fit, print }: Surroundings): Promise<void> {
    const hyperparameters = parseArguments(argv);
    const { dataset: datasetUri, modelDir } = parseEnvironment(env);
    const storage = openStorage();
    const dataset = await readDataset(storage, datasetUri, hyperparameters, print);

    const { target, x } = dataset;
    const options = treeOptions(hyperparameters, target.task);
    const grow = async (rows: readonly number[]) => {
        const tree = await fit({ task: target.task, options, x: pick(x, rows), y: pick(target.y, rows) });
        return makeModel(dataset, { ...hyperparameters, ...options }, tree, rows.length);
    };

    const labels = target.task === "classification" ? target.y : undefined;
    const split = splitRows(x.length, labels, hyperparameters.testFraction, hyperparameters.seed);
    print(...describeSplit(split, target, hyperparameters));
    print(`Training a decision tree: ${describeOptions(options)}`, ...warnOfTime(dataset, split.train.length));
    const metrics = evaluate(await grow(split.train), dataset, split.test);
    print(`Tested on ${split.test.length} rows that it was not trained on:`, ...describeMetrics(metrics));

    const model = await grow([...x.keys()]);
    const { depth, leaves } = measureTree((model.trees[0] as CartModel).root);
    print(`Trained the final model on all ${x.length} rows: ${depth} levels, ${leaves} leaves`);

    // The model comes last: where it is, everything is.
    await write("metrics.json", formatJson(makeMetricsFile(model, metrics, split)));
    await write("model.json", JSON.stringify(model));

    async function write(name: string, json: string): Promise<void> {
        const uri = { ...modelDir, path: modelDir.path + name };
        await storage.create(uri, `${json}\n`, "application/json");
        print(`Wrote ${formatGcsUri(uri)}`);
    }
}

async function readDataset(
    storage: ObjectStore,
    uri: GcsUri,
    hyperparameters: Hyperparameters,
    print: Surroundings["print"],
): Promise<Dataset> {
    const table = await readCsv(storage.read(uri), formatGcsUri(uri));
    print(describeTable(table));
    const dataset = prepareDataset(table, hyperparameters);
    print(...describeDataset(dataset));
    return dataset;
}

/** JSON for people: indented, lists of numbers on one line. */
function formatJson(value: object): string {
    return JSON.stringify(value, undefined, 4).replaceAll(/\[\s+([-\d.,\se]+?)\s+\]/g, (_, numbers: string) => {
        return `[${numbers.replaceAll(/\s+/g, " ")}]`;
    });
}

function pick<T>(items: readonly T[], places: readonly number[]): T[] {
    return places.map((place) => items[place] as T);
}

function describeOptions(options: FitRequest["options"]): string {
    return Object.entries(options)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ");
}

function warnOfTime({ x, features }: Dataset, trainRows: number): string[] {
    const seconds = estimateFitSeconds(trainRows, features.length) + estimateFitSeconds(x.length, features.length);
    return seconds < LONG_TRAINING_SECONDS
        ? []
        : [
              `Warning: this may take about ${formatSeconds(seconds)}, for the time grows with the square of the rows ` +
                  `(${x.length}); a sample of a tenth of them takes a hundredth of the time`,
          ];
}
