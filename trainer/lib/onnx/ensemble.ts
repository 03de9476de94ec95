import { compactTrees, type Model } from "../model";
import { flatten } from "./flatten";
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
