import type { Model, TextFeature } from "../../model";
import { clip } from "../html";
import type { NodeView, TreeView } from "./read-tree";

/** The tree for `page-script.ts`: one entry for each node, depth first, left before right. */
export interface TreeData {
    columns: Readonly<Record<number, { name: string; kind: "number" | "text"; missing: boolean }>>;
    /** Names of the classes; undefined for a regression. */
    classes: readonly string[] | undefined;
    /** Column of the question; -1 for a leaf, -2 for a split that is not in the report. */
    column: number[];
    /** Values below this go left. It is a number or, for text, the first category that goes right; 0 for leaves. */
    threshold: (number | string)[];
    /** Index of the right child; the left child is the next node. */
    right: number[];
    /** -1 if the number is unknown. */
    rows: number[];
    /** For a leaf, alternating indices and shares of the most common classes, or the mean; for a split, 0. */
    answer: (number | number[])[];
}

/** Flattens the nodes of the report into lists. */
export function treeData({ root }: TreeView, model: Model): TreeData {
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
        const feature = model.features[column];
        columns[column] ??= {
            name: clip(feature?.name ?? ""),
            kind: feature?.kind ?? "number",
            missing: feature?.kind === "number" && feature.missing,
        };
        data.column[index] = column;
        data.threshold[index] = thresholdOf(split.question, feature as TextFeature);
        data.answer[index] = 0;
        data.right[index] = split.no.index;
        add(split.yes);
        add(split.no);
    };
    add(root);
    return data;
}

function thresholdOf(question: NonNullable<NodeView["split"]>["question"], feature: TextFeature): number | string {
    switch (question.kind) {
        case "below":
            return question.threshold;
        case "given":
            return Number.MAX_VALUE;
        case "one of":
            return feature.categories[question.middle] ?? "";
    }
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
