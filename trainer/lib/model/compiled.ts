import { type CompactTree, compactTrees, LEAF } from "./compact-tree";
import { listParts, type Model } from "./types";

/** A model for predicting many rows. */
export interface Predictor {
    /** Number of output values for each row: one per class, or one for a regression. */
    readonly width: number;
    /**
     * Predicts rows: the trees' shares are summed, the class with the largest sum wins (the first one in a tie), and
     * the sums are divided by the number of trees.
     *
     * @param features row by row, the numbers of `listParts`; NaN for missing values
     * @param rowCount number of rows to predict
     * @param values receives `width` numbers for each row: the shares of the classes, or the predicted number
     * @param labels classification: receives the class of each row, as an index into `model.classes`
     */
    predict(features: Float64Array, rowCount: number, values: Float64Array, labels: Int32Array): void;
}

/** Number of rows that go through one tree before the next tree is used, while the tree is in the processor's cache. */
const ROWS_AT_ONCE = 512;

/** Prepares a model, or these trees of a model, for predictions. */
export function compileModel(model: Model, trees: readonly CompactTree[] = compactTrees(model)): Predictor {
    const columns = listParts(model.features).length;
    const width = model.task === "classification" ? model.classes.length : 1;
    return {
        width,
        predict: (features, rowCount, values, labels) => {
            values.fill(0, 0, rowCount * width);
            for (let first = 0; first < rowCount; first += ROWS_AT_ONCE) {
                const end = Math.min(first + ROWS_AT_ONCE, rowCount);
                for (const tree of trees) {
                    for (let row = first; row < end; row++) {
                        addLeaf(values, row * width, tree, findLeaf(tree, features, row * columns));
                    }
                }
            }
            for (let row = 0; model.task === "classification" && row < rowCount; row++) {
                labels[row] = largestOf(values, row * width, width);
            }
            for (let index = 0; trees.length > 1 && index < rowCount * width; index++) {
                values[index] = (values[index] as number) / trees.length;
            }
        },
    };
}

/** The leaf that the row beginning at `offset` reaches. A missing value goes right, unless the split says otherwise. */
function findLeaf(
    { columns, values, links, missingLeft }: CompactTree,
    features: Float64Array,
    offset: number,
): number {
    let node = 0;
    for (let column = columns[0] as number; column !== LEAF; column = columns[node] as number) {
        const value = features[offset + column] as number;
        const left = value < (values[node] as number) || (Number.isNaN(value) && missingLeft[node] === 1);
        node = left ? node + 1 : (links[node] as number);
    }
    return node;
}

/** Adds a leaf's number, or its shares, to the sums that begin at `offset`. */
export function addLeaf(sums: Float64Array, offset: number, tree: CompactTree, node: number): void {
    if (tree.task === "regression") {
        sums[offset] = (sums[offset] as number) + (tree.values[node] as number);
        return;
    }
    const leaf = tree.links[node] as number;
    const end = tree.leafStarts[leaf + 1] as number;
    for (let index = tree.leafStarts[leaf] as number; index < end; index++) {
        const cell = offset + (tree.leafClasses[index] as number);
        sums[cell] = (sums[cell] as number) + (tree.leafShares[index] as number);
    }
}

/** Returns the class with the largest sum, or the first of several with the same sum. */
export function largestOf(sums: Float64Array, offset: number, width: number): number {
    let best = 0;
    for (let label = 1; label < width; label++) {
        if ((sums[offset + label] as number) > (sums[offset + best] as number)) {
            best = label;
        }
    }
    return best;
}
