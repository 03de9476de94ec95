import { randomBytes } from "node:crypto";
import { invalid } from "../http/errors";
import type { ApiRequest, Principal } from "../http/types";
import type { Resource } from "./collection";
import { missing, newId, pathOf, selfLink, timestamp } from "./links";

/** https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations */
export interface Operation {
    readonly kind: "compute#operation";
    readonly id: string;
    readonly name: string;
    readonly operationType: string;
    readonly status: "RUNNING" | "DONE";
    readonly progress: number;
    readonly targetLink: string;
    readonly targetId: string;
    readonly user: string;
    readonly insertTime: string;
    readonly startTime: string;
    readonly endTime?: string;
    readonly selfLink: string;
    readonly zone?: string;
    readonly region?: string;
}

/** A changed resource whose operation is still running when the operation is returned. */
export interface UnfinishedChange {
    readonly resource: Resource;
    readonly finished: Promise<unknown>;
}

const MAX_OPERATIONS = 1000;
const REQUEST_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations/wait */
const WAIT_MS = 120_000;

/**
 * Operations in all scopes. Nearly all of them are already done when they are returned. The last thousand remain
 * readable.
 */
export class Operations {
    readonly #operations = new Map<string, Operation>();
    readonly #running = new Map<string, Promise<unknown>>();
    readonly #byRequest = new Map<string, Promise<Operation>>();

    /**
     * Records an operation on a resource, in the scope (global, region or zone) of the resource.
     * @param finished resolves once the operation is done. Default: it is already done
     */
    add(operationType: string, target: Resource, principal: Principal, finished?: Promise<unknown>): Operation {
        const [, project = "", scope = "global", zoneOrRegion = ""] = pathOf(target).split("/");
        const location = scope === "global" ? "global" : `${scope}/${zoneOrRegion}`;
        const name = `operation-${Date.now()}-${randomBytes(6).toString("hex")}`;
        const path = `projects/${project}/${location}/operations/${name}`;
        const time = timestamp();
        const operation: Operation = {
            kind: "compute#operation",
            id: newId(),
            name,
            operationType,
            ...(finished === undefined
                ? { status: "DONE", progress: 100, endTime: time }
                : { status: "RUNNING", progress: 0 }),
            targetLink: target.selfLink,
            targetId: target.id,
            user: principal.kind === "serviceAccount" ? principal.email : "developer@localhost",
            insertTime: time,
            startTime: time,
            selfLink: selfLink(path),
            ...(scope === "zones" ? { zone: selfLink(`projects/${project}/${location}`) } : {}),
            ...(scope === "regions" ? { region: selfLink(`projects/${project}/${location}`) } : {}),
        };
        this.#operations.set(path, operation);
        if (finished !== undefined) {
            this.#running.set(path, this.#finish(path, operation, finished));
        }
        prune(this.#operations);
        return operation;
    }

    /**
     * Creates the operation for a request, once per `requestId`, because a client that did not receive a response
     * repeats its request. After a failure, the same id can be used again.
     * @throws ApiError 400 for an id that is not a UUID, and for the zero UUID
     */
    async once(
        { method, path, query }: Pick<ApiRequest, "method" | "path" | "query">,
        make: () => Promise<Operation>,
    ): Promise<Operation> {
        const id = query.get("requestId");
        if (id === null || id === "") {
            return await make();
        }
        if (!REQUEST_ID.test(id) || /^[0-]+$/.test(id)) {
            throw invalid(
                `Invalid value for field 'requestId': '${id}'. It must be a UUID other than the zero UUID.`,
                "requestId",
            );
        }
        const key = `${method} ${path} ${id}`;
        const before = this.#byRequest.get(key);
        if (before !== undefined) {
            const { selfLink: link } = await before;
            return this.get(pathOf({ selfLink: link }));
        }
        const created = make();
        this.#byRequest.set(key, created);
        prune(this.#byRequest);
        try {
            return await created;
        } catch (error) {
            this.#byRequest.delete(key);
            throw error;
        }
    }

    /** @throws ApiError 404 */
    get(path: string): Operation {
        const operation = this.#operations.get(path);
        if (operation === undefined) {
            throw missing(path);
        }
        return operation;
    }

    /**
     * Returns the operation once it is done. After two minutes, returns it in its current state.
     * @throws ApiError 404
     */
    async wait(path: string): Promise<Operation> {
        this.get(path);
        let timer: NodeJS.Timeout | undefined;
        const limit = new Promise((resolve) => {
            timer = setTimeout(resolve, WAIT_MS);
        });
        await Promise.race([this.#running.get(path) ?? Promise.resolve(), limit]);
        clearTimeout(timer);
        return this.get(path);
    }

    async #finish(path: string, operation: Operation, finished: Promise<unknown>): Promise<void> {
        await finished;
        this.#operations.set(path, { ...operation, status: "DONE", progress: 100, endTime: timestamp() });
        this.#running.delete(path);
    }
}

/** Removes the oldest entries until at most MAX_OPERATIONS are left. */
function prune(entries: Map<string, unknown>): void {
    for (const oldest of [...entries.keys()].slice(0, Math.max(0, entries.size - MAX_OPERATIONS))) {
        entries.delete(oldest);
    }
}
