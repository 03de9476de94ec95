import { compactTrees, type DatePart, type Feature, LEAF, listParts, type Model, sharesAt } from "../../model";
import { clip } from "../html";
import type { HueOf } from "../hues";

/** The whole model for `page-script.ts`. Nodes are numbered depth first, left before right, tree after tree. */
export interface ModelData {
    fields: readonly FieldData[];
    /** For each column that the trees compare, the index of its field and its number among the field's parts. */
    columns: readonly (readonly [field: number, part: number])[];
    /** Names of the classes and of their hues; undefined for a regression. */
    classes: readonly string[] | undefined;
    hues: readonly string[];
    /**
     * For a split, twice its column, plus 1 if rows without a value go left. For a leaf, -1 minus the index of its
     * answer.
     */
    nodes: number[];
    /** The thresholds of the splits, in the order of the nodes. */
    thresholds: number[];
    /** Alternating indices and shares of classes, or a number. */
    answers: number[][];
}

/** A feature, which has a field in the form. */
export interface FieldData {
    name: string;
    kind: Feature["kind"];
    parts: readonly DatePart[];
    /** For text, the categories, and for each part the codes for them and for all other strings. */
    categories: readonly string[];
    codes: readonly (readonly number[])[];
    other: readonly number[];
}

/** Maximum size of the model in the report, in characters. */
const MAX_SIZE = 2_500_000;

/** Collects the model for the script; undefined if it is too large for a page. */
export function modelData(model: Model, hueOf: HueOf): ModelData | undefined {
    const classes = model.task === "classification" ? model.classes : undefined;
    const fields = model.features.map(describeField);
    const data: ModelData = {
        fields,
        columns: listParts(model.features).map(({ feature, part }) => [feature, part]),
        classes: classes?.map((label) => clip(label)),
        hues: classes?.map((_, label) => hueOf(label)) ?? [],
        nodes: [],
        thresholds: [],
        answers: [],
    };
    const answers = new Map<string, number>();
    let size = JSON.stringify([data.fields, data.classes, data.hues]).length;
    for (const tree of compactTrees(model)) {
        for (const [node, column] of tree.columns.entries()) {
            const value = tree.values[node] as number;
            size += 5;
            if (column !== LEAF) {
                size += String(value).length;
                data.nodes.push(2 * column + (tree.missingLeft[node] as number));
                data.thresholds.push(value);
            } else {
                const answer = classes === undefined ? [value] : sharesAt(tree, node).flat();
                const key = answer.join();
                const known = answers.get(key) ?? answers.size;
                if (known === answers.size) {
                    answers.set(key, known);
                    data.answers.push(answer);
                    size += key.length;
                }
                data.nodes.push(-1 - known);
            }
            if (size > MAX_SIZE) {
                return undefined;
            }
        }
    }
    return data;
}

function describeField(feature: Feature): FieldData {
    const { name, kind } = feature;
    const texts = kind === "text" ? feature : { categories: [], codes: [], other: [] };
    const { categories, codes, other } = texts;
    return { name: clip(name), kind, parts: kind === "date" ? feature.parts : [], categories, codes, other };
}
