import type { Route } from "../http/router";
import { accessConfigBody, setSecurityPolicyBody, updateInterfaceBody } from "./instance-schema";
import type { Instance, NetworkInterface } from "./instance-types";
import { checkInterfaceName, movedInterface, withAccessConfig, withoutAccessConfig } from "./interfaces";
import { type ComputeServices, methodsOf } from "./methods";

/** Changes to an instance's network interface: https://cloud.google.com/compute/docs/reference/rest/v1/instances */
export function interfaceRoutes(services: ComputeServices): Route[] {
    const { instances, networks } = services.compute;
    const { verb } = methodsOf(services, "zones/:zone", "instances");
    const context = { networks, usedAddresses: (subnetwork: string) => instances.addresses(subnetwork) };
    const setInterface = (path: string, change: (instance: Instance) => NetworkInterface) =>
        instances.update(path, false, (instance) => ({ networkInterfaces: [change(instance)] }));
    return [
        verb(
            "updateNetworkInterface",
            async (path, request) => {
                checkInterfaceName(request.query.get("networkInterface"));
                const body = await request.read(updateInterfaceBody);
                return setInterface(path, (instance) => movedInterface(instance, body, context));
            },
            { method: "PATCH", query: ["networkInterface"] },
        ),
        verb(
            "addAccessConfig",
            async (path, request) => {
                checkInterfaceName(request.query.get("networkInterface"));
                const body = await request.read(accessConfigBody);
                return setInterface(path, (instance) => withAccessConfig(instance, body));
            },
            { query: ["networkInterface"] },
        ),
        verb(
            "deleteAccessConfig",
            async (path, request) => {
                checkInterfaceName(request.query.get("networkInterface"));
                const name = request.query.get("accessConfig");
                return setInterface(path, (instance) => withoutAccessConfig(instance, name));
            },
            { query: ["networkInterface", "accessConfig"] },
        ),
        verb("setSecurityPolicy", async (path, request) => {
            // The provider removes the security policy whenever an access config changes. In the emulator, no instance
            // has one.
            await request.read(setSecurityPolicyBody);
            return instances.update(path, false, () => ({}));
        }),
    ];
}
