import { type Route, route } from "../http/router";
import type { Resource } from "./collection";
import { pathOf } from "./links";
import { listOf } from "./listing";
import { allow, type ComputeServices, LIST, PROJECT_PATH } from "./methods";

/**
 * Declares the method that lists the resources of one kind in all zones or regions, for example
 * https://cloud.google.com/compute/docs/reference/rest/v1/instances/aggregatedList. Locations without resources are
 * omitted; Google lists them with a warning.
 *
 * @param kind plural name as used in paths, e.g. "instances"
 * @param read returns the resources of a project, `projects/P`
 */
export function aggregatedRoute<T extends Resource>(
    services: ComputeServices,
    kind: string,
    read: (project: string) => readonly T[],
): Route {
    return route(
        "GET",
        `${PROJECT_PATH}/aggregated/${kind}` as const,
        (request) => {
            allow(services, request, `compute.${kind}.list`);
            const parent = `projects/${request.params.project}`;
            const listKind = `compute#${kind.replace(/(?<=s)es$|s$/, "")}AggregatedList`;
            const placeOf = (item: Resource) => pathOf(item).split("/").slice(2, 4).join("/");
            // Resources in different zones or regions may have the same name.
            const keyOf = (item: Resource) => `${placeOf(item)}/${item.name}`;
            const all = [...read(parent)].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
            const path = `${parent}/aggregated/${kind}`;
            const { items = [], ...page } = listOf(request.query, listKind, path, all, keyOf);
            const places = [...new Set(items.map(placeOf))];
            const inPlace = (place: string) => ({ [kind]: items.filter((item) => placeOf(item) === place) });
            return { body: { ...page, items: Object.fromEntries(places.map((place) => [place, inPlace(place)])) } };
        },
        LIST,
    );
}
