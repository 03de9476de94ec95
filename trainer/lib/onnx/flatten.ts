import type { CartModel, TreeNode } from "../model";

/** Trees as ONNX's operators take them: parallel lists, with an entry for each node, and for each weight of a leaf. */
export interface FlatTrees {
    treeIds: Int32Array;
    /** From 0, the root, in each tree. */
    nodeIds: Int32Array;
    /** 1 for a leaf, which has 0 in the next four. */
    isLeaf: Uint8Array;
    columns: Int32Array;
    thresholds: Float64Array;
    trueNodeIds: Int32Array;
    falseNodeIds: Int32Array;
    weightTreeIds: Int32Array;
    weightNodeIds: Int32Array;
    /** Place in the classes; 0 for a number. */
    weightPlaces: Int32Array;
    weights: Float64Array;
}

/** A row whose value is less than the threshold goes to the true node, ml-cart's left, and else to the false one. */
export function flatten(trees: readonly CartModel[]): FlatTrees {
    const walks = trees.map(({ root }) => walk(root));
    let nodeCount = 0;
    let weightCount = 0;
    for (const { nodes } of walks) {
        nodeCount += nodes.length;
        for (const node of nodes) {
            forEachWeight(node, () => weightCount++);
        }
    }
    const flat = allocate(nodeCount, weightCount);
    let entry = 0;
    let weightEntry = 0;
    for (const [treeId, { nodes, rightIds }] of walks.entries()) {
        nodes.forEach((node, nodeId) => {
            flat.treeIds[entry] = treeId;
            flat.nodeIds[entry] = nodeId;
            if (isSplit(node)) {
                flat.columns[entry] = node.splitColumn as number;
                flat.thresholds[entry] = node.splitValue as number;
                flat.trueNodeIds[entry] = nodeId + 1;
                flat.falseNodeIds[entry] = rightIds[nodeId] as number;
            } else {
                flat.isLeaf[entry] = 1;
            }
            forEachWeight(node, (place, weight) => {
                flat.weightTreeIds[weightEntry] = treeId;
                flat.weightNodeIds[weightEntry] = nodeId;
                flat.weightPlaces[weightEntry] = place;
                flat.weights[weightEntry] = weight;
                weightEntry++;
            });
            entry++;
        });
    }
    return flat;
}

function isSplit(node: TreeNode): node is TreeNode & { left: TreeNode; right: TreeNode } {
    return node.left !== undefined && node.right !== undefined;
}

/** A leaf's number, or its shares other than 0 with the places of their classes. Other nodes have none. */
function forEachWeight(node: TreeNode, use: (place: number, weight: number) => void): void {
    const { distribution } = node;
    if (isSplit(node)) {
        return;
    }
    if (!Array.isArray(distribution)) {
        use(0, distribution as number);
        return;
    }
    const shares = distribution[0] ?? [];
    for (let place = 0; place < shares.length; place++) {
        // A leaf without any weight would leave onnxruntime without a label.
        if (shares[place] !== 0 || (place === 0 && shares.every((share) => share === 0))) {
            use(place, shares[place] as number);
        }
    }
}

/** All nodes of a tree: each left child comes right after its parent, and `rightIds` has the place of each right one. */
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
        trueNodeIds: new Int32Array(nodes),
        falseNodeIds: new Int32Array(nodes),
        weightTreeIds: new Int32Array(weights),
        weightNodeIds: new Int32Array(weights),
        weightPlaces: new Int32Array(weights),
        weights: new Float64Array(weights),
    };
}
