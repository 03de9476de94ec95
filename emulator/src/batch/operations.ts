import { randomBytes } from "node:crypto";
import { notFound } from "../http/errors";
import type { Collection, DocumentStore } from "../store/documents";
import { partsOf } from "./job-types";
import { timestamp } from "./timestamps";

/** A deletion or cancellation, as stored. */
interface StoredOperation {
    readonly name: string;
    /** Name of the job. */
    readonly target: string;
    readonly verb: "delete" | "cancel";
    readonly createTime: string;
    /** Absent until the operation is done. */
    readonly endTime?: string;
}

const MAX_OPERATIONS = 1000;
const RESULTS = {
    delete: "type.googleapis.com/google.protobuf.Empty",
    cancel: "type.googleapis.com/google.cloud.batch.v1.CancelJobResponse",
} as const;

/** Long-running operations of Google Batch, which survive a restart of the emulator. */
export class BatchOperations {
    readonly #operations: Collection<StoredOperation>;

    constructor(documents: DocumentStore) {
        this.#operations = documents.collection("batch/operations");
    }

    async start(target: string, verb: StoredOperation["verb"]): Promise<object> {
        const { project, location } = partsOf(target);
        const id = `operation-${Date.now()}-${randomBytes(7).toString("hex")}-${randomBytes(4).toString("hex")}`;
        const name = `projects/${project}/locations/${location}/operations/${id}`;
        const operation = { name, target, verb, createTime: timestamp() };
        await this.#operations.put(name, operation);
        const all = this.#operations.entries();
        for (const [oldest] of all.slice(0, Math.max(0, all.length - MAX_OPERATIONS))) {
            await this.#operations.delete(oldest);
        }
        return describe(operation);
    }

    /** Marks the operations on a job as done. */
    async finish(target: string, verb: StoredOperation["verb"]): Promise<void> {
        for (const [name, operation] of this.#operations.entries()) {
            if (operation.target === target && operation.verb === verb && operation.endTime === undefined) {
                await this.#operations.put(name, { ...operation, endTime: timestamp() });
            }
        }
    }

    /** @throws ApiError 404 */
    get(name: string): object {
        return describe(this.#find(name));
    }

    /** @throws ApiError 404 */
    async delete(name: string): Promise<void> {
        await this.#operations.delete(this.#find(name).name);
    }

    /** The operations in `projects/P/locations/L`, oldest first. */
    list(parent: string): { readonly name: string }[] {
        return this.#operations
            .values()
            .filter(({ name }) => name.startsWith(`${parent}/`))
            .map(describe);
    }

    #find(name: string): StoredOperation {
        const found = this.#operations.get(name);
        if (found === undefined) {
            throw notFound(`Resource '${name}' was not found`);
        }
        return found;
    }
}

function describe({ name, target, verb, createTime, endTime }: StoredOperation) {
    return {
        name,
        metadata: {
            "@type": "type.googleapis.com/google.cloud.batch.v1.OperationMetadata",
            createTime,
            ...(endTime === undefined ? {} : { endTime }),
            target,
            verb,
            requestedCancellation: false,
            apiVersion: "v1",
        },
        done: endTime !== undefined,
        ...(endTime === undefined ? {} : { response: { "@type": RESULTS[verb] } }),
    };
}
