import cart from "ml-cart/package.json";
import type { Task } from "./arguments";
import type { Dataset } from "./dataset";
import { type ClassificationMetrics, type RegressionMetrics, scoreClasses, scoreNumbers } from "./metrics";
import { type CartModel, type Model, predictEncoded } from "./model-format";
import type { Split } from "./split";
import { measureTree } from "./tree";

/** Measures on rows that a model was not trained on. */
export type Metrics =
    | ({ task: "classification" } & ClassificationMetrics)
    | ({ task: "regression" } & RegressionMetrics);

/** The content of `metrics.json`: numbers on the first level, details below. `task` says which measures there are. */
export type MetricsFile = {
    schema: 1;
    task: Task;
    target: string;
    rows: number;
    trainRows: number;
    testRows: number;
    treeDepth: number;
    treeLeaves: number;
    hyperparameters: Record<string, unknown>;
} & (ClassificationMetrics | RegressionMetrics);

/** Puts a tree together with all that a prediction needs. */
export function makeModel(dataset: Dataset, hyperparameters: object, tree: CartModel, rows: number): Model {
    const { target, features, dropped } = dataset;
    const head = { format: "gcp-trainer-model", version: 1 } as const;
    const body = {
        algorithm: "tree" as const,
        target: target.name,
        features,
        rows,
        hyperparameters: { ...hyperparameters, task: target.task, dropColumns: dropped.map(({ name }) => name) },
        library: { name: "ml-cart" as const, version: cart.version },
        trees: [tree],
    };
    return target.task === "classification"
        ? { ...head, task: target.task, classes: target.classes, ...body }
        : { ...head, task: target.task, ...body };
}

/** Tests a model on some rows of the dataset, with the very prediction that the model's users run. */
export function evaluate(model: Model, dataset: Dataset, rows: readonly number[]): Metrics {
    const { target, x } = dataset;
    const actual = rows.map((row) => target.y[row] as number);
    const predictions = rows.map((row) => predictEncoded(model, x[row] ?? []));
    if (target.task === "classification") {
        const places = new Map(target.classes.map((label, place) => [label, place]));
        const predicted = predictions.map((it) => (it.task === "classification" ? (places.get(it.label) ?? -1) : -1));
        return { task: "classification", ...scoreClasses(actual, predicted, target.classes) };
    }
    const predicted = predictions.map((it) => (it.task === "regression" ? it.value : Number.NaN));
    return { task: "regression", ...scoreNumbers(actual, predicted) };
}

/** The content of `metrics.json`, of a model and its test on rows held back. */
export function makeMetricsFile(model: Model, metrics: Metrics, split: Split): MetricsFile {
    const { depth, leaves } = measureTree((model.trees[0] as CartModel).root);
    const { task, ...measures } = metrics;
    const flat = Object.entries(measures).filter(([, value]) => !Array.isArray(value));
    const nested = Object.entries(measures).filter(([, value]) => Array.isArray(value));
    return {
        schema: 1,
        task,
        target: model.target,
        ...Object.fromEntries(flat),
        rows: model.rows,
        trainRows: split.train.length,
        testRows: split.test.length,
        treeDepth: depth,
        treeLeaves: leaves,
        ...Object.fromEntries(nested),
        hyperparameters: model.hyperparameters,
    } as MetricsFile;
}
