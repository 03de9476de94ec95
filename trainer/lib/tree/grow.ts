import { type NumberList, valueAt } from "../columns/number-list";
import { TreeBuilder } from "../model";
import type { Random } from "../random";
import { makeCriterion, type NodeFacts, type Rounding } from "./criteria";
import { chooseLayout, makeSample, type Sample } from "./entries";
import { type FlatTree, normalize } from "./flat-tree";
import { lazyLists, makeWorkspace, partitionedLists, reserve, type Workspace } from "./node-lists";
import type { NodeImpurities } from "./prune";
import { type BestSplit, type GapOf, noSplit } from "./split-search";
import type { FitTable, GrowthOptions } from "./types";

/** Parameters for a tree, in addition to the table. */
export interface TreeRequest {
    growth: GrowthOptions;
    /** The number of times that each row counts, from 0 to 255, by row number of the table. */
    weights: Uint8Array;
    /** True if weights other than 0 and 1 occur. */
    weighted: boolean;
    /** For a tree in a forest, the number of columns searched for each split, and the generator that draws them. */
    sampling?: { maxFeatures: number; random: Random };
    /** True if the tree may overwrite the table's orders and grow in their memory. @default false */
    inPlace?: boolean;
    /** Rounding for leaf values. @default none */
    round?: Rounding;
    /** True if the tree will be pruned, which requires its impurities. @default false */
    withImpurities?: boolean;
    /** For tests: the number of bits in an entry. @default 32 */
    wordBits?: number;
    /** For tests: true if lists are sorted lazily. @default true if this is less work */
    lazy?: boolean;
}

/** Cost per row in a node, for each column that is kept in order and for each column that is sorted lazily. */
const WORK = { partition: 2.5, sort: 12 };

/**
 * Grows a tree. Each node gets the best of all splits between two distinct values in a column. Among equally good
 * splits, the one with the widest gap wins (see GapOf), then the one on the first column, then the one with the lowest
 * threshold.
 * @throws {RangeError} if there are no rows, or if `inPlace` is set and some rows count more than once
 */
export function growTree(table: FitTable, request: TreeRequest, workspace?: Workspace): FlatTree {
    return growWithImpurities(table, request, workspace).tree;
}

/** Grows a tree as `growTree` does. The impurities are empty unless the request includes `withImpurities`. */
export function growWithImpurities(
    table: FitTable,
    request: TreeRequest,
    workspace: Workspace = makeWorkspace(),
): { tree: FlatTree; impurities: NodeImpurities } {
    const { target, columns } = table;
    const classes = target.task === "classification" ? Math.max(target.classes.length, 2) : 0;
    const layout = chooseLayout(request.weights.length, classes, request.weighted, request.wordBits);
    const sample = makeSample(request.weights, target.y, layout);
    if (sample.rows === 0) {
        throw new RangeError("A tree needs at least one row; got none");
    }
    if (request.inPlace && request.weighted) {
        throw new RangeError("A tree grown in place needs rows that count once; got `weighted`");
    }
    reserve(workspace, sample.entries, request.weights.length);
    const halfRanges = findHalfRanges(table, sample);
    const { lazy, sampling } = request;
    const isCheaper = sampling !== undefined && columns.length * WORK.partition > sampling.maxFeatures * WORK.sort;
    const lists =
        (lazy ?? isCheaper)
            ? lazyLists(table.orders, workspace, sample, layout)
            : partitionedLists(table, workspace, sample, layout, request.inPlace ?? false);
    const criterion = makeCriterion(target, layout, request.round ?? ((value) => value));
    const builder = new TreeBuilder();
    const importances = new Float64Array(columns.length);
    const impurities = { root: 0, removed: [] as number[], means: [] as number[] };
    /** All columns, in the order in which the last draw left them. */
    const columnOrder = Int32Array.from(columns.keys());
    const { maxDepth, minNumSamples, gainThreshold } = request.growth;

    function valueIn(column: number, index: number): number {
        const row = (lists.at(column)[index] as number) >>> layout.rowShift;
        return valueAt(columns[column] as NumberList, row);
    }

    /** See GapOf. Halves are subtracted because a difference may overflow. After the last number the gap is 0. */
    const gapOf: GapOf = (column, index) => {
        const [below, above] = [valueIn(column, index - 1), valueIn(column, index)];
        return above < Number.MAX_VALUE ? (above / 2 - below / 2) / (halfRanges[column] as number) : 0;
    };

    /**
     * The mean of the two values on either side of the split, as in ml-cart. If there is no number between them, it is
     * the upper one, because rows below the threshold go left. JSON has no infinity, so the largest double is used as
     * the threshold between numbers and missing values.
     */
    function thresholdOf({ column, index }: BestSplit): number {
        const [below, above] = [valueIn(column, index - 1), valueIn(column, index)];
        if (!(above < Number.MAX_VALUE)) {
            return Number.MAX_VALUE;
        }
        const mean = (below + above) / 2;
        const middle = Number.isFinite(mean) ? mean : below / 2 + above / 2;
        return middle > below ? middle : above;
    }

    /** Columns to search: all of them or, for a forest, a random selection of those that vary in this node. */
    function drawColumns(node: NodeFacts): Iterable<number> {
        if (sampling === undefined || sampling.maxFeatures >= columnOrder.length) {
            return columns.keys();
        }
        const drawn: number[] = [];
        for (let next = 0; next < columnOrder.length && drawn.length < sampling.maxFeatures; next++) {
            const other = next + sampling.random.below(columnOrder.length - next);
            const column = columnOrder[other] as number;
            columnOrder[other] = columnOrder[next] as number;
            columnOrder[next] = column;
            if (!lists.isConstant(column, node)) {
                drawn.push(column);
            }
        }
        return drawn.sort((a, b) => a - b);
    }

    function search(node: NodeFacts): BestSplit {
        const best = noSplit();
        criterion.enter(lists.rowsOf(node), node);
        for (const column of drawColumns(node)) {
            criterion.search(lists.open(column, node), node, column, best, gapOf);
            lists.close(column, best.column === column);
        }
        return best;
    }

    /** True if the node is certainly a leaf, so that no search is needed. */
    function isFinal(node: NodeFacts, depth: number): boolean {
        return node.pure || depth >= maxDepth || node.rows <= minNumSamples;
    }

    function record({ center }: NodeFacts, importance: number): void {
        if (request.withImpurities) {
            impurities.removed.push(importance);
            impurities.means.push(target.task === "regression" ? center : 0);
        }
    }

    function addLeaf(node: NodeFacts): void {
        record(node, 0);
        criterion.addLeaf(builder, lists.rowsOf(node), node);
    }

    function addNode(node: NodeFacts, depth: number): void {
        const best = isFinal(node, depth) ? noSplit() : search(node);
        if (best.column < 0) {
            addLeaf(node);
            return;
        }
        const list = lists.at(best.column);
        const left = criterion.describe(list, node.start, best.index, best.column);
        const right = criterion.describe(list, best.index, node.end, best.column);
        const gain = criterion.gainOf(best, node, left, right);
        if (gainThreshold !== 0 && !(gain > gainThreshold)) {
            addLeaf(node);
            return;
        }
        const importance = criterion.importanceOf(gain, node);
        importances[best.column] = (importances[best.column] as number) + importance;
        record(node, importance);
        // Missing values come last in the list, together with numbers that no threshold exceeds.
        const missingLeft = left.rows > right.rows && valueIn(best.column, node.end - 1) < Number.MAX_VALUE;
        const split = builder.addSplit(best.column, thresholdOf(best), missingLeft, gain, node.rows);
        lists.divide(node, best, isFinal(left, depth + 1) && isFinal(right, depth + 1));
        addNode(left, depth + 1);
        builder.setRight(split);
        addNode(right, depth + 1);
    }

    const all = { start: 0, end: sample.entries, source: 0 } as NodeFacts;
    const root = criterion.describe(lists.rowsOf(all), 0, sample.entries, 0);
    impurities.root = criterion.impurityOf(lists.rowsOf(all), root);
    addNode(root, 0);
    return { tree: { ...builder.finish(target.task), importances: normalize(importances) }, impurities };
}

/** For each column, half the difference between the largest and the smallest number in the sample. */
function findHalfRanges({ columns, orders }: FitTable, { codes }: Sample): Float64Array {
    const halfRanges = columns.map((values, column) => {
        const order = orders[column] as Uint32Array;
        const isOutside = (index: number) => {
            const row = (order[index] as number) >>> 1;
            return codes[row] === 0 || !(valueAt(values, row) < Number.MAX_VALUE);
        };
        let [first, last] = [0, order.length - 1];
        while (first < last && isOutside(first)) {
            first++;
        }
        while (last > first && isOutside(last)) {
            last--;
        }
        const [low, high] = [first, last].map((index) => valueAt(values, (order[index] as number) >>> 1));
        // With fewer than two numbers, there is no gap.
        return first === last ? 0 : (high as number) / 2 - (low as number) / 2;
    });
    return Float64Array.from(halfRanges);
}
