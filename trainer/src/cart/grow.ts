import { type Criterion, makeCriterion, type NodeFacts, type Rounding } from "./criteria";
import { chooseLayout, fillList, keepEntries, type Layout, makeSample, markRows, partitionList } from "./entries";
import type { FlatTree } from "./flat-tree";
import type { Random } from "./random";
import { type BestSplit, type GapOf, noSplit } from "./split-search";
import { TreeBuilder } from "./tree-builder";
import type { FitTable, GrowthOptions } from "./types";

/** Memory that one tree after the other is grown in. */
export interface Workspace {
    lists: Uint32Array[];
    scratch: Uint32Array;
    marks: Uint32Array;
}

/** An empty one; it grows as it is needed. */
export function makeWorkspace(): Workspace {
    return { lists: [], scratch: new Uint32Array(0), marks: new Uint32Array(0) };
}

/** What a tree is grown from, beside the table. */
export interface TreeRequest {
    growth: GrowthOptions;
    /** By row number of the table: how often a row counts, up to 255; 0: not at all. */
    weights: Uint8Array;
    /** Whether weights other than 0 and 1 occur. */
    weighted: boolean;
    /** Of a forest's tree: columns looked at for each split, and what draws them. */
    sampling?: { maxFeatures: number; random: Random };
    /** How the leaves' values are rounded. @default not at all */
    round?: Rounding;
    /** For tests: the bits of an entry. @default 32 */
    wordBits?: number;
}

/**
 * Grows a tree: at each node the best of all splits between two different values of a column. Of equally good splits the
 * one with the widest gap is taken (see GapOf), then the one of the first column, then the one with the lowest threshold.
 * @throws {RangeError} without a row
 */
export function growTree(table: FitTable, request: TreeRequest, workspace: Workspace = makeWorkspace()): FlatTree {
    const { target, columns } = table;
    const classes = target.task === "classification" ? Math.max(target.classCount, 2) : 0;
    const layout = chooseLayout(request.weights.length, classes, request.weighted, request.wordBits);
    const sample = makeSample(request.weights, target.y, layout);
    if (sample.rows === 0) {
        throw new RangeError("A tree needs at least one row; got none");
    }
    reserve(workspace, columns.length, sample.entries, request.weights.length);
    for (const [column, order] of table.orders.entries()) {
        fillList(workspace.lists[column] as Uint32Array, order, sample, layout);
    }
    const criterion = makeCriterion(target, layout, request.round ?? ((value) => value));
    const grower = new Grower(table, request, workspace, layout, criterion);
    return grower.grow(sample.entries);
}

function reserve(workspace: Workspace, columns: number, entries: number, rows: number): void {
    // One more: `fillList` writes rows that do not count, too, behind those that do.
    reserveLists(workspace, columns, entries + 1);
    if (workspace.scratch.length < entries) {
        workspace.scratch = new Uint32Array(entries);
    }
    const words = (rows + 31) >>> 5;
    if (workspace.marks.length < words) {
        workspace.marks = new Uint32Array(words);
    }
}

/** Makes the workspace have so many lists of at least so many words. */
export function reserveLists(workspace: Workspace, count: number, words: number): void {
    for (let index = 0; index < count; index++) {
        if ((workspace.lists[index]?.length ?? 0) < words) {
            workspace.lists[index] = new Uint32Array(words);
        }
    }
}

/** Children that are to be split further. */
type Sides = "both" | "left" | "right";

class Grower {
    private readonly builder = new TreeBuilder();
    private readonly importances: Float64Array;
    /** Columns in the order of the last draw. */
    private readonly deck: Int32Array;
    /** Of each column, half the difference between its largest and its smallest number at the root. */
    private readonly halfRanges: Float64Array;

    constructor(
        private readonly table: FitTable,
        private readonly request: TreeRequest,
        private readonly workspace: Workspace,
        private readonly layout: Layout,
        private readonly criterion: Criterion,
    ) {
        this.importances = new Float64Array(table.columns.length);
        this.deck = Int32Array.from(table.columns.keys());
        this.halfRanges = new Float64Array(table.columns.length);
    }

    grow(entries: number): FlatTree {
        const root = this.criterion.describe(this.list(0), 0, entries);
        for (const column of this.table.columns.keys()) {
            this.halfRanges[column] = this.halfRangeOf(column, entries);
        }
        this.addNode(root, 0, 0);
        const total = this.importances.reduce((sum, importance) => sum + importance, 0);
        if (total > 0) {
            for (let column = 0; column < this.importances.length; column++) {
                this.importances[column] = (this.importances[column] as number) / total;
            }
        }
        return this.builder.finish(this.table.target.task, this.importances);
    }

    /** @param source a column whose list holds the node's rows, as all do unless the node is a leaf by its limits */
    private addNode(node: NodeFacts, depth: number, source: number): void {
        const { builder, criterion } = this;
        const best = this.isFinal(node, depth) ? noSplit() : this.search(node, source);
        if (best.column < 0) {
            criterion.addLeaf(builder, this.list(source), node);
            return;
        }
        const list = this.list(best.column);
        const left = criterion.describe(list, node.start, best.place);
        const right = criterion.describe(list, best.place, node.end);
        const gain = criterion.gainOf(best, node, left, right);
        if (!criterion.isEnough(gain, this.request.growth.gainThreshold)) {
            criterion.addLeaf(builder, this.list(source), node);
            return;
        }
        const importance = criterion.importanceOf(gain, node);
        this.importances[best.column] = (this.importances[best.column] as number) + importance;
        const split = builder.addSplit(best.column, this.thresholdOf(best), gain, node.rows, depth);
        const [leftIsFinal, rightIsFinal] = [this.isFinal(left, depth + 1), this.isFinal(right, depth + 1)];
        if (!leftIsFinal && !rightIsFinal) {
            this.partition(node, best, "both");
        } else if (!leftIsFinal) {
            this.partition(node, best, "left");
        }
        this.addNode(left, depth + 1, best.column);
        builder.setRight(split);
        if (leftIsFinal && !rightIsFinal) {
            this.partition(node, best, "right");
            this.addNode({ ...right, start: node.start, end: node.start + right.end - right.start }, depth + 1, 0);
        } else {
            this.addNode(right, depth + 1, best.column);
        }
    }

    /** Whether nobody needs to look for a split. */
    private isFinal(node: NodeFacts, depth: number): boolean {
        const { maxDepth, minNumSamples } = this.request.growth;
        return node.pure || depth >= maxDepth || node.rows <= minNumSamples;
    }

    private search(node: NodeFacts, source: number): BestSplit {
        const best = noSplit();
        this.criterion.enter(this.list(source), node);
        for (const column of this.drawColumns(node)) {
            this.criterion.search(this.list(column), node, column, best, this.gapOf);
        }
        return best;
    }

    /** Columns to look at: all, or as many as a forest takes of those that have different values here. */
    private drawColumns(node: NodeFacts): Iterable<number> {
        const { sampling } = this.request;
        const { deck } = this;
        if (sampling === undefined || sampling.maxFeatures >= deck.length) {
            return this.table.columns.keys();
        }
        const drawn: number[] = [];
        for (let next = 0; next < deck.length && drawn.length < sampling.maxFeatures; next++) {
            const other = next + sampling.random.below(deck.length - next);
            const column = deck[other] as number;
            deck[other] = deck[next] as number;
            deck[next] = column;
            if (!this.isConstant(column, node)) {
                drawn.push(column);
            }
        }
        return drawn.sort((a, b) => a - b);
    }

    private isConstant(column: number, node: NodeFacts): boolean {
        const first = this.valueAt(column, node.start);
        const last = this.valueAt(column, node.end - 1);
        // What is not below MAX_VALUE is one group, see sort.ts.
        return first === last || !(first < Number.MAX_VALUE);
    }

    /**
     * Makes the node's lists its children's. Left rows come to the front; where only one child needs lists its rows do,
     * and the other's are lost but in the list of the split.
     */
    private partition({ start, end }: NodeFacts, { column: by, place }: BestSplit, sides: Sides): void {
        const { marks, scratch, lists } = this.workspace;
        const { rowShift } = this.layout;
        markRows(marks, this.list(by), start, place, rowShift, true);
        for (let column = 0; column < this.table.columns.length; column++) {
            if (column !== by) {
                const list = lists[column] as Uint32Array;
                if (sides === "both") {
                    partitionList(list, start, end, marks, rowShift, scratch);
                } else {
                    keepEntries(list, start, end, marks, rowShift, sides === "left");
                }
            }
        }
        markRows(marks, this.list(by), start, place, rowShift, false);
        if (sides === "right") {
            this.list(by).copyWithin(start, place, end);
        }
    }

    /**
     * The mean of the two values next to the split, as in ml-cart; but where no number lies between them, the upper one,
     * for rows that are below the threshold go left. JSON has no infinity, so what divides numbers from missing ones is
     * the largest number.
     */
    private thresholdOf({ column, place }: BestSplit): number {
        const below = this.valueAt(column, place - 1);
        const above = this.valueAt(column, place);
        if (!(above < Number.MAX_VALUE)) {
            return Number.MAX_VALUE;
        }
        const mean = (below + above) / 2;
        const middle = Number.isFinite(mean) ? mean : below / 2 + above / 2;
        return middle > below ? middle : above;
    }

    /** See GapOf. Halves are subtracted, for the range of all doubles is none. Where numbers end there is no gap. */
    private readonly gapOf: GapOf = (column, place) => {
        const below = this.valueAt(column, place - 1);
        const above = this.valueAt(column, place);
        return above < Number.MAX_VALUE ? (above / 2 - below / 2) / (this.halfRanges[column] as number) : 0;
    };

    private halfRangeOf(column: number, entries: number): number {
        // The first of the values at the end that count as missing.
        let [low, high] = [0, entries];
        while (low < high) {
            const middle = (low + high) >>> 1;
            if (this.valueAt(column, middle) < Number.MAX_VALUE) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low === 0 ? 0 : this.valueAt(column, low - 1) / 2 - this.valueAt(column, 0) / 2;
    }

    private valueAt(column: number, place: number): number {
        const row = (this.list(column)[place] as number) >>> this.layout.rowShift;
        return (this.table.columns[column] as Float64Array)[row] as number;
    }

    private list(column: number): Uint32Array {
        return this.workspace.lists[column] as Uint32Array;
    }
}
