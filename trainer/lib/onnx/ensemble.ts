import { type CompactTree, compactTrees, LEAF, type Model } from "../model";
import { attribute, nodeMessage, tensorMessage, tensorValues } from "./messages";
import type { Message } from "./protobuf";

/** Domain of the operators for classical models. */
const DOMAIN = "ai.onnx.ml";

/**
 * The node that contains a model's trees. A row takes the true branch when its value is less than the threshold, and
 * the false one otherwise. In ml-cart, these are the left and the right branch. NaN takes the false branch, unless the
 * model sends it to the left.
 *
 * For classes, onnxruntime sums the shares in 64 bits and takes the first of the largest sums, as this trainer does.
 * For one or two classes its operator has special rules (where both have weights, it predicts the second whenever its
 * sum is above 0), so it always gets at least three classes. The added classes have no weights and cannot win.
 * https://github.com/microsoft/onnxruntime/blob/v1.20.0/onnxruntime/core/providers/cpu/ml/tree_ensemble_aggregator.h
 * @param outputs for classes, the label and the sums of shares, including padded classes; otherwise the mean of the
 * trees' numbers
 */
export function ensembleNode(model: Model, input: string, outputs: readonly string[]): Message {
    const flat = flatten(compactTrees(model));
    const nodes = [
        attribute.ints("nodes_treeids", flat.treeIds),
        attribute.ints("nodes_nodeids", flat.nodeIds),
        attribute.choices("nodes_modes", ["BRANCH_LT", "LEAF"], flat.isLeaf),
        attribute.ints("nodes_featureids", flat.columns),
        doubles("nodes_values_as_tensor", flat.thresholds),
        ...(flat.missingTrue.includes(1) ? [attribute.ints("nodes_missing_value_tracks_true", flat.missingTrue)] : []),
        attribute.ints("nodes_truenodeids", flat.trueNodeIds),
        attribute.ints("nodes_falsenodeids", flat.falseNodeIds),
        attribute.string("post_transform", "NONE"),
    ];
    const weights = (name: "class" | "target") => [
        attribute.ints(`${name}_treeids`, flat.weightTreeIds),
        attribute.ints(`${name}_nodeids`, flat.weightNodeIds),
        attribute.ints(`${name}_ids`, flat.weightClasses),
        doubles(`${name}_weights_as_tensor`, flat.weights),
    ];
    if (model.task === "classification") {
        const labels = attribute.strings("classlabels_strings", paddedClasses(model.classes));
        return nodeMessage("TreeEnsembleClassifier", [input], outputs, [...nodes, ...weights("class"), labels], DOMAIN);
    }
    const mean = [attribute.string("aggregate_function", "AVERAGE"), attribute.int("n_targets", 1)];
    return nodeMessage("TreeEnsembleRegressor", [input], outputs, [...nodes, ...weights("target"), ...mean], DOMAIN);
}

function doubles(name: string, values: Float64Array): Message {
    return attribute.tensor(name, tensorMessage([values.length], tensorValues.double(values)));
}

/** The classes, padded to three with classes that never occur. */
function paddedClasses(classes: readonly string[]): string[] {
    return [...classes, ...Array.from({ length: Math.max(0, 3 - classes.length) }, () => "")];
}

/**
 * Trees in the form that ONNX's operators expect: parallel lists with an entry for each node, or for each weight of a
 * leaf. A row below the threshold goes to the true node, which is ml-cart's left child, and any other row to the false
 * node.
 */
function flatten(trees: readonly CompactTree[]) {
    const nodeCount = trees.reduce((sum, { columns }) => sum + columns.length, 0);
    const weightCount = trees.reduce((sum, tree) => sum + countWeights(tree), 0);
    const flat = {
        treeIds: new Int32Array(nodeCount),
        /** Number of the node in its tree; the root is 0. */
        nodeIds: new Int32Array(nodeCount),
        /** 1 for a leaf, which has 0 in the next five lists. */
        isLeaf: new Uint8Array(nodeCount),
        columns: new Int32Array(nodeCount),
        thresholds: new Float64Array(nodeCount),
        /** 1 for a split that sends NaN to the true node. */
        missingTrue: new Uint8Array(nodeCount),
        trueNodeIds: new Int32Array(nodeCount),
        falseNodeIds: new Int32Array(nodeCount),
        weightTreeIds: new Int32Array(weightCount),
        weightNodeIds: new Int32Array(weightCount),
        /** Index of the class; 0 for a number. */
        weightClasses: new Int32Array(weightCount),
        weights: new Float64Array(weightCount),
    };
    let [entry, weightEntry] = [0, 0];
    const addWeight = (treeId: number, nodeId: number, label: number, weight: number) => {
        flat.weightTreeIds[weightEntry] = treeId;
        flat.weightNodeIds[weightEntry] = nodeId;
        flat.weightClasses[weightEntry] = label;
        flat.weights[weightEntry++] = weight;
    };
    for (const [treeId, tree] of trees.entries()) {
        const { task, columns, values, links, missingLeft, leafStarts, leafClasses, leafShares } = tree;
        for (let node = 0; node < columns.length; node++, entry++) {
            const [column, value, link] = [columns[node] as number, values[node] as number, links[node] as number];
            flat.treeIds[entry] = treeId;
            flat.nodeIds[entry] = node;
            if (column !== LEAF) {
                flat.columns[entry] = column;
                flat.thresholds[entry] = value;
                flat.missingTrue[entry] = missingLeft[node] as number;
                flat.trueNodeIds[entry] = node + 1;
                flat.falseNodeIds[entry] = link;
                continue;
            }
            flat.isLeaf[entry] = 1;
            if (task === "regression") {
                addWeight(treeId, node, 0, value);
            }
            // There is always a share, because a leaf without any weight would leave onnxruntime without a label.
            for (let share = leafStarts[link] as number; share < (leafStarts[link + 1] as number); share++) {
                addWeight(treeId, node, leafClasses[share] as number, leafShares[share] as number);
            }
        }
    }
    return flat;
}

/** Number of shares, or of leaves in a regression, which have a number each. */
function countWeights({ task, leafShares, leafStarts }: CompactTree): number {
    return task === "classification" ? leafShares.length : leafStarts.length - 1;
}
