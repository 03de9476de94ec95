import { isSplit } from "./compact-tree";
import type { Model, TreeNode } from "./types";

/**
 * A node with more training rows than this is written piece by piece, because the text of a whole tree might not fit
 * into a string.
 */
const MANY_ROWS = 20_000;

/** The text of `model.json`, in pieces. */
export function* formatModel({ trees, ...head }: Model): Generator<string> {
    yield JSON.stringify({ ...head, trees: [] }).slice(0, -2);
    let separator = "";
    for (const { root, ...tree } of trees) {
        yield `${separator}${JSON.stringify(tree).slice(0, -1)},"root":`;
        yield* formatNode(root);
        yield "}";
        separator = ",";
    }
    yield "]}\n";
}

function* formatNode(node: TreeNode): Generator<string> {
    if (!isSplit(node) || (node.numberSamples ?? 0) <= MANY_ROWS) {
        yield JSON.stringify(node);
        return;
    }
    const { left, right, ...split } = node;
    yield `${JSON.stringify(split).slice(0, -1)},"left":`;
    yield* formatNode(left);
    yield ',"right":';
    yield* formatNode(right);
    yield "}";
}
