import { type CompactTree, CompactTrees, compactTree, expandTree, isSplit } from "./compact-tree";
import { checkCartModel, checkCount, checkHead, type ModelSizes, parseJson, parseModel } from "./parse";
import { type CartModel, type Model, ModelError, type TreeNode } from "./types";

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\[]{}');

/** A tree with the other properties that ml-cart needs. */
type ReadTree = CompactTree & Omit<CartModel, "root">;

/**
 * Reads `model.json` as it arrives, tree by tree, and checks everything that a prediction relies on. The whole text
 * must fit into a string unless `trees` comes after all that describes the model, as it does in the trainer's files.
 * @throws {ModelError} with the path and the value
 */
export async function readModel(chunks: AsyncIterable<Uint8Array>): Promise<Model> {
    /** The text without the trees. */
    let head = Buffer.alloc(0);
    /** The text read so far from the current tree, or from outside the list of trees. */
    let pieces: Uint8Array[] = [];
    const trees: ReadTree[] = [];
    let sizes: ModelSizes | undefined;
    /** Number of open lists and objects. */
    let depth = 0;
    let inString = false;
    let isEscaped = false;
    let inTrees = false;

    function addTree(rest: Uint8Array): void {
        const text = Buffer.concat([...pieces, rest])
            .toString("utf8")
            .replace(/^\s*,/, "");
        pieces = [];
        const { name, options, root } = checkCartModel(parseJson(text), trees.length, sizes as ModelSizes);
        const task = name === "DTClassifier" ? "classification" : "regression";
        trees.push({ ...compactTree(root, task), name, options });
    }

    /**
     * Begins the list of trees if the text read so far ends where that list begins. If the text before it does not
     * describe the model completely, the trees are part of the text, which is read as a whole.
     */
    function beginTrees(rest: Uint8Array): boolean {
        const text = Buffer.concat([head, ...pieces, rest]);
        if (!/"trees"\s*:\s*\[$/.test(text.subarray(-40).toString("latin1"))) {
            return false;
        }
        try {
            sizes = checkHead(parseJson(`${text.toString("utf8")}]}`));
        } catch (error) {
            if (error instanceof ModelError) {
                return false;
            }
            throw error;
        }
        head = text;
        pieces = [];
        inTrees = true;
        return true;
    }

    for await (const chunk of chunks) {
        let start = 0;
        for (let index = 0; index < chunk.length; index++) {
            const byte = chunk[index] as number;
            if (inString) {
                inString = isEscaped || byte !== QUOTE;
                isEscaped = !isEscaped && byte === BACKSLASH;
            } else if (byte === QUOTE) {
                inString = true;
            } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
                depth++;
                if (depth === 2 && byte === OPEN_LIST && beginTrees(chunk.subarray(start, index + 1))) {
                    start = index + 1;
                }
            } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
                depth--;
                inTrees &&= depth >= 2;
                if (inTrees && depth === 2) {
                    addTree(chunk.subarray(start, index + 1));
                    start = index + 1;
                }
            }
        }
        pieces.push(chunk.slice(start));
    }
    const text = Buffer.concat([head, ...pieces]).toString("utf8");
    if (trees.length === 0) {
        return parseModel(text);
    }
    const model = parseJson(text) as Record<string, unknown>;
    const { classes } = checkHead(model);
    checkCount(model, trees.length);
    const toModel = ({ name, options, ...tree }: ReadTree) => ({ name, options, root: expandTree(tree, classes) });
    return { ...model, trees: new CompactTrees(trees, toModel) } as unknown as Model;
}

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
