/// <reference path="./ml-cart.d.ts" />
import path from "node:path";
import fc from "fast-check";
import type { TreeNode } from "../../lib/model";
import { toCartModel } from "../../lib/tree/flat-tree";
import { GROWTHS, grow, predict, rootOf } from "./growing";
import { gini, type PlainTable, squaredError } from "./naive";
import { makeTable, plainTables } from "./tables";

// Use the trainer's own copy, because the surrounding project does not depend on this package.
const cart: typeof import("ml-cart") = require(path.join(__dirname, "../../node_modules/ml-cart"));

describe("a grown tree in ml-cart", () => {
    it.each(["classification", "regression"] as const)(
        "makes the same predictions as in the trainer for the rows of the fit and for rows without missing values: %s",
        (task) => {
            fc.assert(
                fc.property(plainTables({ labels: 4 }), plainTables({ labels: 4 }), GROWTHS, (plain, other, growth) => {
                    const table = makeTable(plain, task === "classification" ? 4 : 0);
                    const tree = grow(table, growth);
                    const model = JSON.parse(JSON.stringify(toCartModel(tree, growth)));
                    const kind = task === "classification" ? cart.DecisionTreeClassifier : cart.DecisionTreeRegression;
                    const width = plain.columns.length;
                    const columns = plain.columns.map((column, index) => [
                        ...column,
                        ...(other.columns[index % other.columns.length] as number[]),
                    ]);
                    const numbers = [...(columns[0] as number[]).keys()].filter(
                        (row) => row < plain.y.length || columns.every((column) => !Number.isNaN(column[row])),
                    );
                    const rows = numbers.map((row) => columns.map((column) => column[row] as number));

                    const predicted = numbers.map((row) => predict(tree, columns, row));

                    expect(rows[0]).toHaveLength(width);
                    // ml-cart treats a list of rows with one value each as a single row.
                    expect(predicted).toEqual(kind.load(model).predict(rows));
                }),
            );
        },
    );

    it("has splits that gain at least as much as ml-cart's own on the same rows", () => {
        fc.assert(
            fc.property(finiteTables(3), (plain) => {
                expectNoBetterSplit(plain, rootOf(grow(makeTable(plain, classesOf(plain.y)))), "classification");
                expectNoBetterSplit(plain, rootOf(grow(makeTable(plain, 0))), "regression");
            }),
        );
    });
});

/** Excludes data that ml-cart cannot train on. */
function finiteTables(labels: number): fc.Arbitrary<PlainTable> {
    return plainTables({ labels }).map(({ columns, y }) => ({
        columns: columns.map((column) =>
            column.map((value) => (Number.isNaN(value) || Math.abs(value) > 1e300 ? 0 : value)),
        ),
        y,
    }));
}

/** Traverses the tree and lets ml-cart train a stump on the rows of each node. */
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
    // Training fails if all rows have the same label, but then there is no split to compare with.
    if (new Set(rows.map((row) => y[row])).size === 1) {
        return undefined;
    }
    tree.train(
        rows.map((row) => columns.map((column) => column[row] as number)),
        rows.map((row) => y[row] as number),
    );
    return (JSON.parse(JSON.stringify(tree)) as { root: TreeNode }).root;
}

function classesOf(y: readonly number[]): number {
    return Math.max(...y) + 1;
}
