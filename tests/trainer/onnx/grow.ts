import type { Feature, Model, Row, TreeNode } from "../../../trainer/src/model-format";
import { modelOf } from "../model-format/models";

/** Rows with a column to predict; text is a class. */
export interface Data {
    features: Feature[];
    rows: Row[];
    y: (number | string)[];
}

/** Draws integers from 0 to `count` - 1, the same ones for the same seed: Knuth's linear congruential generator. */
export function makeDraw(seed: number): (count: number) => number {
    let state = seed;
    return (count) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * count);
    };
}

/**
 * A model of trees that split at random, but between values that occur, down to leaves of a few rows: what counts here is
 * not that they are good, but that both sides predict the same.
 */
export function grow({ features, rows, y }: Data, trees: number, seed: number, maxDepth = 8): Model {
    const classes = typeof y[0] === "string" ? [...new Set(y as string[])].sort() : undefined;
    const x = rows.map((row) => features.map((feature) => encode(feature, row)));
    const draw = makeDraw(seed);
    const all = x.map((_, row) => row);
    const roots = Array.from({ length: trees }, () => {
        const sample = trees === 1 ? all : all.map(() => draw(all.length));
        return growNode(sample, maxDepth);
    });
    return modelOf(features, classes, roots);

    function growNode(sample: number[], depth: number): TreeNode {
        const column = draw(features.length);
        const [one, other] = [pick(sample), pick(sample)].map((row) => x[row]?.[column] as number) as [number, number];
        // With a missing value: "has a number" against "is missing".
        const splitValue = Number.isNaN(one + other) ? Number.MAX_VALUE : (one + other) / 2;
        const left = sample.filter((row) => (x[row]?.[column] as number) < splitValue);
        if (depth === 0 || sample.length < 4 || left.length === 0 || left.length === sample.length) {
            return { distribution: classes === undefined ? mean(sample) : [shares(sample, classes)] };
        }
        const right = sample.filter((row) => !((x[row]?.[column] as number) < splitValue));
        return { splitColumn: column, splitValue, left: growNode(left, depth - 1), right: growNode(right, depth - 1) };
    }

    function pick(sample: number[]): number {
        return sample[draw(sample.length)] as number;
    }

    function mean(sample: number[]): number {
        return sample.reduce((sum, row) => sum + (y[row] as number), 0) / sample.length;
    }

    /** As the trainer's: multiples of 2^-32, and cut after the last class that occurs. */
    function shares(sample: number[], classes: string[]): number[] {
        const counts = classes.map((label) => sample.filter((row) => y[row] === label).length);
        const end = classes.length - [...counts].reverse().findIndex((count) => count > 0);
        return counts.slice(0, end).map((count) => Math.round((count / sample.length) * 2 ** 32) / 2 ** 32);
    }
}

function encode(feature: Feature, row: Row): number {
    const cell = row[feature.name];
    return feature.kind === "text" ? feature.categories.indexOf(cell as string) : ((cell ?? Number.NaN) as number);
}

/** Rows that are at the thresholds of a model, just above, just below, and at what 32 bits make of them. */
export function rowsAtThresholds({ features, trees }: Model, rows: readonly Row[], count: number): Row[] {
    const splits = trees.flatMap(({ root }) => splitsOf(root));
    return splits
        .filter(({ splitColumn }) => features[splitColumn as number]?.kind === "number")
        .slice(0, count)
        .flatMap(({ splitColumn, splitValue }, place) => {
            const { name } = features[splitColumn as number] as Feature;
            const value = splitValue as number;
            const base = rows[place % rows.length] as Row;
            const near = [value, next(value, 1), next(value, -1), Math.min(Math.fround(value), Number.MAX_VALUE)];
            return near.map((it) => ({ ...base, [name]: it }));
        });
}

function splitsOf(node: TreeNode): TreeNode[] {
    return node.left === undefined || node.right === undefined
        ? []
        : [node, ...splitsOf(node.left), ...splitsOf(node.right)];
}

/** The number after or before one, in 64 bits. */
export function next(value: number, direction: 1 | -1): number {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    const away = value > 0 === direction > 0;
    view.setBigInt64(0, view.getBigInt64(0) + (away ? 1n : -1n));
    const result = view.getFloat64(0);
    return Number.isFinite(result) ? result : value;
}
