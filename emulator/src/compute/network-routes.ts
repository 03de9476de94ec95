import type { Route } from "../http/router";
import { aggregatedRoute } from "./aggregated";
import { checkRegion } from "./links";
import { type ComputeServices, methodsOf } from "./methods";
import { expandRangeBody, firewallBody, networkBody, privateAccessBody, subnetworkBody } from "./network-schema";
import { inProject } from "./spare-resources";

const whereOf = ({ method, path }: { readonly method: string; readonly path: string }) => `${method} ${path}`;

/** Networks, subnetworks and firewall rules: https://cloud.google.com/compute/docs/reference/rest/v1/networks */
export function networkRoutes(services: ComputeServices): Route[] {
    return [...networkMethods(services), ...subnetworkMethods(services), ...firewallMethods(services)];
}

function networkMethods(services: ComputeServices): Route[] {
    const { networks } = services.compute;
    const { get, list, insert, patch, remove } = methodsOf(services, "global", "networks");
    return [
        insert(async (request) => networks.insertNetwork(request.params.project, await request.read(networkBody))),
        list((parent) => networks.networks.list(parent)),
        get((path) => networks.network(path)),
        patch(async (path, request) => networks.patchNetwork(path, await request.json<object>(), whereOf(request))),
        remove((path) => networks.deleteNetwork(path)),
    ];
}

function subnetworkMethods(services: ComputeServices): Route[] {
    const { compute } = services;
    const { networks } = compute;
    const { get, list, insert, patch, remove, verb } = methodsOf(services, "regions/:region", "subnetworks");
    return [
        insert(async (request) => {
            const { project, region } = request.params;
            const body = await request.read(subnetworkBody);
            return networks.insertSubnetwork(project, checkRegion(project, region), body);
        }),
        list((parent) => networks.subnetworks.list(parent)),
        aggregatedRoute(services, "subnetworks", (project) => inProject(networks.subnetworks, project)),
        get((path) => networks.subnetwork(path)),
        verb("setPrivateIpGoogleAccess", async (path, request) => {
            const { privateIpGoogleAccess } = await request.read(privateAccessBody);
            return networks.setPrivateAccess(path, privateIpGoogleAccess);
        }),
        verb("expandIpCidrRange", async (path, request) => {
            const { ipCidrRange } = await request.read(expandRangeBody);
            return networks.expandRange(path, ipCidrRange);
        }),
        patch(async (path, request) => networks.patchSubnetwork(path, await request.json<object>(), whereOf(request))),
        remove((path) => compute.deleteSubnetwork(path)),
    ];
}

function firewallMethods(services: ComputeServices): Route[] {
    const { firewalls } = services.compute.networks;
    const { get, list, insert, patch, remove } = methodsOf(services, "global", "firewalls");
    return [
        insert(async (request) => firewalls.insert(request.params.project, await request.read(firewallBody))),
        list((parent) => firewalls.rules.list(parent)),
        get((path) => firewalls.rules.get(path)),
        patch(async (path, request) => firewalls.patch(path, await request.json(), whereOf(request))),
        remove((path) => firewalls.rules.delete(path)),
    ];
}
