import { randomBytes } from "node:crypto";
import { ApiError, invalid } from "../http/errors";
import type { ApiRequest, Principal } from "../http/types";
import type { Resource } from "./collection";
import { missing, newId, pathOf, selfLink, timestamp } from "./links";

type OperationStatus = "PENDING" | "RUNNING" | "DONE";

/** https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations */
export interface Operation {
    readonly kind: "compute#operation";
    readonly id: string;
    readonly name: string;
    readonly operationType: string;
    readonly status: OperationStatus;
    readonly progress: number;
    readonly targetLink: string;
    readonly targetId: string;
    readonly user: string;
    readonly insertTime: string;
    /** Absent while the operation is PENDING. */
    readonly startTime?: string;
    readonly endTime?: string;
    readonly httpErrorStatusCode?: number;
    readonly httpErrorMessage?: string;
    readonly error?: { readonly errors: readonly { readonly code: string; readonly message: string }[] };
    readonly selfLink: string;
    readonly zone?: string;
    readonly region?: string;
}

/** A changed resource whose change is still in progress when its operation is returned. */
export interface UnfinishedChange {
    readonly resource: Resource;
    readonly finished: Promise<unknown>;
}

/** A failure that Compute Engine reports in the operation, after it has accepted the request. */
export class OperationError extends Error {
    /** Path of the resource that was not created or changed. */
    readonly path: string;
    /** E.g. "QUOTA_EXCEEDED". */
    readonly code: string;
    readonly httpStatus: number;
    /** E.g. "FORBIDDEN". */
    readonly httpMessage: string;

    constructor(path: string, code: string, message: string, httpStatus: number, httpMessage: string) {
        super(message);
        this.path = path;
        this.code = code;
        this.httpStatus = httpStatus;
        this.httpMessage = httpMessage;
    }
}

const MAX_OPERATIONS = 1000;
const REQUEST_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations/wait */
const WAIT_MS = 120_000;

/**
 * Operations in all scopes. Each is PENDING for a third of its duration, then RUNNING until the duration has passed and
 * the change is complete. The last thousand remain readable.
 */
export class Operations {
    readonly #operations = new Map<string, Operation>();
    readonly #running = new Map<string, Promise<unknown>>();
    readonly #byRequest = new Map<string, Promise<Operation>>();
    readonly #durationMs: number;

    /** @param durationMs minimum duration of an operation; 0 for operations that are done when they are returned */
    constructor(durationMs = 0) {
        this.#durationMs = durationMs;
    }

    /**
     * Records an operation on a resource, in the resource's scope (global, region or zone).
     * @param finished resolves once the change is complete. Default: it is already complete
     */
    add(operationType: string, target: Resource, principal: Principal, finished?: Promise<unknown>): Operation {
        const operation = newOperation(operationType, target, principal);
        const path = pathOf(operation);
        const delay = this.#durationMs;
        if (finished === undefined && delay === 0) {
            const done = { ...operation, ...started(), ...ended() };
            this.#operations.set(path, done);
            prune(this.#operations);
            return done;
        }
        const first = delay === 0 ? { ...operation, ...started() } : operation;
        this.#operations.set(path, first);
        this.#running.set(path, this.#finish(path, finished));
        prune(this.#operations);
        return first;
    }

    /** Records an operation that fails. */
    async addFailed(operationType: string, principal: Principal, failure: OperationError): Promise<Operation> {
        const target = { id: newId(), name: "", selfLink: selfLink(failure.path) };
        const operation = this.add(operationType, target, principal, Promise.reject(failure));
        return this.#durationMs > 0 ? operation : await this.wait(pathOf(operation));
    }

    /**
     * Rejects the use of a resource whose creation is not complete.
     * @throws ApiError 400 with Compute Engine's message
     */
    requireReady(path: string): void {
        const isInserting = ({ operationType, targetLink, status }: Operation) =>
            operationType === "insert" && targetLink === selfLink(path) && status !== "DONE";
        if ([...this.#operations.values()].some(isInserting)) {
            throw new ApiError(400, "resourceNotReady", `The resource '${path}' is not ready`);
        }
    }

    /**
     * Creates the operation for a request, once per `requestId`, because a client that did not receive a response
     * retries its request. After a failure, the same id can be used again.
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

    /** The operations in a scope, ordered by name. @param parent e.g. `projects/P/zones/Z` */
    list(parent: string): Operation[] {
        return [...this.#operations]
            .flatMap(([path, operation]) => (path.startsWith(`${parent}/operations/`) ? [operation] : []))
            .sort((a, b) => (a.name < b.name ? -1 : 1));
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

    /** Moves an operation through its states. Never rejects. */
    async #finish(path: string, finished: Promise<unknown> | undefined): Promise<void> {
        const outcome = Promise.allSettled([finished]);
        if (this.#durationMs > 0) {
            await pause(this.#durationMs / 3);
            this.#change(path, started());
            await pause((this.#durationMs * 2) / 3);
        }
        const [result] = await outcome;
        this.#change(path, { ...ended(), ...(result?.status === "rejected" ? failed(result.reason) : {}) });
        this.#running.delete(path);
    }

    #change(path: string, fields: Partial<Operation>): void {
        const operation = this.#operations.get(path);
        if (operation !== undefined) {
            this.#operations.set(path, { ...operation, ...fields });
        }
    }
}

function newOperation(operationType: string, target: Resource, principal: Principal): Operation {
    const [, project = "", scope = "global", zoneOrRegion = ""] = pathOf(target).split("/");
    const location = scope === "global" ? "global" : `${scope}/${zoneOrRegion}`;
    const name = `operation-${Date.now()}-${randomBytes(6).toString("hex")}`;
    return {
        kind: "compute#operation",
        id: newId(),
        name,
        operationType,
        status: "PENDING",
        progress: 0,
        targetLink: target.selfLink,
        targetId: target.id,
        user: principal.kind === "serviceAccount" ? principal.email : "developer@localhost",
        insertTime: timestamp(),
        selfLink: selfLink(`projects/${project}/${location}/operations/${name}`),
        ...(scope === "zones" ? { zone: selfLink(`projects/${project}/${location}`) } : {}),
        ...(scope === "regions" ? { region: selfLink(`projects/${project}/${location}`) } : {}),
    };
}

function started() {
    return { status: "RUNNING" as const, startTime: timestamp() };
}

function ended() {
    return { status: "DONE" as const, progress: 100, endTime: timestamp() };
}

/** Returns the fields for a failed operation: https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations */
function failed(reason: unknown): Partial<Operation> {
    const { code, message, httpStatus, httpMessage } =
        reason instanceof OperationError
            ? reason
            : { code: "INTERNAL_ERROR", message: String(reason), httpStatus: 500, httpMessage: "INTERNAL ERROR" };
    return {
        httpErrorStatusCode: httpStatus,
        httpErrorMessage: httpMessage,
        error: { errors: [{ code, message }] },
    };
}

/** Resolves after a delay, without keeping the process alive. */
export function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
        setTimeout(resolve, ms).unref();
    });
}

/** Removes the oldest entries until at most MAX_OPERATIONS are left. */
function prune(entries: Map<string, unknown>): void {
    for (const oldest of [...entries.keys()].slice(0, Math.max(0, entries.size - MAX_OPERATIONS))) {
        entries.delete(oldest);
    }
}
