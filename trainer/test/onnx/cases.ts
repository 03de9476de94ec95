import type { Feature, TreeNode } from "../../lib/model";
import { leaf, modelOf, numberFeatures, split, textFeature } from "../model/models";
import type { Row } from "../model/predict";
import { customers, iris, makeDraw, petals, prices } from "./data";
import { fitModel, fittedCase } from "./fit";
import type { Case } from "./onnxruntime";

/** A case in which the first two classes have shares that are halves and quarters, which cause many ties. */
function ties(classes: string[]): Case {
    const draw = makeDraw(3);
    const shares = [0, 0.25, 0.5, 0.75, 1].map((share) => leaf([share, 1 - share]));
    const side = () => split(draw(2), draw(8), shares[draw(5)] as TreeNode, shares[draw(5)] as TreeNode);
    const roots = Array.from({ length: 12 }, () => split(draw(2), draw(8), side(), side()));
    // There are enough trees for onnxruntime to distribute them across threads.
    const leaves = Array.from({ length: 30 }, () => [shares[1], shares[2], shares[3]] as TreeNode[]).flat();
    const rows = Array.from({ length: 400 }, () => ({ a: draw(9) - 0.5, b: draw(9) - 0.5 }));
    return { model: modelOf(numberFeatures(2), classes, [...roots, ...leaves]), rows };
}

/** A case with one leaf per class, and splits for some of the classes. */
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
        rows: Array.from({ length: 100 }, (_, place) => ({ a: Math.floor((place * (count - 1)) / 99) })),
    };
}

/** A case with a tree as deep as the model format allows, which separates one value at each level. */
function deep(levels: number): Case {
    let root: TreeNode = leaf(levels);
    for (let level = levels - 1; level >= 0; level--) {
        root = split(0, level + 0.5, leaf(level), root);
    }
    const rows = Array.from({ length: levels + 1 }, (_, level) => ({ a: level }));
    return { model: modelOf(numberFeatures(1), undefined, [root]), rows };
}

const STUMP = split(0, 0.1, leaf([1]), leaf([0.25, 0.75]));

/** A case with the smallest possible trees. */
function stumps(classes: string[] | undefined, ...roots: TreeNode[]): Case {
    return { model: modelOf(numberFeatures(1), classes, roots), rows: [{ a: 0 }, { a: 0.1 }, { a: 5 }] };
}

/** Column names that could be mistaken for something else. */
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

/** A case whose model uses every column. */
function oddNames(classes: string[] | undefined): Case {
    const features: Feature[] = ODD_NAMES.map((name, place) =>
        place % 3 === 0
            ? textFeature(name, ["", "x", name.repeat(300)].sort())
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

/** A case with numbers at the limits of 64-bit floating point. */
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

/** A case with rows that have strings and missing values that no training row had. */
async function newValues(trees: number, data = customers(100)): Promise<Case> {
    const rows = data.rows.flatMap((row): Row[] => [
        row,
        { ...row, months: null },
        { ...row, city: "Atlantis" },
        { ...row, city: "" },
        { ...row, plan: "", fee: null },
    ]);
    return { model: await fitModel(data, trees), rows };
}

/** The models that onnxruntime runs, by name. */
export const CASES = {
    "iris, a tree": () => fittedCase(iris()),
    "iris, a forest": () => fittedCase(iris(), 100),
    "iris, petals, a tree": () => fittedCase(petals()),
    "iris, petals, a forest": () => fittedCase(petals(), 30),
    "customers, a tree": () => fittedCase(customers(1000)),
    "customers, a forest": () => fittedCase(customers(1000), 101),
    "customers, a forest of two": () => fittedCase(customers(300), 2),
    "prices, a tree": () => fittedCase(prices(1000)),
    "prices, a forest": () => fittedCase(prices(1000), 100),
    "ties between two classes": () => ties(["no", "yes"]),
    "ties among three": () => ties(["no", "yes", "perhaps"]),
    "1000 classes": () => manyClasses(1000),
    "1000 levels": () => deep(1000),
    "one leaf, three classes": () => stumps(["x", "y", "z"], leaf([0.25, 0.5, 0.25])),
    "one leaf, a number": () => stumps(undefined, leaf(0.1)),
    "leaves and trees": () => stumps(["x", "y"], leaf([0, 1]), STUMP, leaf([1]), STUMP),
    "one class": () => stumps(["x"], leaf([1])),
    "shares of nothing": () => stumps(["x", "y"], leaf([0, 0])),
    "odd names, classes": () => oddNames(["", "\n"]),
    "odd names, a number": () => oddNames(undefined),
    "extreme numbers": () => extremes(),
    "new values, a tree": () => newValues(1),
    "new values, a forest": () => newValues(10),
    "new values, numbers": () => newValues(3, prices(100)),
} satisfies Record<string, () => Case | Promise<Case>>;
