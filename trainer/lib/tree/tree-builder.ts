import { type FlatTree, LEAF } from "./flat-tree";

/** Builds the arrays of a tree from its nodes in preorder. */
export class TreeBuilder {
    readonly #columns = new Growing(Int32Array);
    readonly #values = new Growing(Float64Array);
    readonly #links = new Growing(Uint32Array);
    readonly #missingLeft = new Growing(Uint8Array);
    readonly #gains = new Growing(Float64Array);
    readonly #samples = new Growing(Uint32Array);
    readonly #leafStarts = new Growing(Uint32Array);
    readonly #leafClasses = new Growing(Uint16Array);
    readonly #leafShares = new Growing(Float64Array);
    #leaves = 0;
    #depth = 0;

    /** @returns the number of the node, for `setRight` when the left side is complete */
    addSplit(column: number, value: number, gain: number, samples: number, depth: number): number {
        this.#depth = Math.max(this.#depth, depth + 1);
        return this.#addNode(column, value, 0, gain, samples);
    }

    /** Sends rows without a value to the left of this split. */
    setMissingLeft(split: number): void {
        this.#missingLeft.items[split] = 1;
    }

    /** Makes the next node the right child of this split. */
    setRight(split: number): void {
        this.#links.items[split] = this.#columns.length;
    }

    /**
     * Adds a leaf. In a regression, `value` is the leaf's number; in a classification, the leaf's shares are added
     * next.
     */
    addLeaf(value: number, samples: number): void {
        this.#leafStarts.push(this.#leafShares.length);
        this.#addNode(LEAF, value, this.#leaves++, 0, samples);
    }

    /** Adds a share to the last leaf. Shares must be added in ascending order of their classes. */
    addShare(label: number, share: number): void {
        this.#leafClasses.push(label);
        this.#leafShares.push(share);
    }

    finish(task: FlatTree["task"], importances: Float64Array): FlatTree {
        this.#leafStarts.push(this.#leafShares.length);
        return {
            task,
            columns: this.#columns.finish(),
            values: this.#values.finish(),
            links: this.#links.finish(),
            missingLeft: this.#missingLeft.finish(),
            gains: this.#gains.finish(),
            samples: this.#samples.finish(),
            leafStarts: this.#leafStarts.finish(),
            leafClasses: this.#leafClasses.finish(),
            leafShares: this.#leafShares.finish(),
            importances,
            depth: this.#depth,
        };
    }

    #addNode(column: number, value: number, link: number, gain: number, samples: number): number {
        this.#columns.push(column);
        this.#values.push(value);
        this.#links.push(link);
        this.#missingLeft.push(0);
        this.#gains.push(gain);
        this.#samples.push(samples);
        return this.#columns.length - 1;
    }
}

type Numbers = Int32Array | Uint32Array | Uint16Array | Uint8Array | Float64Array;

class Growing<T extends Numbers> {
    items: T;
    length = 0;

    readonly #type: new (
        length: number,
    ) => T;

    constructor(type: new (length: number) => T) {
        this.#type = type;

        this.items = new type(64);
    }

    push(item: number): void {
        if (this.length === this.items.length) {
            const larger = new this.#type(2 * this.length);
            larger.set(this.items);
            this.items = larger;
        }
        this.items[this.length++] = item;
    }

    finish(): T {
        return this.items.slice(0, this.length) as T;
    }
}
