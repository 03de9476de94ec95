import type { Collection, DocumentStore } from "../store/documents";
import { missing, taken } from "./links";

/** Fields that every Compute Engine resource has. */
export interface Resource {
    readonly id: string;
    readonly name: string;
    readonly selfLink: string;
}

/** All resources of one type, by path, e.g. `projects/P/global/networks/N`. */
export class ResourceCollection<T extends Resource> {
    readonly #documents: Collection<T>;

    /** Plural name as used in paths, e.g. "networks". */
    readonly #type: string;

    constructor(
        documents: DocumentStore,

        type: string,
    ) {
        this.#type = type;

        this.#documents = documents.collection(`compute/${type}`);
    }

    /** @throws ApiError 404 */
    get(path: string): T {
        const found = this.#documents.get(path);
        if (found === undefined) {
            throw missing(path);
        }
        return found;
    }

    find(path: string): T | undefined {
        return this.#documents.get(path);
    }

    /** @throws ApiError 409 if the name is taken */
    checkFree(path: string): void {
        if (this.#documents.has(path)) {
            throw taken(path);
        }
    }

    async put(path: string, resource: T): Promise<T> {
        await this.#documents.put(path, resource);
        return resource;
    }

    /** @throws ApiError 404 */
    async delete(path: string): Promise<T> {
        const gone = this.get(path);
        await this.#documents.delete(path);
        return gone;
    }

    entries(): [string, T][] {
        return this.#documents.entries();
    }

    /** Returns all resources directly below a parent: `projects/P/global` or `projects/P/zones/Z`. */
    list(parent: string): T[] {
        const prefix = `${parent}/${this.#type}/`;
        return this.entries().flatMap(([path, resource]) => (path.startsWith(prefix) ? [resource] : []));
    }
}
