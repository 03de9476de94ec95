import { type Route, route } from "../http/router";
import { change, PROJECT_PATH } from "./access";
import type { ComputeService } from "./compute-service";
import { accessConfigBody, setSecurityPolicyBody, updateInterfaceBody } from "./instance-schema";
import type { Instance, NetworkInterface } from "./instance-types";
import {
    checkInterfaceName,
    type InterfaceContext,
    movedInterface,
    withAccessConfig,
    withoutAccessConfig,
} from "./interfaces";
import { instancePath } from "./links";

const ONE = `${PROJECT_PATH}/zones/:zone/instances/:name` as const;
const QUERY = { query: ["requestId", "networkInterface"] };

/** Changes of an instance's network interface: https://cloud.google.com/compute/docs/reference/rest/v1/instances */
export function interfaceRoutes(): Route[] {
    return [
        route(
            "PATCH",
            `${ONE}/updateNetworkInterface`,
            (request) => {
                const permission = "compute.instances.updateNetworkInterface";
                return change(request, permission, "updateNetworkInterface", async (compute) => {
                    checkInterfaceName(request.query.get("networkInterface"));
                    const body = await request.read(updateInterfaceBody);
                    return setInterface(compute, instancePath(request.params), (instance) =>
                        movedInterface(instance, body, contextOf(compute)),
                    );
                });
            },
            QUERY,
        ),
        route(
            "POST",
            `${ONE}/addAccessConfig`,
            (request) =>
                change(request, "compute.instances.addAccessConfig", "addAccessConfig", async (compute) => {
                    checkInterfaceName(request.query.get("networkInterface"));
                    const body = await request.read(accessConfigBody);
                    return setInterface(compute, instancePath(request.params), (instance) =>
                        withAccessConfig(instance, body),
                    );
                }),
            QUERY,
        ),
        route(
            "POST",
            `${ONE}/deleteAccessConfig`,
            (request) =>
                change(request, "compute.instances.deleteAccessConfig", "deleteAccessConfig", async (compute) => {
                    checkInterfaceName(request.query.get("networkInterface"));
                    const name = request.query.get("accessConfig");
                    return setInterface(compute, instancePath(request.params), (instance) =>
                        withoutAccessConfig(instance, name),
                    );
                }),
            { query: ["requestId", "networkInterface", "accessConfig"] },
        ),
        route(
            "POST",
            `${ONE}/setSecurityPolicy`,
            (request) => {
                const permission = "compute.instances.setSecurityPolicy";
                return change(request, permission, "setSecurityPolicy", async ({ instances }) => {
                    // The provider takes the policy away whenever an access config changes; there is none to take.
                    await request.read(setSecurityPolicyBody);
                    return instances.update(instancePath(request.params), false, () => ({}));
                });
            },
            { query: ["requestId"] },
        ),
    ];
}

function contextOf({ instances, networks }: ComputeService): InterfaceContext {
    return { networks, usedAddresses: (subnetwork) => instances.addresses(subnetwork) };
}

function setInterface(
    { instances }: ComputeService,
    path: string,
    change: (instance: Instance) => NetworkInterface,
): Promise<Instance> {
    return instances.update(path, false, (instance) => ({ networkInterfaces: [change(instance)] }));
}
