import fc from "fast-check";
import { DATE_PARTS, type Feature, type TreeNode } from "../../lib/model";
import { leaf, modelOf, split, textFeature } from "../model/models";
import type { Row } from "../model/predict";
import type { Case } from "./onnxruntime";

const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -3, max: 3 }).map((value) => value / 2),
);

/** A date in the years 0 to 9999, as a number. */
const date = fc.integer({ min: -62_167_219_200, max: 253_402_300_799 });

/** A share as written by the trainer. */
const share = fc.oneof(
    fc.constantFrom(0, 0.25, 0.5, 1),
    fc.nat(2 ** 31).map((value) => value / 2 ** 32),
);

function feature(name: string): fc.Arbitrary<Feature> {
    const kinds = [
        fc.boolean().map((missing): Feature => ({ name, kind: "number", missing })),
        fc.uniqueArray(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 5 }).map((categories): Feature => {
            const trimmed = [...new Set(categories.map((it) => it.trim()))].sort();
            return textFeature(name, trimmed);
        }),
        fc
            .subarray([...DATE_PARTS], { minLength: 1, maxLength: 1 })
            .map((parts): Feature => ({ name, kind: "date", missing: true, order: "ymd", parts })),
    ];
    return fc.oneof(...kinds);
}

/** A split threshold. For text, it is usually between two indices. */
function threshold(feature: Feature): fc.Arbitrary<number> {
    if (feature.kind === "date") {
        return feature.parts[0] === "time" ? date : fc.integer({ min: 0, max: 31 });
    }
    return feature.kind === "number" ? number : fc.integer({ min: 0, max: 4 }).map((place) => place + 0.5);
}

function tree(features: Feature[], leaves: fc.Arbitrary<TreeNode>): fc.Arbitrary<TreeNode> {
    const column = fc.nat(features.length - 1);
    const value = column.chain((place) => fc.tuple(fc.constant(place), threshold(features[place] as Feature)));
    return fc.letrec<{ node: TreeNode }>((tie) => ({
        node: fc.oneof(
            { maxDepth: 6, withCrossShrink: true },
            leaves,
            fc.tuple(value, tie("node"), tie("node"), fc.boolean()).map(([[place, at], left, right, missingLeft]) => ({
                ...split(place, at, left, right),
                ...(missingLeft ? { missingLeft: true as const } : {}),
            })),
        ),
    })).node;
}

/** A value of a column: often a threshold, sometimes a value that did not occur in training. */
function cell(feature: Feature, thresholds: number[]): fc.Arbitrary<string | number | null> {
    if (feature.kind === "text") {
        return fc.oneof(
            { weight: 9, arbitrary: fc.constantFrom(...feature.categories) },
            fc.constant("not one of them"),
        );
    }
    if (feature.kind === "date") {
        return fc.oneof({ weight: 9, arbitrary: date }, fc.constant(null));
    }
    const known = thresholds.length > 0 ? [{ weight: 5, arbitrary: fc.constantFrom(...thresholds) }] : [];
    return fc.oneof(...known, { weight: 5, arbitrary: number }, { weight: 1, arbitrary: fc.constant(null) });
}

function thresholdsOf(node: TreeNode): number[] {
    return node.left === undefined || node.right === undefined
        ? []
        : [node.splitValue as number, ...thresholdsOf(node.left), ...thresholdsOf(node.right)];
}

/** A random classification or regression model, with rows to predict. */
export const randomCase: fc.Arbitrary<Case> = fc
    .record({ columns: fc.integer({ min: 1, max: 4 }), classes: fc.integer({ min: 0, max: 4 }) })
    .chain(({ columns, classes }) =>
        fc.record({
            features: fc.tuple(...Array.from({ length: columns }, (_, place) => feature(`column ${place}`))),
            labels: fc.constant(classes === 0 ? undefined : ["a", "b", "c", "d"].slice(0, classes)),
            leaves: fc.constant(
                classes === 0
                    ? fc.double({ noNaN: true, min: -1e30, max: 1e30 }).map((value) => leaf(value))
                    : fc.array(share, { minLength: 1, maxLength: classes }).map((shares) => leaf(shares)),
            ),
        }),
    )
    .chain(({ features, labels, leaves }) =>
        fc
            .array(tree(features, leaves), { minLength: 1, maxLength: 4 })
            .map((roots) => modelOf(features, labels, roots)),
    )
    .chain((model) => {
        const thresholds = [...model.trees].flatMap(({ root }) => thresholdsOf(root));
        const cells = Object.fromEntries(model.features.map((it) => [it.name, cell(it, thresholds)]));
        const rows: fc.Arbitrary<Row[]> = fc.array(fc.record(cells), { minLength: 1, maxLength: 40 });
        return rows.map((rows) => ({ model, rows }));
    });
