import { computeRoutes } from "./compute/routes";
import { consoleRoutes } from "./console/routes";
import type { Route } from "./http/router";
import { iamRoutes } from "./iam/routes";
import { loggingRoutes } from "./logging/routes";
import { projectRoutes } from "./project/routes";
import { artifactRoutes } from "./registry/artifact-routes";
import { ociRoutes } from "./registry/oci-routes";
import { storageRoutes } from "./storage/routes";

/** All routes of the main port. One line for each area; the first matching route wins. */
export function mainRoutes(): Route[] {
    return [
        ...storageRoutes(),
        ...iamRoutes(),
        ...projectRoutes(),
        ...computeRoutes(),
        ...artifactRoutes(),
        // Before the registry, whose images are under /v2 too.
        ...loggingRoutes(),
        ...ociRoutes(),
        ...consoleRoutes(),
    ];
}
