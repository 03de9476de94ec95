import type { Route } from "./http/router";
import type { Services } from "./services";

/** All routes of the main port. One line for each area; the first matching route wins. */
export function mainRoutes(_services: Services): Route[] {
    return [];
}
