import { isSplit, sharesOf, type TreeNode, type Trees } from "../model";

/**
 * Trees in the form that ONNX's operators expect: parallel lists with an entry for each node, or for each weight of a
 * leaf.
 */
export interface FlatTrees {
    treeIds: Int32Array;
    /** Number of the node in its tree; the root is 0. */
    nodeIds: Int32Array;
    /** 1 for a leaf, which has 0 in the next five lists. */
    isLeaf: Uint8Array;
    columns: Int32Array;
    thresholds: Float64Array;
    /** 1 for a split that sends NaN to the true node. */
    missingTrue: Uint8Array;
    trueNodeIds: Int32Array;
    falseNodeIds: Int32Array;
    weightTreeIds: Int32Array;
    weightNodeIds: Int32Array;
    /** Index of the class; 0 for a number. */
    weightClasses: Int32Array;
    weights: Float64Array;
}

/**
 * Flattens trees. A row below the threshold goes to the true node, which is ml-cart's left child, and any other row to
 * the false node.
 */
export function flatten(trees: Trees): FlatTrees {
    let nodeCount = 0;
    let weightCount = 0;
    for (const { root } of trees) {
        const { nodes } = walk(root);
        nodeCount += nodes.length;
        for (const node of nodes) {
            forEachWeight(node, () => weightCount++);
        }
    }
    const flat = allocate(nodeCount, weightCount);
    let entry = 0;
    let weightEntry = 0;
    let treeId = 0;
    for (const { root } of trees) {
        const { nodes, rightIds } = walk(root);
        nodes.forEach((node, nodeId) => {
            flat.treeIds[entry] = treeId;
            flat.nodeIds[entry] = nodeId;
            if (isSplit(node)) {
                flat.columns[entry] = node.splitColumn as number;
                flat.thresholds[entry] = node.splitValue as number;
                flat.missingTrue[entry] = node.missingLeft === true ? 1 : 0;
                flat.trueNodeIds[entry] = nodeId + 1;
                flat.falseNodeIds[entry] = rightIds[nodeId] as number;
            } else {
                flat.isLeaf[entry] = 1;
            }
            forEachWeight(node, (label, weight) => {
                flat.weightTreeIds[weightEntry] = treeId;
                flat.weightNodeIds[weightEntry] = nodeId;
                flat.weightClasses[weightEntry] = label;
                flat.weights[weightEntry] = weight;
                weightEntry++;
            });
            entry++;
        });
        treeId++;
    }
    return flat;
}

/** Visits the number of a leaf, or its nonzero shares with the indices of their classes. Other nodes have neither. */
function forEachWeight(node: TreeNode, use: (label: number, weight: number) => void): void {
    if (!isSplit(node)) {
        // There is always a share, because a leaf without any weight would leave onnxruntime without a label.
        for (const [label, share] of sharesOf(node)) {
            use(label, share);
        }
    }
}

/**
 * All nodes in a tree: each left child directly follows its parent, and `rightIds` has the indices of the right
 * children.
 */
function walk(root: TreeNode): { nodes: TreeNode[]; rightIds: number[] } {
    const nodes: TreeNode[] = [];
    const rightIds: number[] = [];
    const waiting: number[] = [];
    for (let node: TreeNode | undefined = root; node !== undefined; ) {
        const id = nodes.push(node) - 1;
        rightIds.push(0);
        if (isSplit(node)) {
            waiting.push(id);
            node = node.left;
            continue;
        }
        const parent = waiting.pop();
        if (parent === undefined) {
            break;
        }
        rightIds[parent] = nodes.length;
        node = nodes[parent]?.right;
    }
    return { nodes, rightIds };
}

function allocate(nodes: number, weights: number): FlatTrees {
    return {
        treeIds: new Int32Array(nodes),
        nodeIds: new Int32Array(nodes),
        isLeaf: new Uint8Array(nodes),
        columns: new Int32Array(nodes),
        thresholds: new Float64Array(nodes),
        missingTrue: new Uint8Array(nodes),
        trueNodeIds: new Int32Array(nodes),
        falseNodeIds: new Int32Array(nodes),
        weightTreeIds: new Int32Array(weights),
        weightNodeIds: new Int32Array(weights),
        weightClasses: new Int32Array(weights),
        weights: new Float64Array(weights),
    };
}
