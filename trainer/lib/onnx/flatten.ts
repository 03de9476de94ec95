import { type CompactTree, LEAF } from "../model";

/**
 * Trees in the form that ONNX's operators expect: parallel lists with an entry for each node, or for each weight of a
 * leaf. A row below the threshold goes to the true node, which is ml-cart's left child, and any other row to the false
 * node.
 */
export function flatten(trees: readonly CompactTree[]) {
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
