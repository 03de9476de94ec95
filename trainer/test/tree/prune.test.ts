import fc from "fast-check";
import type { TreeNode } from "../../lib/model";
import { findLeaf } from "../../lib/tree/flat-tree";
import { growWithImpurities } from "../../lib/tree/grow";
import { pruneTree, scorePrunings } from "../../lib/tree/prune";
import type { FitTable } from "../../lib/tree/types";
import { count } from "../tables";
import { allRows, fitOne, forestTask, makeDataset } from "./fitting";
import { rootOf } from "./growing";
import { gini, squaredError } from "./naive";
import { makeTable, plainTables, UNLIMITED } from "./tables";

const TASKS = ["classification", "regression"] as const;
const COMPLEXITIES = [0.0007, 0.011, 0.13, 0.3];

function growAll(table: FitTable) {
    const weights = new Uint8Array(table.target.y.length).fill(1);
    return growWithImpurities(table, { growth: UNLIMITED, weights, weighted: false, withImpurities: true });
}

/** Cost and size of a node's best pruning, found by comparing both possibilities at each node. */
function prune({ columns, target }: FitTable, node: TreeNode, rows: number[], penalty: number): [number, TreeNode] {
    const y = [...target.y];
    const impurity = target.task === "regression" ? squaredError(rows, y) : rows.length * gini(rows, y);
    const { left, right, splitColumn = 0, splitValue = 0 } = node;
    const asLeaf: [number, TreeNode] = [impurity + penalty, { numberSamples: rows.length }];
    if (left === undefined || right === undefined) {
        return asLeaf;
    }
    const goesLeft = (row: number) => ((columns[splitColumn] as Float64Array)[row] as number) < splitValue;
    const [leftCost, leftNode] = prune({ columns, target } as FitTable, left, rows.filter(goesLeft), penalty);
    const [rightCost, rightNode] = prune(
        { columns, target } as FitTable,
        right,
        rows.filter((row) => !goesLeft(row)),
        penalty,
    );
    const cost = leftCost + rightCost;
    return asLeaf[0] <= cost + 1e-9 ? asLeaf : [cost, { ...node, left: leftNode, right: rightNode }];
}

/** The splits in a tree, without the values of its leaves. */
function shapeOf({ left, right, distribution: _, gain: __, ...rest }: TreeNode): unknown {
    return left === undefined || right === undefined ? rest : { ...rest, left: shapeOf(left), right: shapeOf(right) };
}

describe("pruneTree", () => {
    it.each(TASKS)("returns the subtree with the lowest sum of impurity and penalty: %s", (task) => {
        fc.assert(
            fc.property(plainTables({ labels: 3 }), fc.constantFrom(...COMPLEXITIES), (plain, complexity) => {
                const table = makeTable(plain, task === "classification" ? 3 : 0);
                const { tree, impurities } = growAll(table);
                const rows = [...plain.y.keys()];
                const penalty = complexity * impurities.root;
                const [, expected] = prune(table, rootOf(tree), rows, penalty);
                expect(shapeOf(rootOf(pruneTree(tree, impurities, complexity)))).toEqual(shapeOf(expected));
            }),
        );
    });

    it.each(TASKS)("gives a new leaf the shares or the mean of its rows: %s", (task) => {
        const table = makeTable(
            { columns: [[1, 2, 3, 4, 5, 6]], y: [0, 1, 0, 1, 1, 1] },
            task === "classification" ? 2 : 0,
        );
        const { tree, impurities } = growAll(table);
        const leaves = (complexity: number) => {
            const { left, right } = rootOf(pruneTree(tree, impurities, complexity));
            return [left?.distribution, right?.distribution];
        };
        const share = expect.closeTo(2 / 3, 12);
        const rest = expect.closeTo(1 / 3, 12);
        expect(leaves(0.3)).toEqual(task === "classification" ? [[[share, rest]], [[0, 1]]] : [rest, 1]);
    });

    it("recomputes the importances, the depth and the number of leaves", async () => {
        const dataset = makeDataset(200, "classification");
        const growth = { ...UNLIMITED, complexity: 0.1 };
        const { trees, importances, depth, leaves } = await fitOne(
            dataset,
            forestTask(dataset, { algorithm: "tree", growth }),
        );
        expect([depth, leaves]).toEqual([2, 4]);
        expect(importances.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
        expect([...importances].filter((value) => value > 0)).toHaveLength(2);
        expect(trees).toHaveLength(1);
    });
});

describe("scorePrunings", () => {
    it.each(TASKS)("returns the loss of each pruned tree on other rows: %s", (task) => {
        const dataset = makeDataset(300, task);
        const table = makeTable(
            { columns: dataset.columns.map((column) => [...(column as Float64Array)]), y: [...dataset.target.y] },
            task === "classification" ? 3 : 0,
        );
        const weights = Uint8Array.from(count(300), (row) => (row % 3 === 0 ? 0 : 1));
        const request = { growth: UNLIMITED, weights, weighted: false, withImpurities: true };
        const { tree, impurities } = growWithImpurities(table, request);
        const rows = allRows(dataset).filter((row) => row % 3 === 0);
        const losses = scorePrunings(tree, impurities, table, rows, [0, ...COMPLEXITIES]);
        const expected = [0, ...COMPLEXITIES].map((complexity) => {
            const pruned = pruneTree(tree, impurities, complexity);
            const lossOf = (row: number) => {
                const leaf = findLeaf(pruned, table.columns, row);
                const actual = table.target.y[row] as number;
                if (task === "regression") {
                    return (actual - (pruned.values[leaf] as number)) ** 2;
                }
                const [start, end] = [0, 1].map((more) => pruned.leafStarts[(pruned.links[leaf] as number) + more]);
                const shares = [0, 0, 0];
                for (let index = start as number; index < (end as number); index++) {
                    shares[pruned.leafClasses[index] as number] = pruned.leafShares[index] as number;
                }
                return shares.reduce((sum, share, label) => sum + (share - (label === actual ? 1 : 0)) ** 2, 0);
            };
            return [...rows].reduce((sum, row) => sum + lossOf(row), 0);
        });
        expect(losses).toHaveLength(5);
        expect([...losses]).toEqual(expected.map((loss) => expect.closeTo(loss, 9)));
        expect(new Set(losses).size).toBeGreaterThan(1);
    });
});
