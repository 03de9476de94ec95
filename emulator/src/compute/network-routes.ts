import { type Route, route } from "../http/router";
import { allow, CHANGE, change, LIST, PROJECT_PATH } from "./access";
import { checkRegion } from "./links";
import { listOf } from "./listing";
import { expandRangeBody, firewallBody, networkBody, privateAccessBody, subnetworkBody } from "./network-schema";

const NETWORKS = `${PROJECT_PATH}/global/networks` as const;
const SUBNETWORKS = `${PROJECT_PATH}/regions/:region/subnetworks` as const;
const FIREWALLS = `${PROJECT_PATH}/global/firewalls` as const;

type GlobalName = { readonly project: string; readonly name: string };
type RegionalName = GlobalName & { readonly region: string };

const networkPath = (params: GlobalName) => `projects/${params.project}/global/networks/${params.name}`;
const firewallPath = (params: GlobalName) => `projects/${params.project}/global/firewalls/${params.name}`;
const subnetworkPath = (params: RegionalName) =>
    `projects/${params.project}/regions/${params.region}/subnetworks/${params.name}`;

const whereOf = ({ method, path }: { readonly method: string; readonly path: string }) => `${method} ${path}`;

/** Networks, subnetworks and firewall rules: https://cloud.google.com/compute/docs/reference/rest/v1/networks */
export function networkRoutes(): Route[] {
    return [...networks(), ...subnetworks(), ...firewalls()];
}

function networks(): Route[] {
    return [
        route(
            "POST",
            NETWORKS,
            (request) =>
                change(request, "compute.networks.create", "insert", async ({ networks }) =>
                    networks.insertNetwork(request.params.project, await request.read(networkBody)),
                ),
            CHANGE,
        ),
        route(
            "GET",
            NETWORKS,
            (request) => {
                const parent = `projects/${request.params.project}/global`;
                const items = allow(request, "compute.networks.list").networks.networks.list(parent);
                return { body: listOf(request.query, "compute#networkList", `${parent}/networks`, items) };
            },
            LIST,
        ),
        route("GET", `${NETWORKS}/:name`, (request) => ({
            body: allow(request, "compute.networks.get").networks.network(networkPath(request.params)),
        })),
        route(
            "PATCH",
            `${NETWORKS}/:name`,
            (request) =>
                change(request, "compute.networks.update", "patch", async ({ networks }) =>
                    networks.patchNetwork(networkPath(request.params), await request.json<object>(), whereOf(request)),
                ),
            CHANGE,
        ),
        route(
            "DELETE",
            `${NETWORKS}/:name`,
            (request) =>
                change(request, "compute.networks.delete", "delete", ({ networks }) =>
                    networks.deleteNetwork(networkPath(request.params)),
                ),
            CHANGE,
        ),
    ];
}

function subnetworks(): Route[] {
    return [
        route(
            "POST",
            SUBNETWORKS,
            (request) =>
                change(request, "compute.subnetworks.create", "insert", async ({ networks }) => {
                    const { project, region } = request.params;
                    const body = await request.read(subnetworkBody);
                    return networks.insertSubnetwork(project, checkRegion(project, region), body);
                }),
            CHANGE,
        ),
        route(
            "GET",
            SUBNETWORKS,
            (request) => {
                const parent = `projects/${request.params.project}/regions/${request.params.region}`;
                const items = allow(request, "compute.subnetworks.list").networks.subnetworks.list(parent);
                return { body: listOf(request.query, "compute#subnetworkList", `${parent}/subnetworks`, items) };
            },
            LIST,
        ),
        route("GET", `${SUBNETWORKS}/:name`, (request) => ({
            body: allow(request, "compute.subnetworks.get").networks.subnetwork(subnetworkPath(request.params)),
        })),
        route(
            "POST",
            `${SUBNETWORKS}/:name/setPrivateIpGoogleAccess`,
            (request) => {
                const permission = "compute.subnetworks.setPrivateIpGoogleAccess";
                return change(request, permission, "setPrivateIpGoogleAccess", async ({ networks }) => {
                    const { privateIpGoogleAccess } = await request.read(privateAccessBody);
                    return networks.setPrivateAccess(subnetworkPath(request.params), privateIpGoogleAccess);
                });
            },
            CHANGE,
        ),
        route(
            "POST",
            `${SUBNETWORKS}/:name/expandIpCidrRange`,
            (request) =>
                change(request, "compute.subnetworks.expandIpCidrRange", "expandIpCidrRange", async ({ networks }) => {
                    const { ipCidrRange } = await request.read(expandRangeBody);
                    return networks.expandRange(subnetworkPath(request.params), ipCidrRange);
                }),
            CHANGE,
        ),
        route(
            "PATCH",
            `${SUBNETWORKS}/:name`,
            (request) =>
                change(request, "compute.subnetworks.update", "patch", async ({ networks }) =>
                    networks.patchSubnetwork(
                        subnetworkPath(request.params),
                        await request.json<object>(),
                        whereOf(request),
                    ),
                ),
            CHANGE,
        ),
        route(
            "DELETE",
            `${SUBNETWORKS}/:name`,
            (request) =>
                change(request, "compute.subnetworks.delete", "delete", (compute) =>
                    compute.deleteSubnetwork(subnetworkPath(request.params)),
                ),
            CHANGE,
        ),
    ];
}

function firewalls(): Route[] {
    return [
        route(
            "POST",
            FIREWALLS,
            (request) =>
                change(request, "compute.firewalls.create", "insert", async ({ networks }) =>
                    networks.firewalls.insert(request.params.project, await request.read(firewallBody)),
                ),
            CHANGE,
        ),
        route(
            "GET",
            FIREWALLS,
            (request) => {
                const parent = `projects/${request.params.project}/global`;
                const items = allow(request, "compute.firewalls.list").networks.firewalls.rules.list(parent);
                return { body: listOf(request.query, "compute#firewallList", `${parent}/firewalls`, items) };
            },
            LIST,
        ),
        route("GET", `${FIREWALLS}/:name`, (request) => ({
            body: allow(request, "compute.firewalls.get").networks.firewalls.rules.get(firewallPath(request.params)),
        })),
        route(
            "PATCH",
            `${FIREWALLS}/:name`,
            (request) =>
                change(request, "compute.firewalls.update", "patch", async ({ networks }) =>
                    networks.firewalls.patch(
                        firewallPath(request.params),
                        await request.json<Record<string, unknown>>(),
                        whereOf(request),
                    ),
                ),
            CHANGE,
        ),
        route(
            "DELETE",
            `${FIREWALLS}/:name`,
            (request) =>
                change(request, "compute.firewalls.delete", "delete", ({ networks }) =>
                    networks.firewalls.rules.delete(firewallPath(request.params)),
                ),
            CHANGE,
        ),
    ];
}
