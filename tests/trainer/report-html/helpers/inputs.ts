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
    "Zollstock",
    "Östermalm",
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

/** A table without rows to grow on, for models that are made up. */
export function madeUp(features: Feature[], classes: string[] | undefined, rows = 1000): Data {
    return {
        source: "gs://made/up.csv",
        target: "y",
        features,
        columns: [],
        y: new Array<number>(rows).fill(0),
        ...(classes && { classes }),
    };
}

/** A report of any model: what is measured is made up, and the same each time. */
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
    const { depth, leaves } = measure(model.trees[0]?.root as TreeNode);
    return {
        source: "gs://made/up.csv",
        dataset: { rowCount: model.rows, dropped: [], warnings: [], rowsWithoutTarget: 0, target: { why: "made up" } },
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
        test: { actual, predicted },
        trainer: { name: "gcp-trainer-decision-tree", version: "0.1.0" },
        ...changes,
    };
}

/** A tree with so many leaves, uneven, whose splits ask for all features in turn. */
export function uneven(leaves: number, features: readonly Feature[], classes: number): TreeNode {
    const random = randomNumbers(23);
    const node = (below: number, rows: number): TreeNode => {
        if (below === 1) {
            const place = Math.floor(random() * classes);
            const shares: number[] = Array.from({ length: place + 1 }, (_, index) => (index === place ? 0.75 : 0));
            shares[0] = (shares[0] as number) + 0.25;
            return { numberSamples: rows, distribution: classes === 0 ? random() * 100 : [shares] };
        }
        const left = Math.max(1, Math.min(below - 1, Math.round(below * (0.3 + 0.4 * random()))));
        const leftRows = Math.round((rows * left) / below);
        const splitColumn = Math.floor(random() * features.length);
        const feature = features[splitColumn] as Feature;
        const splitValue =
            feature.kind === "text"
                ? Math.max(0.5, Math.floor(random() * (feature.categories.length - 1)) + 0.5)
                : random() * 100;
        return {
            splitColumn,
            splitValue,
            gain: random(),
            numberSamples: rows,
            left: node(left, leftRows),
            right: node(below - left, rows - leftRows),
        };
    };
    return node(leaves, leaves * 12);
}

/** A tree in which every split has one leaf, so many levels deep, for numbers. */
export function chain(levels: number, features: readonly Feature[]): TreeNode {
    let root: TreeNode = { numberSamples: 5, distribution: levels };
    for (let level = 0; level < levels; level++) {
        const leaf: TreeNode = { numberSamples: 5, distribution: level };
        const numberSamples = (root.numberSamples as number) + 5;
        const [left, right] = level % 2 === 0 ? [leaf, root] : [root, leaf];
        root = { splitColumn: level % features.length, splitValue: level + 0.5, gain: 1, numberSamples, left, right };
    }
    return root;
}

const SCRIPTS = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    '"><b onmouseover=alert(1)>',
    "&lt;&amp;",
    "]]>-->{{x}}${y}",
];
const WRITINGS = [
    "العربية من اليمين",
    "עברית",
    "日本語の列名",
    "हिन्दी",
    "emoji 🌈👩‍🔬",
    "ελληνικά",
    "\u0000control\u0007\ud800",
    "",
];
const LONG = ["a_very_long_column_name_without_any_place_to_break_it".repeat(4), "many short words ".repeat(20).trim()];

/** Names that somebody else's file may hold: markup, other writings, very long ones. */
export const AWKWARD_NAMES = [...SCRIPTS, ...WRITINGS, ...LONG];

/** A report that has them in every place. */
export function awkwardReport(): ReportInput {
    const features = AWKWARD_NAMES.map(
        (name, place): Feature =>
            place % 2 === 0
                ? { name, kind: "text", categories: [...AWKWARD_NAMES].sort() }
                : { name, kind: "number", missing: true },
    );
    const model = modelOf(madeUp(features, AWKWARD_NAMES.slice(0, 11), 5000), [uneven(60, features, 11)]);
    const named: Model = {
        ...model,
        target: AWKWARD_NAMES[0] as string,
        hyperparameters: Object.fromEntries(AWKWARD_NAMES.map((name) => [name, name])),
    };
    const why = AWKWARD_NAMES[1] as string;
    return reportOf(named, {
        source: `gs://bucket/${AWKWARD_NAMES[2]}`,
        dataset: {
            rowCount: 5000,
            dropped: AWKWARD_NAMES.map((name) => ({ name, why })),
            warnings: AWKWARD_NAMES,
            rowsWithoutTarget: 0,
            target: { why },
        },
    });
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
