/// <reference path="../../../trainer/src/ml-cart.d.ts" />
import { join } from "node:path";
import fc from "fast-check";
import { countLeaves, type FlatTree, findLeaf, toCartModel } from "../../../trainer/src/cart/flat-tree";
import { growTree } from "../../../trainer/src/cart/grow";
import { makeRandom } from "../../../trainer/src/cart/random";
import type { FitTable, GrowthOptions } from "../../../trainer/src/cart/types";
import { makeWorkspace } from "../../../trainer/src/cart/workspace";
import type { TreeNode } from "../../../trainer/src/model-format";
import { count } from "../tables";
import { gini, growNaively, type PlainTable, squaredError } from "./naive";
import { makeTable, plainTables, UNLIMITED } from "./tables";

// The trainer's own copy: this package is no dependency of the project around it.
const cart: typeof import("ml-cart") = require(join(__dirname, "../../../trainer/node_modules/ml-cart"));

function grow(table: FitTable, growth: GrowthOptions = UNLIMITED, rows?: number[], wordBits = 32): FlatTree {
    const weights = new Uint8Array(table.target.y.length);
    for (const row of rows ?? weights.keys()) {
        weights[row] = (weights[row] as number) + 1;
    }
    return growTree(table, { growth, weights, weighted: rows !== undefined, wordBits });
}

function rootOf(tree: FlatTree): TreeNode {
    return toCartModel(tree, UNLIMITED).root;
}

function classesOf(y: readonly number[]): number {
    return Math.max(...y) + 1;
}

/** Gains and means are computed in another order: all else must be the same. */
function closeTo(node: TreeNode): unknown {
    const near = (value: number) => (value === 0 ? 0 : expect.closeTo(value, 9));
    const { left, right, gain, distribution, ...rest } = node;
    return left === undefined || right === undefined
        ? { ...rest, distribution: typeof distribution === "number" ? near(distribution) : distribution }
        : { ...rest, gain: expect.closeTo(gain ?? 0, 9), left: closeTo(left), right: closeTo(right) };
}

const growths = fc.record({
    maxDepth: fc.constantFrom(1, 2, 3, 64),
    minNumSamples: fc.constantFrom(1, 2, 3, 5),
    gainThreshold: fc.constantFrom(0, 0.01, 0.2),
});

describe("growTree grows the very tree that trying all splits gives,", () => {
    it.each([2, 3, 7])("for %d classes", (labels) => {
        fc.assert(
            fc.property(plainTables({ labels }), growths, (table, growth) => {
                const rows = [...table.y.keys()];
                const expected = growNaively(table, "classification", rows, growth);
                expect(rootOf(grow(makeTable(table, labels), growth))).toEqual(closeTo(expected));
            }),
        );
    });

    it("for numbers", () => {
        fc.assert(
            fc.property(plainTables({ labels: 9 }), growths, (table, growth) => {
                const expected = growNaively(table, "regression", [...table.y.keys()], growth);
                expect(rootOf(grow(makeTable(table, 0), growth))).toEqual(closeTo(expected));
            }),
        );
    });

    it.each([0, 2, 4])("for rows that are left out, and rows that count more than once (%d classes)", (labels) => {
        const sampled = plainTables({ labels: Math.max(labels, 6), maxRows: 20 }).chain((table) =>
            fc.tuple(
                fc.constant({ ...table, y: table.y.map((label) => (labels === 0 ? label : label % labels)) }),
                fc.array(fc.nat(table.y.length - 1), { minLength: 1, maxLength: 60 }),
            ),
        );
        fc.assert(
            fc.property(sampled, ([table, rows]) => {
                const task = labels === 0 ? "regression" : "classification";
                const expected = growNaively(table, task, rows, UNLIMITED);
                expect(rootOf(grow(makeTable(table, labels), UNLIMITED, rows))).toEqual(closeTo(expected));
            }),
        );
    });
});

describe("growTree gives the same tree", () => {
    it.each([2, 5])("when an entry has no room for one of %d classes, or a weight", (labels) => {
        fc.assert(
            fc.property(plainTables({ labels }), fc.boolean(), (plain, twice) => {
                const table = makeTable(plain, labels);
                const rows = twice ? [...plain.y.keys(), ...plain.y.keys(), 0] : undefined;
                expect(rootOf(grow(table, UNLIMITED, rows, 7))).toEqual(closeTo(rootOf(grow(table, UNLIMITED, rows))));
            }),
        );
    });

    it.each([0, 2, 5])("when lists are sorted on demand, %d classes", (labels) => {
        const workspace = makeWorkspace();
        fc.assert(
            fc.property(
                plainTables({ labels: labels || 9, maxRows: 120 }),
                fc.boolean(),
                fc.nat(3),
                (plain, twice, drawn) => {
                    const table = makeTable(plain, labels);
                    const weights = new Uint8Array(plain.y.length).map((_, row) => (twice ? (row * 7) % 21 : 1));
                    weights[0] = 1;
                    const growInOneWay = (onDemand: boolean) => {
                        const sampling = { maxFeatures: drawn, random: makeRandom(3, 4) };
                        const request = { growth: UNLIMITED, weights, weighted: twice, onDemand };
                        return growTree(table, drawn === 0 ? request : { ...request, sampling }, workspace);
                    };
                    expect(rootOf(growInOneWay(true))).toEqual(closeTo(rootOf(growInOneWay(false))));
                },
            ),
        );
    });

    it("in memory that other trees have used", () => {
        const workspace = makeWorkspace();
        fc.assert(
            fc.property(plainTables({ labels: 3 }), (plain) => {
                const table = makeTable(plain, 3);
                const request = { growth: UNLIMITED, weights: new Uint8Array(plain.y.length).fill(1), weighted: false };
                expect(growTree(table, request, workspace)).toEqual(growTree(table, request));
            }),
        );
    });

    it("whichever of two equal columns comes first, and names the first", () => {
        fc.assert(
            fc.property(plainTables({ labels: 3 }), (plain) => {
                const [column] = plain.columns as [number[]];
                const mirrored = column.map((value) => -value);
                const table = makeTable({ columns: [column, column, mirrored], y: plain.y }, 3);
                const tree = grow(table);
                // What is missing in a column is missing in its mirror, and largest in both: it can be split off there.
                const isMirrored = column.every((value) => Math.abs(value) < Number.MAX_VALUE);
                expect([...tree.columns].every((at) => at < 1 || (at === 2 && !isMirrored))).toBe(true);
            }),
        );
    });

    it("for numbers whose sums depend on the order", () => {
        const values = count(200).map((row) => (row * 37) % 200);
        const y = values.map((value) => Math.sin(value) * 1e3 + 0.1);
        const tree = grow(makeTable({ columns: [values, values.map((value) => -value)], y }, 0));
        expect([...tree.columns].every((column) => column < 1)).toBe(true);
    });
});

describe("a grown tree in ml-cart", () => {
    it.each(["classification", "regression"] as const)("predicts row by row what it predicts here: %s", (task) => {
        fc.assert(
            fc.property(plainTables({ labels: 4 }), plainTables({ labels: 4 }), growths, (plain, other, growth) => {
                const table = makeTable(plain, task === "classification" ? 4 : 0);
                const tree = grow(table, growth);
                const model = JSON.parse(JSON.stringify(toCartModel(tree, growth)));
                const kind = task === "classification" ? cart.DecisionTreeClassifier : cart.DecisionTreeRegression;
                const width = plain.columns.length;
                const columns = plain.columns.map((column, index) => [
                    ...column,
                    ...(other.columns[index % other.columns.length] as number[]),
                ]);
                const rows = [...(columns[0] as number[]).keys()].map((row) =>
                    columns.map((column) => column[row] as number),
                );

                const predicted = rows.map((_, row) => predict(tree, columns, row));

                expect(rows[0]).toHaveLength(width);
                // A list of rows of one value would be taken for one row.
                expect(predicted).toEqual(kind.load(model).predict(rows));
            }),
        );
    });

    it("has splits that gain at least as much as the ones that ml-cart itself would make of the same rows", () => {
        fc.assert(
            fc.property(finiteTables(3), (plain) => {
                expectNoBetterSplit(plain, rootOf(grow(makeTable(plain, classesOf(plain.y)))), "classification");
                expectNoBetterSplit(plain, rootOf(grow(makeTable(plain, 0))), "regression");
            }),
        );
    });
});

/** Without what ml-cart can't train on. */
function finiteTables(labels: number): fc.Arbitrary<PlainTable> {
    return plainTables({ labels }).map(({ columns, y }) => ({
        columns: columns.map((column) =>
            column.map((value) => (Number.isNaN(value) || Math.abs(value) > 1e300 ? 0 : value)),
        ),
        y,
    }));
}

function predict(tree: FlatTree, columns: number[][], row: number): number {
    const leaf = findLeaf(
        tree,
        columns.map((column) => Float64Array.from(column)),
        row,
    );
    if (tree.task === "regression") {
        return tree.values[leaf] as number;
    }
    const [first, end] = [tree.links[leaf] as number, (tree.links[leaf] as number) + 1].map(
        (at) => tree.leafStarts[at] as number,
    ) as [number, number];
    const shares = [...tree.leafShares.subarray(first, end)];
    return tree.leafClasses[first + shares.indexOf(Math.max(...shares))] as number;
}

/** Walks down the tree, and lets ml-cart train a stump on the rows of each node. */
function expectNoBetterSplit({ columns, y }: PlainTable, root: TreeNode, task: "classification" | "regression"): void {
    const visit = (node: TreeNode, rows: number[]): void => {
        const { left, right, splitColumn = -1, splitValue = Number.NaN } = node;
        if (left === undefined || right === undefined) {
            return;
        }
        const goesLeft = (row: number) => (columns[splitColumn]?.[row] as number) < splitValue;
        const [lefts, rights] = [rows.filter(goesLeft), rows.filter((row) => !goesLeft(row))];
        const stump = trainStump(columns, y, rows, task);
        if (stump?.gain !== undefined && Number.isFinite(stump.gain)) {
            const gain = node.gain as number;
            const own =
                task === "classification"
                    ? gini(rows, y) - (gini(lefts, y) * lefts.length + gini(rights, y) * rights.length) / rows.length
                    : squaredError(lefts, y) + squaredError(rights, y);
            expect(gain).toBeCloseTo(own, 9);
            const better = task === "classification" ? stump.gain - gain : gain - stump.gain;
            expect(better).toBeLessThan(1e-9);
        }
        visit(left, lefts);
        visit(right, rights);
    };
    visit(root, [...y.keys()]);
}

function trainStump(columns: number[][], y: number[], rows: number[], task: string): TreeNode | undefined {
    const options = { minNumSamples: 1, maxDepth: 1, gainThreshold: -1 };
    const tree =
        task === "classification"
            ? new cart.DecisionTreeClassifier({ ...options, gainFunction: "gini" })
            : new cart.DecisionTreeRegression({ ...options, gainFunction: "regression" });
    // It fails where all neighbours have the same label: then there is no split to compare with.
    if (new Set(rows.map((row) => y[row])).size === 1) {
        return undefined;
    }
    tree.train(
        rows.map((row) => columns.map((column) => column[row] as number)),
        rows.map((row) => y[row] as number),
    );
    return (JSON.parse(JSON.stringify(tree)) as { root: TreeNode }).root;
}

describe("growTree", () => {
    it("obeys maxDepth, minNumSamples and gainThreshold", () => {
        const plain = { columns: [count(64)], y: count(64).map((value) => value % 7) };
        const table = makeTable(plain, 7);
        expect(grow(table, { ...UNLIMITED, maxDepth: 2 })).toMatchObject({ depth: 2 });
        expect(countLeaves(grow(table, { ...UNLIMITED, maxDepth: 2 }))).toBe(3);
        expect(countLeaves(grow(table, { ...UNLIMITED, minNumSamples: 64 }))).toBe(1);
        expect(countLeaves(grow(table, { ...UNLIMITED, minNumSamples: 63 }))).toBe(2);
        expect(countLeaves(grow(table, { ...UNLIMITED, gainThreshold: 1 }))).toBe(1);
        expect(countLeaves(grow(table))).toBe(64);
    });

    it("makes splits that gain nothing by themselves, where the next one gains all", () => {
        const table = makeTable(
            {
                columns: [
                    [0, 0, 1, 1],
                    [0, 1, 0, 1],
                ],
                y: [0, 1, 1, 0],
            },
            2,
        );
        const tree = grow(table);
        expect([...tree.gains]).toEqual([0, 0.5, 0, 0, 0.5, 0, 0]);
        expect(countLeaves(tree)).toBe(4);
        expect(countLeaves(grow(table, { ...UNLIMITED, gainThreshold: 1e-9 }))).toBe(1);
    });

    it("splits numbers until they are all the same, or the error is small enough", () => {
        const table = makeTable({ columns: [count(8)], y: [1, 1, 2, 2, 9, 9, 9, 8] }, 0);
        expect(countLeaves(grow(table))).toBe(4);
        expect(countLeaves(grow(table, { ...UNLIMITED, gainThreshold: 1.75 }))).toBe(1);
        expect(countLeaves(grow(table, { ...UNLIMITED, gainThreshold: 1.7 }))).toBe(2);
    });

    it("makes a leaf of rows that no column tells apart", () => {
        const columns = [
            [1, 1, 1],
            [Number.NaN, Number.NaN, Number.NaN],
            [0, -0, 0],
        ];
        expect(rootOf(grow(makeTable({ columns, y: [0, 1, 1] }, 2)))).toEqual({
            numberSamples: 3,
            distribution: [[1 / 3, 2 / 3]],
        });
        expect(rootOf(grow(makeTable({ columns, y: [3, 4, 8] }, 0)))).toEqual({ numberSamples: 3, distribution: 5 });
    });

    it("sends what is missing to the right, and splits it off where that is best", () => {
        const nan = Number.NaN;
        const tree = grow(makeTable({ columns: [[nan, 1, nan, 2, 3]], y: [1, 0, 1, 0, 0] }, 2));
        expect(rootOf(tree)).toMatchObject({ splitValue: Number.MAX_VALUE, left: { numberSamples: 3 } });
    });

    it("puts the threshold between neighbours that have no number between them", () => {
        const next = 1 + Number.EPSILON;
        expect(rootOf(grow(makeTable({ columns: [[1, next]], y: [0, 1] }, 2))).splitValue).toBe(next);
        expect(rootOf(grow(makeTable({ columns: [[0, Number.MIN_VALUE]], y: [0, 1] }, 2))).splitValue).toBe(
            Number.MIN_VALUE,
        );
        const [low, high] = [1e308, 1.5e308];
        expect(rootOf(grow(makeTable({ columns: [[low, high]], y: [0, 1] }, 2))).splitValue).toBe(1.25e308);
    });

    it("tells 1000 classes apart, and takes one class alone", () => {
        const plain = { columns: [count(2000).map((row) => row >> 1)], y: count(2000).map((row) => row >> 1) };
        // All splits gain the same, so the lowest threshold is taken each time.
        const tree = grow(makeTable(plain, 1000), { ...UNLIMITED, maxDepth: 999 });
        expect(countLeaves(tree)).toBe(1000);
        expect(plain.y.map((_, row) => predict(tree, plain.columns, row))).toEqual(plain.y);
        expect(rootOf(grow(makeTable({ columns: [[1, 2]], y: [0, 0] }, 1)))).toEqual({
            numberSamples: 2,
            distribution: [[1]],
        });
    });

    it("finds the smallest of gains, in many rows", () => {
        const rows = 40_000;
        const y = count(rows).map((row) => (row === 7 ? 2 : row % 2));
        const tree = grow(makeTable({ columns: [count(rows).map((row) => (row === 7 ? 1 : 0))], y }, 3), {
            ...UNLIMITED,
            maxDepth: 1,
        });
        const [left, right] = [y.keys()].flatMap((keys) => {
            const all = [...keys];
            return [all.filter((row) => row !== 7), [7]];
        }) as [number[], number[]];
        const expected = gini([...y.keys()], y) - (gini(left, y) * left.length + gini(right, y)) / rows;
        expect(tree.gains[0]).toBeCloseTo(expected, 12);
        expect(tree.gains[0]).toBeGreaterThan(0);
    });

    it("stays exact for numbers far from zero", () => {
        const y = count(100).map((row) => 1e9 + (row < 50 ? 0 : 1e-4) + (row % 2) * 1e-6);
        const tree = grow(makeTable({ columns: [count(100).map((row) => row % 2), count(100)], y }, 0), {
            ...UNLIMITED,
            maxDepth: 1,
        });
        expect(tree.columns[0]).toBe(1);
        expect(tree.values[0]).toBe(49.5);
    });

    it("gives features their share of the impurity that was taken away", () => {
        // The first split takes 0.5 * 8 rows away of column 1; of the two sides, 4 rows each, only the right one is split.
        const columns = [
            [0, 0, 0, 0, 0, 0, 1, 1],
            [0, 0, 0, 0, 1, 1, 1, 1],
        ];
        const table = makeTable({ columns: [...columns, count(8).map(() => 5)], y: [0, 0, 0, 0, 1, 1, 2, 2] }, 3);
        // Root: gini 1 - (16 + 4 + 4) / 64 = 0.625; after column 1: 0.25. Right: 0.5 to 0.
        expect([...grow(table).importances]).toEqual([
            expect.closeTo((0.5 * 4) / (0.375 * 8 + 0.5 * 4), 12),
            expect.closeTo((0.375 * 8) / (0.375 * 8 + 0.5 * 4), 12),
            0,
        ]);
        // Numbers: 5.5 of squared error in all, 1 of it left after column 1, and none after column 0.
        const numbers = makeTable({ columns, y: [0, 0, 0, 0, 1, 1, 2, 2] }, 0);
        expect([...grow(numbers).importances]).toEqual([expect.closeTo(1 / 5.5, 12), expect.closeTo(4.5 / 5.5, 12)]);
        expect([...grow(table, { ...UNLIMITED, maxDepth: 0 }).importances]).toEqual([0, 0, 0]);
    });

    it("needs a row", () => {
        const table = makeTable({ columns: [[1, 2]], y: [0, 1] }, 2);
        const request = { growth: UNLIMITED, weights: new Uint8Array(2), weighted: false };
        expect(() => growTree(table, request)).toThrow(new RangeError("A tree needs at least one row; got none"));
    });
});
