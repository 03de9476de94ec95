import type { Feature, Model, TreeNode } from "../../lib/model";
import { type Answer, type NodeView, readTree } from "../../lib/report/tree/read-tree";
import { textFeature } from "../model/models";
import { iris, madeUp } from "./helpers/data";
import { grow } from "./helpers/grow";
import { modelOf } from "./helpers/inputs";
import { uneven } from "./helpers/made-up-trees";

const numbers: Feature[] = Array.from({ length: 6 }, (_, place) => ({
    name: `x${place}`,
    kind: "number",
    missing: false,
}));
const COLOURS = textFeature("colour", ["", "amber", "blue", "gold", "green", "red"]);

const read = (model: Model) => readTree(model, () => "");

function allOf(view: NodeView): NodeView[] {
    return view.split === undefined ? [view] : [view, ...allOf(view.split.yes), ...allOf(view.split.no)];
}

const leaf = (mean: number, numberSamples = 10): TreeNode => ({ distribution: mean, numberSamples });

function split(splitValue: number, left: TreeNode, right: TreeNode, splitColumn = 0): TreeNode {
    const rows = (left.numberSamples ?? 0) + (right.numberSamples ?? 0);
    return { splitColumn, splitValue, left, right, numberSamples: rows };
}

describe("the tree in the report", () => {
    it("contains all of a small tree, numbered depth first, with rows and leaves", () => {
        const data = iris();
        const root = grow({ columns: data.columns, y: data.y, classes: 3 }, 64, 3);
        const { root: view, splits } = read(modelOf(data, [root]));
        const views = allOf(view);
        expect(views.map(({ index }) => index)).toEqual([...views.keys()]);
        expect(views).toHaveLength(2 * splits + 1);
        expect(view.leaves).toBe(splits + 1);
        expect(views.filter((node) => node.split === undefined).reduce((sum, node) => sum + node.rows, 0)).toBe(150);
    });

    it("shows the composition of each node's training rows", () => {
        const data = iris();
        const root = grow({ columns: data.columns, y: data.y, classes: 3 }, 64, 3);
        const { root: view } = read(modelOf(data, [root]));
        const check = (node: NodeView, source: TreeNode, rows: number[]): void => {
            const counts = [0, 1, 2].map((label) => rows.filter((row) => data.y[row] === label).length);
            const shares = [0, 1, 2]
                .map((label) => ({ label, share: (counts[label] as number) / rows.length }))
                .filter(({ share }) => share > 0)
                .sort((a, b) => b.share - a.share);
            expect(node.rows).toBe(rows.length);
            const answer = node.answer as Extract<Answer, { classes: unknown }>;
            expect(answer.classes.map(({ label }) => label)).toEqual(shares.map(({ label }) => label));
            answer.classes.forEach(({ share }, index) => {
                expect(share).toBeCloseTo(shares[index]?.share ?? -1, 9);
            });
            if (node.split !== undefined && source.left && source.right) {
                const { splitColumn = 0, splitValue = 0 } = source;
                const goesLeft = (row: number) => (data.columns[splitColumn]?.[row] as number) < splitValue;
                check(node.split.yes, source.left, rows.filter(goesLeft));
                check(
                    node.split.no,
                    source.right,
                    rows.filter((row) => !goesLeft(row)),
                );
            }
        };
        check(view, root, [...data.y.keys()]);
    });

    it("shows the mean of the rows below each node in a regression", () => {
        const root = split(1, leaf(10, 30), split(2, leaf(20, 10), leaf(60, 10)));
        const { root: view } = read(modelOf(madeUp(numbers, undefined, 50), [root]));
        expect(view.answer).toEqual({ mean: (30 * 10 + 10 * 20 + 10 * 60) / 50 });
    });

    it("shows only the top of a huge tree: the splits with the most rows, each after its parent", () => {
        const root = uneven(60_000, numbers, 0);
        const { root: view, splits } = read(modelOf(madeUp(numbers, undefined, 720_000), [root]));
        const views = allOf(view);
        expect(views).toHaveLength(2 * splits + 1);
        const ranked = views.flatMap((node) =>
            node.split === undefined ? [] : [{ rank: node.split.rank, rows: node.rows }],
        );
        expect(ranked.map(({ rank }) => rank).sort((a, b) => a - b)).toEqual([...Array(splits).keys()]);
        const byRank = ranked.sort((a, b) => a.rank - b.rank).map(({ rows }) => rows);
        expect(byRank).toEqual([...byRank].sort((a, b) => b - a));
        const cut = views.filter((node) => node.split === undefined && node.leaves > 1);
        expect(cut.length).toBeGreaterThan(0);
        expect(views.filter((node) => node.split === undefined).reduce((sum, { leaves }) => sum + leaves, 0)).toBe(
            60_000,
        );
        for (const node of views) {
            expect(
                node.split === undefined ||
                    node.split.rank <
                        Math.min(node.split.yes.split?.rank ?? splits, node.split.no.split?.rank ?? splits),
            ).toBe(true);
        }
    });
});

describe("a question", () => {
    const ask = (root: TreeNode, features: Feature[]) => {
        const { root: view } = read(modelOf(madeUp(features, undefined, 20), [root]));
        return allOf(view).flatMap(({ split: found }) => {
            if (found === undefined) {
                return [];
            }
            const plain = (text: { toString(): string }) => text.toString().replaceAll(/<\/?(bdi|i|span)[^>]*>/g, "");
            const { question, yes, no } = found.texts;
            return [[plain(question), plain(yes), plain(no)]];
        });
    };

    it("about a numeric column names the threshold and the branch of missing values", () => {
        const features: Feature[] = [{ name: "age", kind: "number", missing: true }];
        expect(ask(split(41.5, leaf(1), split(Number.MAX_VALUE, leaf(2), leaf(3))), features)).toEqual([
            ["age &lt;&nbsp;41.5", "yes", "no, or no value"],
            ["age has a value", "yes", "no"],
        ]);
        const turned = { ...split(41.5, leaf(1), leaf(2)), missingLeft: true as const };
        expect(ask(turned, features)).toEqual([["age &lt;&nbsp;41.5", "yes, or no value", "no"]]);
        expect(ask(split(41.5, leaf(1), leaf(2)), numbers)).toEqual([["x0 &lt;&nbsp;41.5", "yes", "no"]]);
    });

    it("about a text column lists the categories that can still occur, not their indices", () => {
        const root = split(4.5, split(1.5, leaf(1), split(2.5, leaf(2), leaf(3))), leaf(4));
        expect(ask(root, [COLOURS])).toEqual([
            ["colour is (empty), amber or 3 other values", "yes", "no: red"],
            ["colour is (empty) or amber", "yes", "no: blue, gold or green"],
            ["colour is blue", "yes", "no: gold or green"],
        ]);
    });
});

describe("the nodes that are drawn", () => {
    it("keep the numbers that they have in the whole tree", () => {
        const root = uneven(3000, numbers, 0);
        const { root: view } = read(modelOf(madeUp(numbers, undefined, 36_000), [root]));
        const all: TreeNode[] = [];
        const add = (node: TreeNode): void => {
            all.push(node);
            if (node.left && node.right) {
                add(node.left);
                add(node.right);
            }
        };
        add(root);
        for (const { index, rows } of allOf(view)) {
            expect(rows).toBe(all[index]?.numberSamples);
        }
    });
});
