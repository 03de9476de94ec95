import { type ApiError, permissionDenied } from "../http/errors";
import { type Route, route } from "../http/router";
import type { Organization } from "../org/organization";
import { acceleratorTypeAt, acceleratorTypesIn, allAcceleratorTypes } from "./accelerator-types";
import { aggregatedRoute } from "./aggregated";
import { selfLink } from "./links";
import { listOf } from "./listing";
import { machineTypeAt, machineTypesIn } from "./machine-types";
import { allow, type ComputeServices, LIST, methodsOf, PROJECT_PATH } from "./methods";
import { regionQuotas } from "./quotas";
import { REGIONS, zonesOf } from "./regions";

const CREATED = "1969-12-31T16:00:00.000-08:00";

/** Regions with their quotas, zones, machine types, and GPUs. */
export function placeRoutes(services: ComputeServices & { readonly org: Organization }): Route[] {
    const types = methodsOf(services, "zones/:zone", "machineTypes");
    const gpus = methodsOf(services, "zones/:zone", "acceleratorTypes");
    const { compute, org } = services;
    const known = (path: string, names: readonly string[]) => {
        const name = path.split("/")[3] ?? "";
        if (!names.includes(name)) {
            throw unknownLocation(path.split("/")[1] ?? "", name);
        }
        return path;
    };
    const zones = REGIONS.flatMap(zonesOf);
    const describeRegion = (project: string, region: string) => ({
        kind: "compute#region",
        id: String(1000 + REGIONS.indexOf(region) * 10),
        creationTimestamp: CREATED,
        name: region,
        description: region,
        status: "UP",
        zones: zonesOf(region).map((zone) => selfLink(`projects/${project}/zones/${zone}`)),
        quotas: regionQuotas(compute, org, project, region),
        selfLink: selfLink(`projects/${project}/regions/${region}`),
        supportsPzs: false,
    });
    const describeZone = (project: string, zone: string) => ({
        kind: "compute#zone",
        id: String(2000 + zones.indexOf(zone)),
        creationTimestamp: CREATED,
        name: zone,
        description: zone,
        status: "UP",
        region: selfLink(`projects/${project}/regions/${zone.slice(0, -2)}`),
        selfLink: selfLink(`projects/${project}/zones/${zone}`),
    });
    return [
        types.get((path) => machineTypeAt(known(path, zones))),
        types.list((zone) => machineTypesIn(known(zone, zones))),
        gpus.get((path) => acceleratorTypeAt(known(path, zones))),
        gpus.list((zone) => acceleratorTypesIn(known(zone, zones))),
        aggregatedRoute(services, "acceleratorTypes", allAcceleratorTypes),
        route("GET", `${PROJECT_PATH}/zones/:zone`, (request) => {
            allow(services, request, "compute.zones.get");
            const { project, zone } = request.params;
            known(`projects/${project}/zones/${zone}`, zones);
            return { body: describeZone(project, zone) };
        }),
        route(
            "GET",
            `${PROJECT_PATH}/zones`,
            (request) => {
                allow(services, request, "compute.zones.list");
                const { project } = request.params;
                const items = [...zones].sort().map((zone) => describeZone(project, zone));
                return { body: listOf(request.query, "compute#zoneList", `projects/${project}/zones`, items) };
            },
            LIST,
        ),
        route("GET", `${PROJECT_PATH}/regions/:region`, (request) => {
            allow(services, request, "compute.regions.get");
            const { project, region } = request.params;
            known(`projects/${project}/regions/${region}`, REGIONS);
            return { body: describeRegion(project, region) };
        }),
        route(
            "GET",
            `${PROJECT_PATH}/regions`,
            (request) => {
                allow(services, request, "compute.regions.list");
                const { project } = request.params;
                const items = REGIONS.map((region) => describeRegion(project, region));
                return { body: listOf(request.query, "compute#regionList", `projects/${project}/regions`, items) };
            },
            LIST,
        ),
    ];
}

/** Google's message does not reveal whether the location exists. https://github.com/firezone/firezone/pull/7711 */
function unknownLocation(project: string, location: string): ApiError {
    return permissionDenied(`Permission denied on 'locations/${location}' (or it may not exist).`, [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: "LOCATION_POLICY_VIOLATED",
            domain: "googleapis.com",
            metadata: { consumer: `projects/${project}`, location, service: "" },
        },
    ]);
}
