import { readFileSync } from "node:fs";
import path from "node:path";
import type { Feature, Row, TreeNode } from "../../../trainer/src/model-format";
import { leaf, modelOf, numberFeatures, split } from "../model-format/models";
import { type Data, grow, makeDraw, rowsAtThresholds } from "./grow";
import type { Case } from "./onnxruntime";

const CITIES = ["", "Amsterdam", "Bürglen", "New York, NY", "東京", "🏔"];

/** The flowers of data/iris.csv: four columns of numbers, three classes. */
function iris(): Data {
    const [header, ...lines] = readFileSync(path.join(__dirname, "../../../data/iris.csv"), "utf8")
        .trim()
        .split(/\r?\n/);
    const names = (header ?? "").split(",").slice(1, 5);
    const cells = lines.map((line) => line.split(","));
    return {
        features: names.map((name) => ({ name, kind: "number", missing: false })),
        rows: cells.map((row) => Object.fromEntries(names.map((name, place) => [name, Number(row[place + 1])]))),
        y: cells.map((row) => row[5] as string),
    };
}

/** The same flowers, with the width of a petal to predict; their kind, as text, is a column. */
function petals(): Data {
    const { features, rows, y } = iris();
    const species: Feature = { name: "Species", kind: "text", categories: [...new Set(y as string[])].sort() };
    return {
        features: [species, ...features.slice(0, 3)],
        rows: rows.map((row, place) => ({ ...row, Species: y[place] as string })),
        y: rows.map(({ PetalWidthCm }) => PetalWidthCm as number),
    };
}

/** Customers who stay or leave: text, whole numbers, decimals; every sixth value is missing where that may be. */
function customers(count: number): Data {
    const draw = makeDraw(1);
    const rows = Array.from({ length: count }, () => ({
        city: CITIES[draw(CITIES.length)] as string,
        months: draw(120),
        fee: draw(6) === 0 ? null : draw(10_000) / 100,
        "rating (1–5)": draw(6) === 0 ? null : 1 + draw(5),
        plan: ["basic", "plus"][draw(2)] as string,
    }));
    return {
        features: [
            { name: "city", kind: "text", categories: CITIES },
            { name: "months", kind: "number", missing: false },
            { name: "fee", kind: "number", missing: true },
            { name: "rating (1–5)", kind: "number", missing: true },
            { name: "plan", kind: "text", categories: ["basic", "plus"] },
        ],
        rows,
        y: rows.map(({ months, plan }) => (months + draw(60) < (plan === "plus" ? 60 : 90) ? "leaves" : "stays")),
    };
}

/** Prices from the same columns. */
function prices(count: number): Data {
    const draw = makeDraw(2);
    const data = customers(count);
    return { ...data, y: data.rows.map(({ months }) => 1000 * (months as number) + draw(1_000_000) / 7) };
}

/** A model of a data set, for its rows and for rows near to the model's thresholds. */
function grown(data: Data, trees: number, seed: number): Case {
    const model = grow(data, trees, seed);
    return { model, rows: [...data.rows, ...rowsAtThresholds(model, data.rows, 60)] };
}

/** Shares that are halves and quarters, of the first two classes: many rows are ties. */
function ties(classes: string[]): Case {
    const draw = makeDraw(3);
    const shares = [0, 0.25, 0.5, 0.75, 1].map((share) => leaf([share, 1 - share]));
    const side = () => split(draw(2), draw(8), shares[draw(5)] as TreeNode, shares[draw(5)] as TreeNode);
    const roots = Array.from({ length: 12 }, () => split(draw(2), draw(8), side(), side()));
    // Enough trees for onnxruntime to give each thread some of them.
    const leaves = Array.from({ length: 30 }, () => [shares[1], shares[2], shares[3]] as TreeNode[]).flat();
    const rows = Array.from({ length: 400 }, () => ({ a: draw(9) - 0.5, b: draw(9) - 0.5 }));
    return { model: modelOf(numberFeatures(2), classes, [...roots, ...leaves]), rows };
}

/** As many classes as rows, and a leaf for each. */
function manyClasses(count: number): Case {
    const classes = Array.from({ length: count }, (_, place) => `class ${place}`);
    const build = (first: number, end: number): TreeNode => {
        const middle = (first + end) >> 1;
        return end - first === 1
            ? leaf([...Array.from({ length: first }, () => 0), 1])
            : split(0, middle, build(first, middle), build(middle, end));
    };
    return {
        model: modelOf(numberFeatures(1), classes, [build(0, count)]),
        rows: classes.map((_, place) => ({ a: place })),
    };
}

/** A tree as deep as the model format goes, which takes one value out at each level. */
function deep(levels: number): Case {
    let root: TreeNode = leaf(levels);
    for (let level = levels - 1; level >= 0; level--) {
        root = split(0, level + 0.5, leaf(level), root);
    }
    const rows = Array.from({ length: levels + 1 }, (_, level) => ({ a: level }));
    return { model: modelOf(numberFeatures(1), undefined, [root]), rows };
}

const STUMP = split(0, 0.1, leaf([1]), leaf([0.25, 0.75]));
const PLACES: Row[] = [{ a: 0 }, { a: 0.1 }, { a: 5 }];

/** Names that could be taken for something else. */
export const ODD_NAMES = [
    "label",
    "value",
    "probabilities",
    "columns",
    "axis",
    'a "b"',
    "a/b:0",
    "größe €",
    " ",
    "😀",
    "a\nb",
    "_",
];

/** A model in which every column counts. */
function oddNames(classes: string[] | undefined): Case {
    const features: Feature[] = ODD_NAMES.map((name, place) =>
        place % 3 === 0
            ? { name, kind: "text", categories: ["", "x", name.repeat(300)].sort() }
            : { name, kind: "number", missing: place % 3 === 1 },
    );
    const roots = features.map((_, column) =>
        classes === undefined
            ? split(column, 0.5, leaf(column), leaf(-column))
            : split(column, 0.5, leaf([1]), leaf([0, 1])),
    );
    const rows = [0, 1, 2].map((place) =>
        Object.fromEntries(
            features.map((it) => [it.name, it.kind === "text" ? (it.categories[place] ?? "") : place / 2]),
        ),
    );
    return { model: modelOf(features, classes, roots), rows };
}

/** Numbers at the ends of what 64 bits hold. */
function extremes(): Case {
    const values = [
        0,
        -0,
        5e-324,
        -5e-324,
        1e-45,
        0.1,
        Math.fround(0.1),
        1 / 3,
        2 ** 24 + 1,
        2 ** 53,
        1e300,
        Number.MAX_VALUE,
        -Number.MAX_VALUE,
    ];
    const chain = values.reduce<TreeNode>(
        (rest, value, place) => split(0, value, leaf(place), split(1, -value, rest, leaf(-place))),
        leaf(0.1),
    );
    const rows = values.flatMap((a) => [...values, null].map((b) => ({ a, b })));
    return { model: modelOf(numberFeatures(2, true), undefined, [chain]), rows };
}

/** Rows that the model does not predict, among others that it does. */
function refusals(trees: number): Case {
    const data = customers(100);
    const rows = data.rows.flatMap((row): Row[] => [
        row,
        { ...row, months: null },
        { ...row, city: "Atlantis" },
        { ...row, city: "" },
        { ...row, plan: "", fee: null },
    ]);
    return { model: grow(data, trees, 7), rows };
}

/** What onnxruntime is asked to predict, by what it is. */
export const CASES: Readonly<Record<string, Case>> = {
    "iris, a tree": grown(iris(), 1, 11),
    "iris, a forest": grown(iris(), 100, 12),
    "iris, petals, a tree": grown(petals(), 1, 13),
    "iris, petals, a forest": grown(petals(), 30, 14),
    "customers, a tree": grown(customers(1000), 1, 15),
    "customers, a forest": grown(customers(1000), 101, 16),
    "customers, a forest of two": grown(customers(300), 2, 17),
    "prices, a tree": grown(prices(1000), 1, 18),
    "prices, a forest": grown(prices(1000), 100, 19),
    "ties of two classes": ties(["no", "yes"]),
    "ties among three": ties(["no", "yes", "perhaps"]),
    "1000 classes": manyClasses(1000),
    "1000 levels": deep(1000),
    "one leaf, three classes": {
        model: modelOf(numberFeatures(1), ["x", "y", "z"], [leaf([0.25, 0.5, 0.25])]),
        rows: PLACES,
    },
    "one leaf, a number": { model: modelOf(numberFeatures(1), undefined, [leaf(0.1)]), rows: PLACES },
    "leaves and trees": {
        model: modelOf(numberFeatures(1), ["x", "y"], [leaf([0, 1]), STUMP, leaf([1]), STUMP]),
        rows: PLACES,
    },
    "one class": { model: modelOf(numberFeatures(1), ["x"], [leaf([1])]), rows: PLACES },
    "shares of nothing": { model: modelOf(numberFeatures(1), ["x", "y"], [leaf([0, 0])]), rows: PLACES },
    "odd names, classes": oddNames(["", "\n"]),
    "odd names, a number": oddNames(undefined),
    "extreme numbers": extremes(),
    "refused rows, a tree": refusals(1),
    "refused rows, a forest": refusals(10),
    "refused rows, numbers": { ...refusals(1), model: grow(prices(100), 3, 8) },
};
