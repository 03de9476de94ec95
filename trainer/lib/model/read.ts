import { type CompactTree, CompactTrees, compactTree, expandTree } from "./compact-tree";
import { checkCartModel, checkCount, checkHead, type ModelSizes, parseJson, parseModel } from "./parse";
import { type CartModel, type Model, ModelError } from "./types";

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\[]{}');

/**
 * Reads `model.json` as it arrives, tree by tree, and checks everything that a prediction relies on. If `trees` do not
 * come after everything that describes the model, as in the trainer's files, the whole text must fit into a string.
 * @throws {ModelError} with the path and the value
 */
export async function readModel(chunks: AsyncIterable<Uint8Array>): Promise<Model> {
    const reader = new ModelReader();
    for await (const chunk of chunks) {
        reader.push(chunk);
    }
    return reader.finish();
}

/** A tree with the other properties that ml-cart needs. */
type ReadTree = CompactTree & Omit<CartModel, "root">;

/** Divides the bytes into trees and the rest. */
class ModelReader {
    /** The text without the trees. */
    readonly #head: Uint8Array[] = [];
    /** The text read so far from the tree, or from around the trees. */
    #pieces: Uint8Array[] = [];
    readonly #trees: ReadTree[] = [];
    #sizes: ModelSizes | undefined;
    /** Number of open lists and objects. */
    #depth = 0;
    #inString = false;
    #isEscaped = false;
    #inTrees = false;

    push(chunk: Uint8Array): void {
        let start = 0;
        for (let index = 0; index < chunk.length; index++) {
            const byte = chunk[index] as number;
            if (this.#inString) {
                this.#inString = this.#isEscaped || byte !== QUOTE;
                this.#isEscaped = !this.#isEscaped && byte === BACKSLASH;
            } else if (byte === QUOTE) {
                this.#inString = true;
            } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
                this.#depth++;
                if (this.#depth === 2 && byte === OPEN_LIST && this.#beginTrees(chunk.subarray(start, index + 1))) {
                    start = index + 1;
                }
            } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
                this.#depth--;
                this.#inTrees &&= this.#depth >= 2;
                if (this.#inTrees && this.#depth === 2) {
                    this.#addTree(this.#take(chunk.subarray(start, index + 1)));
                    start = index + 1;
                }
            }
        }
        this.#pieces.push(chunk.slice(start));
    }

    finish(): Model {
        const trees = this.#trees;
        const text = Buffer.concat([...this.#head, this.#take()]).toString("utf8");
        if (trees.length === 0) {
            return parseModel(text);
        }
        const model = parseJson(text) as Record<string, unknown>;
        const { classes } = checkHead(model);
        checkCount(model, trees.length);
        const toModel = ({ name, options, ...tree }: ReadTree) => ({ name, options, root: expandTree(tree, classes) });
        return { ...model, trees: new CompactTrees(trees, toModel) } as unknown as Model;
    }

    #addTree(bytes: Uint8Array): void {
        const text = Buffer.from(bytes).toString("utf8").replace(/^\s*,/, "");
        const sizes = this.#sizes as ModelSizes;
        const { name, options, root } = checkCartModel(parseJson(text), this.#trees.length, sizes);
        const task = name === "DTClassifier" ? "classification" : "regression";
        this.#trees.push({ ...compactTree(root, task), name, options });
    }

    /**
     * Begins the list of trees if the text read so far ends where that list begins. If the text before it does not
     * describe the model completely, the trees are part of the text, which is read as a whole.
     */
    #beginTrees(rest: Uint8Array): boolean {
        if (
            !/"trees"\s*:\s*\[$/.test(
                Buffer.concat([...this.#pieces, rest])
                    .subarray(-40)
                    .toString("latin1"),
            )
        ) {
            return false;
        }
        const head = Buffer.concat([...this.#head, ...this.#pieces, rest]);
        try {
            this.#sizes = checkHead(parseJson(`${head.toString("utf8")}]}`));
        } catch (error) {
            if (error instanceof ModelError) {
                return false;
            }
            throw error;
        }
        this.#head.push(this.#take(rest));
        this.#inTrees = true;
        return true;
    }

    /** Returns the pieces and the rest, and forgets the pieces. */
    #take(rest: Uint8Array = new Uint8Array()): Uint8Array {
        const bytes = Buffer.concat([...this.#pieces, rest]);
        this.#pieces = [];
        return bytes;
    }
}
