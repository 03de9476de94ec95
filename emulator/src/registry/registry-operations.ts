import { randomUUID } from "node:crypto";
import { notFound } from "../http/errors";

/** A long-running operation, done: https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.operations */
export interface RegistryOperation {
    /** `projects/P/locations/L/operations/ID`. */
    readonly name: string;
    readonly metadata: { readonly "@type": string };
    readonly done: true;
    readonly response: Readonly<Record<string, unknown>>;
}

const KEPT = 1000;

/** Artifact Registry's operations. Each is done when it is answered; the last thousand can be asked for again. */
export class RegistryOperations {
    readonly #operations = new Map<string, RegistryOperation>();

    /** @param parent `projects/P/locations/L`. @param response result, with its `@type` */
    add(parent: string, response: RegistryOperation["response"]): RegistryOperation {
        const operation: RegistryOperation = {
            name: `${parent}/operations/${randomUUID()}`,
            metadata: { "@type": "type.googleapis.com/google.devtools.artifactregistry.v1.OperationMetadata" },
            done: true,
            response,
        };
        this.#operations.set(operation.name, operation);
        for (const oldest of [...this.#operations.keys()].slice(0, Math.max(0, this.#operations.size - KEPT))) {
            this.#operations.delete(oldest);
        }
        return operation;
    }

    /** @throws ApiError 404 */
    get(name: string): RegistryOperation {
        const operation = this.#operations.get(name);
        if (operation === undefined) {
            throw notFound(`Requested entity was not found: ${name}`);
        }
        return operation;
    }
}
