import type { Algorithm, Model, TreeNode } from "../../../lib/model";
import type { ReportInput, ReportTable } from "../../../lib/report";
import { scoreClasses, scoreNumbers, scoreProbabilities } from "../../../src/evaluate";
import { predictEncoded } from "../../model/predict";
import type { Data } from "./data";
import { grow, randomNumbers } from "./grow";

/** Growth options for a report's model. */
export interface Growth {
    algorithm?: Algorithm;
    trees?: number;
    maxDepth?: number;
    minNumSamples?: number;
}

/** Creates a report's input: trains on four of every five rows, tests on the rest, and fits the model on all rows. */
export function train(
    data: Data,
    { algorithm = "tree", trees = 1, maxDepth = 64, minNumSamples = 3 }: Growth = {},
): ReportInput {
    const all = [...data.y.keys()];
    const testRows = all.filter((row) => row % 5 === 2);
    const trainRows = all.filter((row) => row % 5 !== 2);
    const random = randomNumbers(3);
    const modelFrom = (rows: readonly number[]) =>
        modelOf(
            data,
            Array.from({ length: trees }, () => {
                const drawn =
                    algorithm === "tree" ? rows : rows.map(() => rows[Math.floor(random() * rows.length)] as number);
                const pick = (values: readonly number[]) => drawn.map((row) => values[row] as number);
                return grow(
                    { columns: data.columns.map(pick), y: pick(data.y), classes: data.classes?.length ?? 0 },
                    maxDepth,
                    minNumSamples,
                );
            }),
            algorithm,
            { algorithm, maxDepth, minNumSamples, seed: 42, testFraction: 0.2, dropColumns: ["Id"] },
        );
    const tested = modelFrom(trainRows);
    const actual = testRows.map((row) => data.y[row] as number);
    const predicted = testRows.map((row) => predict(tested, data, row));
    const values = data.classes ? testRows.flatMap((row) => sharesOf(tested, data, row)) : predicted;
    const { ofClasses: _, ...probabilities } = data.classes
        ? scoreProbabilities(actual, Float64Array.from(values), data.classes.length)
        : { ofClasses: [] };
    const model = modelFrom(all);
    const { depth, leaves } = measure(model.trees.at(0)?.root as TreeNode);
    return {
        source: data.source,
        dataset: {
            rowCount: all.length,
            dropped: [{ name: "Id", why: "dropColumns" }],
            rowsWithoutTarget: 0,
            target: {
                why: data.classes
                    ? "the target is text"
                    : "the target is numeric; --task=classification overrides this",
            },
        },
        model,
        metrics: {
            trainRows: trainRows.length,
            testRows: testRows.length,
            treeDepth: depth,
            treeLeaves: leaves,
            ...(data.classes ? scoreClasses(actual, predicted, data.classes) : scoreNumbers(actual, predicted)),
            ...probabilities,
            featureImportances: importancesOf(model),
        },
        test: { actual, predictions: predicted, rows: testRows, values },
        table: tableOf(data),
        run: {
            id: "r-0123456789",
            finishedAt: new Date("2026-11-27T03:04:05Z"),
            seconds: 125,
            machine: "2 processors, 7.8 GiB of memory",
        },
        trainer: { name: "gcp-trainer-decision-tree", version: "0.1.0" },
    };
}

/** The rows of a table, which begin on line 2 of its file. */
export function tableOf({ features, columns, y }: Data): ReportTable {
    return {
        rowCount: y.length,
        target: y,
        lineOf: (row) => row + 2,
        columns: features.map((feature, index) => ({
            name: feature.name,
            isText: feature.kind === "text",
            at: (row) => {
                const value = columns[index]?.[row] as number;
                return feature.kind === "text" ? (feature.categories[value] ?? "") : value;
            },
        })),
    };
}

function sharesOf(model: Model, data: Data, row: number): number[] {
    const prediction = predictEncoded(
        model,
        data.columns.map((column) => column[row] as number),
    );
    return prediction.task === "classification" ? Object.values(prediction.probabilities) : [];
}

/** Predicts a row: the class index, or the number. */
export function predict(model: Model, data: Data, row: number): number {
    const prediction = predictEncoded(
        model,
        data.columns.map((column) => column[row] as number),
    );
    return prediction.task === "regression" ? prediction.value : (data.classes ?? []).indexOf(prediction.label);
}

export function modelOf(
    { target, features, classes, y }: Data,
    roots: readonly TreeNode[],
    algorithm: Algorithm = "tree",
    hyperparameters: Record<string, unknown> = {},
): Model {
    const base = {
        format: "gcp-trainer-model" as const,
        version: 2 as const,
        algorithm,
        target,
        features,
        reading: { missing: [], onBadCell: "stop" as const },
        rows: y.length,
        hyperparameters,
        library: { name: "ml-cart" as const, version: "2.1.1" },
    };
    return classes
        ? {
              ...base,
              task: "classification",
              classes,
              trees: roots.map((root) => ({ name: "DTClassifier", options: {}, root })),
          }
        : { ...base, task: "regression", trees: roots.map((root) => ({ name: "DTRegression", options: {}, root })) };
}

/** Creates the input for a report on any model, with constant made-up metrics. */
export function reportOf(model: Model, changes: Partial<ReportInput> = {}): ReportInput {
    const random = randomNumbers(5);
    const rows = Array.from({ length: 400 }, () => random());
    const classes = model.task === "classification" ? model.classes : [];
    const actual = rows.map((value, row) => (classes.length > 0 ? row % classes.length : 100 * value));
    const predicted = actual.map((value) =>
        classes.length > 0
            ? random() < 0.8
                ? value
                : Math.floor(random() * classes.length)
            : value + 20 * (random() - 0.5),
    );
    const { depth, leaves } = measure(model.trees.at(0)?.root as TreeNode);
    return {
        source: "gs://made/up.csv",
        dataset: { rowCount: model.rows, dropped: [], rowsWithoutTarget: 0, target: { why: "made up" } },
        model,
        metrics: {
            trainRows: model.rows - 400,
            testRows: 400,
            treeDepth: depth,
            treeLeaves: leaves,
            ...(classes.length > 0 ? scoreClasses(actual, predicted, classes) : scoreNumbers(actual, predicted)),
            featureImportances: model.features.map(({ name }, place) => ({
                feature: name,
                importance: 2 ** -(place + 1),
            })),
        },
        test: {
            actual,
            predictions: predicted,
            rows: [...actual.keys()],
            values: predicted.flatMap((value) => classes.map((_, label) => (label === value ? 1 : 0))),
        },
        table: {
            rowCount: actual.length,
            target: actual,
            lineOf: (row) => row + 2,
            columns: model.features.map(({ name, kind }) => ({
                name,
                isText: kind === "text",
                at: (row) => (kind === "text" ? "" : row),
            })),
        },
        run: { id: undefined, finishedAt: new Date("2026-11-27T03:04:05Z"), seconds: 1, machine: "made up" },
        trainer: { name: "gcp-trainer-decision-tree", version: "0.1.0" },
        ...changes,
    };
}

function importancesOf({ features, trees }: Model): { feature: string; importance: number }[] {
    const sums = features.map(() => 0);
    const add = ({ splitColumn, gain = 0, left, right }: TreeNode): void => {
        if (left && right) {
            sums[splitColumn ?? 0] = (sums[splitColumn ?? 0] as number) + gain;
            add(left);
            add(right);
        }
    };
    for (const { root } of trees) {
        add(root);
    }
    const total = sums.reduce((sum, value) => sum + value, 0) || 1;
    return features
        .map(({ name }, place) => ({ feature: name, importance: (sums[place] as number) / total }))
        .sort((a, b) => b.importance - a.importance);
}

function measure({ left, right }: TreeNode): { depth: number; leaves: number } {
    if (!left || !right) {
        return { depth: 0, leaves: 1 };
    }
    const [a, b] = [measure(left), measure(right)];
    return { depth: 1 + Math.max(a.depth, b.depth), leaves: a.leaves + b.leaves };
}
