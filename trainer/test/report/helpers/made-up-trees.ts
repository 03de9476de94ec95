import type { Feature, TreeNode } from "../../../lib/model";
import { randomNumbers } from "./grow";

/** Creates `count` numeric features. */
export function numbers(count: number): Feature[] {
    return Array.from({ length: count }, (_, place) => ({
        name: `feature ${place + 1}`,
        kind: "number",
        missing: false,
    }));
}

/** Creates `count` class names. */
export function labels(count: number): string[] {
    return Array.from({ length: count }, (_, place) => `class ${place + 1}`);
}

/** Grows an uneven tree with a given number of leaves, whose splits use all features in turn. */
export function uneven(leaves: number, features: readonly Feature[], classes: number): TreeNode {
    const random = randomNumbers(23);
    const node = (below: number, rows: number): TreeNode => {
        if (below === 1) {
            const place = Math.floor(random() * classes);
            const shares: number[] = Array.from({ length: place + 1 }, (_, index) => (index === place ? 0.75 : 0));
            shares[0] = (shares[0] as number) + 0.25;
            return { numberSamples: rows, distribution: classes === 0 ? random() * 100 : [shares] };
        }
        const left = Math.max(1, Math.min(below - 1, Math.round(below * (0.3 + 0.4 * random()))));
        const leftRows = Math.round((rows * left) / below);
        const splitColumn = Math.floor(random() * features.length);
        const feature = features[splitColumn] as Feature;
        const splitValue =
            feature.kind === "text"
                ? Math.max(0.5, Math.floor(random() * (feature.categories.length - 1)) + 0.5)
                : random() * 100;
        return {
            splitColumn,
            splitValue,
            gain: random(),
            numberSamples: rows,
            left: node(left, leftRows),
            right: node(below - left, rows - leftRows),
        };
    };
    return node(leaves, leaves * 12);
}

/** Grows a regression tree of a given depth in which at least one child of every split is a leaf. */
export function chain(levels: number, features: readonly Feature[]): TreeNode {
    let root: TreeNode = { numberSamples: 5, distribution: levels };
    for (let level = 0; level < levels; level++) {
        const leaf: TreeNode = { numberSamples: 5, distribution: level };
        const numberSamples = (root.numberSamples as number) + 5;
        const [left, right] = level % 2 === 0 ? [leaf, root] : [root, leaf];
        root = { splitColumn: level % features.length, splitValue: level + 0.5, gain: 1, numberSamples, left, right };
    }
    return root;
}
