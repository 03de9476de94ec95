/** A long-running operation: https://google.aip.dev/151 */
export interface LongOperation {
    readonly name: string;
    readonly metadata?: object;
    readonly done: boolean;
    /** Result, with its `@type`; absent until the operation is done. */
    readonly response?: object;
}

const MAX_OPERATIONS = 1000;

/**
 * Long-running operations in the newer APIs, for changes that take effect immediately but are reported as done only
 * after a while. The last thousand remain readable.
 */
export class LongOperations {
    readonly #operations = new Map<string, { operation: Required<LongOperation>; doneAt: number }>();
    readonly #durationMs: number;
    readonly #metadata: object;

    /** @param durationMs 0 for operations that are done when they are returned. @param metadata with its `@type` */
    constructor(durationMs: number, metadata: object) {
        this.#durationMs = durationMs;
        this.#metadata = metadata;
    }

    add(name: string, response: object): LongOperation {
        const operation = { name, metadata: this.#metadata, done: true, response };
        this.#operations.set(name, { operation, doneAt: Date.now() + this.#durationMs });
        for (const oldest of [...this.#operations.keys()].slice(0, -MAX_OPERATIONS)) {
            this.#operations.delete(oldest);
        }
        return this.find(name) ?? operation;
    }

    /** Returns an operation in its current state, or undefined if it is unknown. */
    find(name: string): LongOperation | undefined {
        const found = this.#operations.get(name);
        if (found === undefined || found.doneAt <= Date.now()) {
            return found?.operation;
        }
        return { name, metadata: this.#metadata, done: false };
    }
}
