import { permissionDenied, unimplemented } from "../http/errors";
import { type ParamsOf, type Route, route } from "../http/router";
import type { ApiRequest, ApiResponse, Principal } from "../http/types";
import type { IamService } from "../iam/service";
import type { ProjectService } from "../projects/projects";
import type { Resource } from "./collection";
import type { ComputeService } from "./compute-service";
import { listOf } from "./listing";
import { OperationError, type UnfinishedChange } from "./operations";

/** Prefix of every path: a version of the API, and a project. */
export const PROJECT_PATH = "/compute/:version/projects/:project";
/** Query parameters for a list request. */
export const LIST = { query: ["maxResults", "filter", "orderBy", "pageToken", "returnPartialSuccess"] };

/** The services that Compute Engine's routes use. */
export interface ComputeServices {
    readonly compute: ComputeService;
    readonly iam: IamService;
    readonly projects: ProjectService;
}

/** The ways in which a method deviates from the conventions of `methodsOf`. */
export interface MethodExceptions {
    /** Default: "POST". */
    readonly method?: "POST" | "PATCH";
    /** Accepted query parameters besides `requestId`. */
    readonly query?: readonly string[];
    /** Operation type. Default: the method name. */
    readonly operation?: string;
}

/** The scope of resources, i.e. the path between the project and the kind of resource. */
type Scope = "global" | "zones/:zone" | "regions/:region";
type ComputeRequest = ApiRequest<{ readonly version: string; readonly project: string }>;
type ScopeRequest<S extends Scope> = ApiRequest<ParamsOf<`${typeof PROJECT_PATH}/${S}`>>;
type Change = Resource | UnfinishedChange;
/** Changes the resource at a path, e.g. `projects/P/zones/Z/instances/N`, and returns it. */
type Act<S extends Scope> = (path: string, request: ScopeRequest<S>) => Promise<Change>;

/**
 * Declares the methods of one kind of resource. Compute Engine's conventions apply: the method `setTags` of `instances`
 * requires the permission `compute.instances.setTags` and starts an operation of the type `setTags`.
 *
 * @param kind plural name as used in paths, e.g. "instances"
 */
export function methodsOf<S extends Scope>(services: ComputeServices, scope: S, kind: string) {
    const collection = `${PROJECT_PATH}/${scope}/${kind}`;
    const one = `${collection}/:name`;
    const parentOf = ({ params }: ApiRequest) =>
        `projects/${params.project}/${scope.replace(/:(\w+)/, (_, name: string) => params[name] ?? "")}`;
    const pathOf = (request: ApiRequest) => `${parentOf(request)}/${kind}/${request.params.name}`;

    /** Declares a method that changes a resource and returns the operation. */
    const changing = (
        method: string,
        pattern: string,
        [permission, operation]: readonly [string, string],
        act: (request: ApiRequest) => Promise<Change>,
        query: readonly string[] = [],
    ): Route =>
        route(
            method,
            pattern,
            (request: ApiRequest) =>
                change(
                    services,
                    request as ApiRequest & ComputeRequest,
                    `compute.${kind}.${permission}`,
                    operation,
                    () => act(request),
                ),
            { query: ["requestId", ...query] },
        );
    // The pattern includes the scope's parameters, so the narrower request type is correct.
    const onOne = (act: Act<S>) => (request: ApiRequest) => act(pathOf(request), request as ScopeRequest<S>);

    return {
        get: (read: (path: string) => object, query: readonly string[] = []): Route =>
            route(
                "GET",
                one,
                (request: ApiRequest) => {
                    allow(services, request as ApiRequest & ComputeRequest, `compute.${kind}.get`);
                    return { body: read(pathOf(request)) };
                },
                { query },
            ),
        list: (read: (parent: string) => readonly Resource[]): Route =>
            route(
                "GET",
                collection,
                (request: ApiRequest) => {
                    allow(services, request as ApiRequest & ComputeRequest, `compute.${kind}.list`);
                    const parent = parentOf(request);
                    const listKind = `compute#${kind.replace(/(?<=s)es$|s$/, "")}List`;
                    return { body: listOf(request.query, listKind, `${parent}/${kind}`, read(parent)) };
                },
                LIST,
            ),
        insert: (create: (request: ScopeRequest<S>) => Promise<Change>): Route =>
            changing("POST", collection, ["create", "insert"], (request) => create(request as ScopeRequest<S>)),
        patch: (act: Act<S>): Route => changing("PATCH", one, ["update", "patch"], onOne(act)),
        update: (act: Act<S>, query: readonly string[] = []): Route =>
            changing("PUT", one, ["update", "update"], onOne(act), query),
        remove: (act: Act<S>, query: readonly string[] = []): Route =>
            changing("DELETE", one, ["delete", "delete"], onOne(act), query),
        verb: (name: string, act: Act<S>, { method = "POST", query, operation = name }: MethodExceptions = {}): Route =>
            changing(method, `${one}/${name}`, [name, operation], onOne(act), query),
    };
}

/**
 * Rejects a caller that has the permission neither in the project nor on the resource in the path.
 * @throws ApiError 403 with Compute Engine's message; 501 for another version of the API
 * @see https://cloud.google.com/compute/docs/access/iam-permissions
 */
export function allow({ iam }: ComputeServices, request: ComputeRequest, permission: string): void {
    const { version, project } = request.params;
    checkVersion(version);
    const resource = resourceOf(request.path) ?? `projects/${project}`;
    requirePermission({ iam }, request.principal, permission, resource);
}

/** @throws ApiError 403 with Compute Engine's message */
export function requirePermission(
    { iam }: Pick<ComputeServices, "iam">,
    principal: Principal,
    permission: string,
    resource: string,
): void {
    if (!iam.policies.check(principal, permission, resource)) {
        throw permissionDenied(`Required '${permission}' permission for '${resource}'`);
    }
}

/** @throws ApiError 501 for an API version other than v1 and beta */
export function checkVersion(version: string): void {
    if (version !== "v1" && version !== "beta") {
        throw unimplemented(`version "${version}" of the Compute Engine API (only v1 and beta are supported)`);
    }
}

/** The resource in a path, without a trailing verb: `projects/P/zones/Z/instances/N`. */
function resourceOf(path: string): string | undefined {
    return /\/(projects\/[^/]+\/(global|(zones|regions)\/[^/]+)\/[^/]+\/[^/]+)/.exec(path)?.[1];
}

/**
 * Makes a change and returns its operation, which may have failed. A request that repeats a `requestId` changes
 * nothing.
 */
export async function change(
    services: ComputeServices,
    request: ComputeRequest,
    permission: string,
    operationType: string,
    act: () => Promise<Change>,
): Promise<ApiResponse> {
    allow(services, request, permission);
    const { operations } = services.compute;
    const operation = await operations.once(request, async () => {
        try {
            const changed = await act();
            return "finished" in changed
                ? operations.add(operationType, changed.resource, request.principal, changed.finished)
                : operations.add(operationType, changed, request.principal);
        } catch (error) {
            if (error instanceof OperationError) {
                return await operations.addFailed(operationType, request.principal, error);
            }
            throw error;
        }
    });
    return { body: operation };
}
