import type { Route } from "../http/router";
import type { ApiRequest } from "../http/types";
import type { ProjectService } from "./projects";

/** Returns the project to which a request applies, or undefined if the request does not identify one. */
type ProjectOf = (request: ApiRequest) => string | undefined;

/**
 * Wraps routes so that they fail while their API is disabled in the request's project.
 *
 * @param service e.g. "compute.googleapis.com"
 */
export function requireApi(
    projects: ProjectService,
    service: string,
    routes: readonly Route[],
    projectOf: ProjectOf,
): Route[] {
    return routes.map((route) => ({
        ...route,
        handler: async (request) => {
            const project = projectOf(request);
            if (project !== undefined) {
                await projects.requireApi(project, service);
            }
            return await route.handler(request);
        },
    }));
}
