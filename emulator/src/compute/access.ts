import { permissionDenied, unimplemented } from "../http/errors";
import type { ApiRequest, ApiResponse } from "../http/types";
import type { Resource } from "./collection";
import type { ComputeService } from "./compute-service";

/** Start of every path: projects of either version of the API. */
export const PROJECT_PATH = "/compute/:version/projects/:project";
/** Query parameters of a list. */
export const LIST = { query: ["maxResults", "filter", "orderBy", "pageToken", "returnPartialSuccess"] };
/** Query parameters of a change: a second request with the same `requestId` changes nothing and gets the same operation. */
export const CHANGE = { query: ["requestId"] };

type ComputeRequest = ApiRequest<{ readonly version: string; readonly project: string }>;

/**
 * The services behind the API, for a caller that has this permission in the project.
 * @throws ApiError 403 in Compute Engine's words; 501 for another version of the API
 * @see https://cloud.google.com/compute/docs/access/iam-permissions
 */
export function allow(request: ComputeRequest, permission: string): ComputeService {
    const { version, project } = request.params;
    checkVersion(version);
    const resource = resourceOf(request.path) ?? `projects/${project}`;
    if (!request.services.policies.check(request.principal, permission, resource)) {
        throw permissionDenied(`Required '${permission}' permission for '${resource}'`);
    }
    return request.services.compute;
}

/** @throws ApiError 501 for another version of the API than v1 and beta */
export function checkVersion(version: string): void {
    if (version !== "v1" && version !== "beta") {
        throw unimplemented(`version "${version}" of the Compute Engine API (it has v1 and beta)`);
    }
}

/** The resource that a path names, without a verb after it: `projects/P/zones/Z/instances/N`. */
function resourceOf(path: string): string | undefined {
    return /\/(projects\/[^/]+\/(global|(zones|regions)\/[^/]+)\/[^/]+\/[^/]+)/.exec(path)?.[1];
}

/** Does a change and answers with its operation, which is done. `act` gives the resource that was changed. */
export async function change(
    request: ComputeRequest,
    permission: string,
    operationType: string,
    act: (compute: ComputeService) => Promise<Resource>,
): Promise<ApiResponse> {
    const compute = allow(request, permission);
    const { operations } = compute;
    const operation = await operations.once(request, async () =>
        operations.add(operationType, await act(compute), request.principal),
    );
    return { body: operation };
}
