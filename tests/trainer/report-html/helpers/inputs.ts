import { readFileSync } from "node:fs";
import path from "node:path";
import { scoreClasses, scoreNumbers } from "../../../../trainer/src/metrics";
import {
    type Algorithm,
    type Feature,
    type Model,
    predictEncoded,
    type TreeNode,
} from "../../../../trainer/src/model-format";
import type { ReportInput } from "../../../../trainer/src/report-html";
import { grow, randomNumbers } from "./grow";

/** A table to train on: numbers as the model sees them. */
export interface Data {
    source: string;
    target: string;
    features: Feature[];
    columns: number[][];
    y: number[];
    classes?: string[];
}

/** The flowers of data/iris.csv. */
export function iris(): Data {
    const [header = "", ...lines] = readFileSync(path.join(__dirname, "../../../../data/iris.csv"), "utf8")
        .trim()
        .split(/\r?\n/);
    const rows = lines.map((line) => line.split(","));
    const names = header.split(",").slice(1, 5);
    const classes = [...new Set(rows.map((row) => row[5] as string))].sort();
    return {
        source: "gs://flowers/data/717820ef0a/iris.csv",
        target: "Species",
        features: names.map((name) => ({ name, kind: "number", missing: false })),
        columns: names.map((_, column) => rows.map((row) => Number(row[column + 1]))),
        y: rows.map((row) => classes.indexOf(row[5] as string)),
        classes,
    };
}

const DISTRICTS = [
    "",
    "Altstadt",
    "Harbour",
    "Hillside",
    "Meadows",
    "Mill Lane",
    "North",
    "Old Docks",
    "Östermalm",
    "Zollstock",
];
const STYLES = ["brick", "concrete", "timber"];

/** Made-up houses with a price: numbers, some of them missing, and texts. */
export function houses(rows = 600): Data {
    const random = randomNumbers(7);
    const columns: number[][] = [[], [], [], [], []];
    const y: number[] = [];
    for (let row = 0; row < rows; row++) {
        const area = Math.round(40 + random() * 160);
        const built = random() < 0.12 ? Number.NaN : Math.round(1900 + random() * 123);
        const district = Math.floor(random() * DISTRICTS.length);
        const style = Math.floor(random() * STYLES.length);
        const distance = Number((random() * 12).toFixed(1));
        const age = Number.isNaN(built) ? 70 : 2023 - built;
        y.push(
            Math.round(
                area * 2400 -
                    age * 700 +
                    (district > 6 ? 90000 : 0) +
                    (style === 2 ? 30000 : 0) -
                    distance * 4000 +
                    (random() - 0.5) * 70000,
            ),
        );
        for (const [place, value] of [area, built, district, style, distance].entries()) {
            columns[place]?.push(value);
        }
    }
    const features: Feature[] = [
        { name: "area in m²", kind: "number", missing: false },
        { name: "built", kind: "number", missing: true },
        { name: "district", kind: "text", categories: DISTRICTS },
        { name: "walls", kind: "text", categories: STYLES },
        { name: "kilometres to the centre", kind: "number", missing: false },
    ];
    return { source: "gs://homes/data/0a1b2c3d4e/houses.csv", target: "price", features, columns, y };
}

/** Points around as many centres as there are classes, which overlap. */
export function blobs(classes: number, rows: number, features: number): Data {
    const random = randomNumbers(11);
    const centres = Array.from({ length: classes }, () => Array.from({ length: features }, () => random() * 10));
    const y = Array.from({ length: rows }, (_, row) => row % classes);
    const normal = () => random() + random() + random() - 1.5;
    return {
        source: "gs://points/blobs.csv",
        target: "group",
        features: Array.from({ length: features }, (_, place) => ({
            name: `x${place + 1}`,
            kind: "number",
            missing: false,
        })),
        columns: Array.from({ length: features }, (_, place) =>
            y.map((label) => Number(((centres[label]?.[place] as number) + 3 * normal()).toFixed(2))),
        ),
        y,
        classes: Array.from({ length: classes }, (_, place) => `group ${place + 1}`),
    };
}

/** How a report's model is grown. */
export interface Growth {
    algorithm?: Algorithm;
    trees?: number;
    maxDepth?: number;
    minNumSamples?: number;
}

/** Trains on four rows of five, tests on the fifth, and fits the model on all: what a report is made of. */
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
    const model = modelFrom(all);
    const { depth, leaves } = measure(model.trees[0]?.root as TreeNode);
    return {
        source: data.source,
        dataset: {
            rowCount: all.length,
            dropped: [{ name: "Id", why: "dropColumns" }],
            warnings: [],
            rowsWithoutTarget: 0,
            target: {
                why: data.classes ? "the target is text" : "the target is numbers; --task=classification changes it",
            },
        },
        model,
        metrics: {
            trainRows: trainRows.length,
            testRows: testRows.length,
            treeDepth: depth,
            treeLeaves: leaves,
            ...(data.classes ? scoreClasses(actual, predicted, data.classes) : scoreNumbers(actual, predicted)),
            featureImportances: importancesOf(model),
        },
        test: { actual, predicted },
        trainer: { name: "gcp-trainer-decision-tree", version: "0.1.0" },
    };
}

/** What the model says of a row: the place of the class, or the number. */
export function predict(model: Model, data: Data, row: number): number {
    const prediction = predictEncoded(
        model,
        data.columns.map((column) => column[row] as number),
    );
    return prediction.task === "regression" ? prediction.value : (data.classes ?? []).indexOf(prediction.label);
}

/** A model from trees. */
export function modelOf(
    { target, features, classes, y }: Data,
    roots: readonly TreeNode[],
    algorithm: Algorithm = "tree",
    hyperparameters: Record<string, unknown> = {},
): Model {
    const base = {
        format: "gcp-trainer-model" as const,
        version: 1 as const,
        algorithm,
        target,
        features,
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
