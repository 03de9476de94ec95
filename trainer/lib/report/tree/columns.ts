import { type Feature, listParts, type TextFeature } from "../../model";

/** A column in the trees. It contains a feature, or one part of a feature. */
export interface TreeColumn {
    /** Index of the feature. */
    index: number;
    feature: Feature;
    name: string;
    part: number;
    /** For text, its categories in the order of their codes in this column, and these codes. */
    categories: readonly string[];
    codes: readonly number[];
}

/** The trees' columns, indexed by the column numbers in splits. */
export function treeColumns(features: readonly Feature[]): TreeColumn[] {
    return listParts(features).map(({ feature: index, part }) => {
        const feature = features[index] as Feature;
        const isTime = feature.kind === "date" && feature.parts[part] === "time";
        const name = feature.kind === "date" && !isTime ? `${feature.name}, ${feature.parts[part]}` : feature.name;
        return { index, feature, name, part, ...(feature.kind === "text" ? sort(feature, part) : NO_CODES) };
    });
}

const NO_CODES = { categories: [], codes: [] };

function sort({ categories, codes }: TextFeature, part: number): Pick<TreeColumn, "categories" | "codes"> {
    const list = codes[part] as number[];
    const order = [...categories.keys()].sort((a, b) => (list[a] as number) - (list[b] as number));
    return {
        categories: order.map((index) => categories[index] as string),
        codes: order.map((index) => list[index] as number),
    };
}
