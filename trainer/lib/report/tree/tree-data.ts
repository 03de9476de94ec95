import type { DatePart, Model } from "../../model";
import { clip } from "../html";
import type { TreeColumn } from "./columns";
import type { NodeView, TreeView } from "./read-tree";

/** The tree for `page-script.ts`: one entry for each node, depth first, left before right. */
export interface TreeData {
    columns: Readonly<Record<number, ColumnData>>;
    /** Names of the classes; undefined for a regression. */
    classes: readonly string[] | undefined;
    /** Column that the question is about; -1 for a leaf, -2 for a split that is not in the report. */
    column: number[];
    /** Values below this go left; for text, they are codes. 0 for leaves. */
    threshold: number[];
    /** Index of the right child; the left child is the next node. */
    right: number[];
    /** Number of training rows that reached the node; -1 if it is unknown. */
    rows: number[];
    /** For a leaf, alternating indices and shares of the most common classes, or the mean; for a split, 0. */
    answer: (number | number[])[];
}

/** A column that the tree uses. */
export interface ColumnData {
    name: string;
    kind: "number" | "date" | "text";
    /** Index of the feature, which has a field in the form. */
    field: number;
    part: DatePart | undefined;
    /** For text, the codes for the categories, and the code for all other strings. */
    codes: Readonly<Record<string, number>>;
    other: number;
}

/** Flattens the report's nodes into lists. */
export function treeData({ root, columns: ofTree }: TreeView, model: Model): TreeData {
    const columns: Record<number, TreeData["columns"][number]> = {};
    const classes = model.task === "classification" ? model.classes.map((label) => clip(label)) : undefined;
    const data: TreeData = { columns, classes, column: [], threshold: [], right: [], rows: [], answer: [] };
    const add = (node: NodeView): void => {
        const { index, split } = node;
        data.rows[index] = node.rows ?? -1;
        data.right[index] = 0;
        data.threshold[index] = 0;
        if (split === undefined) {
            data.column[index] = node.leaves === 1 ? -1 : -2;
            data.answer[index] = flatAnswer(node);
            return;
        }
        const { column } = split.question;
        columns[column] ??= columnData(ofTree[column] as TreeColumn);
        data.column[index] = column;
        data.threshold[index] = split.threshold;
        data.answer[index] = 0;
        data.right[index] = split.no.index;
        add(split.yes);
        add(split.no);
    };
    add(root);
    return data;
}

function columnData({ index, feature, name, part, categories, codes }: TreeColumn): ColumnData {
    return {
        name: clip(name),
        kind: feature.kind,
        field: index,
        part: feature.kind === "date" ? feature.parts[part] : undefined,
        codes: Object.fromEntries(categories.map((category, at) => [category, codes[at] as number])),
        other: feature.kind === "text" ? (feature.other[part] as number) : 0,
    };
}

function flatAnswer({ answer }: NodeView): number | number[] {
    if (answer === undefined) {
        return [];
    }
    return "mean" in answer ? answer.mean : answer.classes.flatMap(({ label, share }) => [label, round(share)]);
}

function round(share: number): number {
    return Number(share.toFixed(4));
}
