import type { Feature, Model, TreeNode } from "../../lib/model";
import { openFitPool, toCartModel } from "../../lib/tree";
import { modelOf } from "../model/models";
import type { Row } from "../model/predict";
import { shareLabels, shareNumbers, UNLIMITED } from "../tree/tables";
import type { Data } from "./data";
import type { Case } from "./onnxruntime";

/** Fits a tree or a forest with the trainer, splitting nodes as far as possible. */
export async function fitModel({ features, rows, y }: Data, trees = 1): Promise<Model> {
    const classes = typeof y[0] === "string" ? [...new Set(y as string[])].sort() : undefined;
    const target =
        classes === undefined
            ? ({ task: "regression", y: shareNumbers(y as number[]) } as const)
            : ({
                  task: "classification",
                  y: shareLabels(y.map((it) => classes.indexOf(it as string))),
                  classes,
              } as const);
    const columns = features.map((feature) => shareNumbers(rows.map((row) => encode(feature, row))));
    const pool = openFitPool({ columns, target }, { file: "", inThreadMs: Number.POSITIVE_INFINITY });
    const result = await pool.fit({
        algorithm: trees === 1 ? "tree" : "forest",
        growth: UNLIMITED,
        forest: { trees, maxFeatures: 2, seed: 42 },
        rows: Uint32Array.from(rows.keys()),
        keepTrees: true,
    });
    await pool.close();
    const roots = result.trees.map((tree) => toCartModel(tree, UNLIMITED).root);
    return modelOf(features, classes, roots);
}

function encode(feature: Feature, row: Row): number {
    const cell = row[feature.name];
    return feature.kind === "text" ? feature.categories.indexOf(cell as string) : ((cell ?? Number.NaN) as number);
}

/** A case with a model for a dataset, the dataset's rows, and rows near the model's thresholds. */
export async function fittedCase(data: Data, trees = 1): Promise<Case> {
    const model = await fitModel(data, trees);
    return { model, rows: [...data.rows, ...rowsAtThresholds(model, data.rows, 100)] };
}

/** Rows at the thresholds of a model, just above and below them, and at the thresholds rounded to 32 bits. */
function rowsAtThresholds({ features, trees }: Model, rows: readonly Row[], count: number): Row[] {
    const splits = [...trees].flatMap(({ root }) => splitsOf(root));
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

/** The next larger or smaller 64-bit number. */
function next(value: number, direction: 1 | -1): number {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    const away = value > 0 === direction > 0;
    view.setBigInt64(0, view.getBigInt64(0) + (away ? 1n : -1n));
    const result = view.getFloat64(0);
    return Number.isFinite(result) ? result : value;
}
