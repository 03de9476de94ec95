import { createHash } from "node:crypto";
import { ApiError, invalid } from "../http/errors";
import type { ZoneRef } from "./instance-checks";
import type { AccessConfigBody, InterfaceBody, UpdateInterfaceBody } from "./instance-schema";
import type { AccessConfig, Instance, NetworkInterface } from "./instance-types";
import { fingerprint, lastSegment, pathOf, referencePath, regionOf, requireFingerprint } from "./links";
import type { Subnetwork } from "./network-schema";
import type { NetworkService } from "./networks";
import { freeAddress, isUsable, parseRange } from "./subnet-range";

/** The networks and addresses against which an interface is checked. */
export interface InterfaceContext {
    readonly networks: NetworkService;
    /** Returns the addresses of other instances in a subnetwork, given its link. */
    readonly usedAddresses: (subnetwork: string) => ReadonlySet<string>;
}

/** The instance to which an interface belongs. */
type Owner = ZoneRef & { readonly name: string };

/**
 * Creates an instance's interface in an existing network.
 * @throws ApiError 400 for an unavailable address or an unsuitable network, 404 for a missing network
 */
export function newInterface(requested: InterfaceBody, owner: Owner, context: InterfaceContext): NetworkInterface {
    const subnetwork = subnetworkOf(requested, owner, context.networks);
    const [access] = requested.accessConfigs ?? [];
    return withFingerprint({
        kind: "compute#networkInterface",
        name: "nic0",
        network: subnetwork.network,
        subnetwork: subnetwork.selfLink,
        networkIP: addressIn(subnetwork, requested.networkIP, context.usedAddresses(subnetwork.selfLink)),
        stackType: "IPV4_ONLY",
        ...(requested.nicType === undefined ? {} : { nicType: requested.nicType }),
        ...(access === undefined ? {} : { accessConfigs: [newAccessConfig(access, owner)] }),
    });
}

/**
 * Returns an instance's interface after a move to another subnetwork or address.
 * @throws ApiError 400 if the fingerprint is missing, the instance is running or the network is unsuitable; 412 for a
 * stale fingerprint
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/updateNetworkInterface
 */
export function movedInterface(
    instance: Instance,
    body: UpdateInterfaceBody,
    context: InterfaceContext,
): NetworkInterface {
    const before = interfaceOf(instance);
    if (body.fingerprint === undefined) {
        throw invalid("Required field 'resource.fingerprint' not specified.", "resource.fingerprint");
    }
    requireFingerprint(body.fingerprint, before.fingerprint, "network interface");
    const owner = ownerOf(instance);
    const requested = body.network === undefined && body.subnetwork === undefined ? before : body;
    const subnetwork = subnetworkOf(requested, owner, context.networks);
    const stays = subnetwork.selfLink === before.subnetwork;
    const used = new Set(context.usedAddresses(subnetwork.selfLink));
    if (stays) {
        used.delete(before.networkIP);
    }
    const networkIP = addressIn(subnetwork, body.networkIP ?? (stays ? before.networkIP : undefined), used);
    if ((!stays || networkIP !== before.networkIP) && instance.status !== "TERMINATED") {
        throw new ApiError(
            400,
            "resourceNotReady",
            `The instance '${pathOf(instance)}' is ${instance.status}; its network and address can change only while it is TERMINATED.`,
        );
    }
    const { network, selfLink } = subnetwork;
    return withFingerprint({ ...before, network, subnetwork: selfLink, networkIP });
}

/** Returns the interface with an external address. @throws ApiError 400 if it already has one */
export function withAccessConfig(instance: Instance, body: AccessConfigBody): NetworkInterface {
    const before = interfaceOf(instance);
    if (before.accessConfigs !== undefined) {
        throw invalid("At most one access config currently supported.");
    }
    return withFingerprint({ ...before, accessConfigs: [newAccessConfig(body, ownerOf(instance))] });
}

/** Returns the interface without its external address. @throws ApiError 400 if the name is wrong */
export function withoutAccessConfig(instance: Instance, name: string | null): NetworkInterface {
    const { accessConfigs = [], ...rest } = interfaceOf(instance);
    if (!accessConfigs.some((one) => one.name === name)) {
        throw invalid(`Invalid value for field 'accessConfig': '${name}'. There is no such access config.`);
    }
    return withFingerprint(rest);
}

/** @throws ApiError 400 for any interface but nic0 */
export function checkInterfaceName(name: string | null): void {
    if (name !== "nic0") {
        throw invalid(`Invalid value for field 'networkInterface': '${name}'. The instance has only 'nic0'.`);
    }
}

function interfaceOf(instance: Instance): NetworkInterface {
    const [nic] = instance.networkInterfaces;
    if (nic === undefined) {
        throw new Error(`instance ${instance.name} has no network interface`);
    }
    return nic;
}

function ownerOf(instance: Instance): Owner {
    const [, project = "", , zone = ""] = pathOf(instance).split("/");
    return { project, zone, name: instance.name };
}

function withFingerprint(nic: Omit<NetworkInterface, "fingerprint">): NetworkInterface {
    return { ...nic, fingerprint: fingerprint({ ...nic, fingerprint: undefined }) };
}

function subnetworkOf(
    requested: { readonly network?: string | undefined; readonly subnetwork?: string | undefined },
    { project, zone }: Owner,
    networks: NetworkService,
): Subnetwork {
    const region = regionOf(zone);
    const reference = requested.network || undefined;
    const network =
        reference === undefined
            ? undefined
            : networks.network(referencePath(reference, project, "resource.networkInterfaces[0].network"));
    if (requested.subnetwork === undefined && network !== undefined && !network.autoCreateSubnetworks) {
        throw invalid(
            "Invalid value for field 'resource.networkInterfaces[0]': a network of custom subnet mode requires a subnetwork.",
        );
    }
    const subnetwork = networks.subnetwork(
        referencePath(
            requested.subnetwork ?? `regions/${region}/subnetworks/${network?.name ?? "default"}`,
            project,
            "resource.networkInterfaces[0].subnetwork",
        ),
    );
    if (
        lastSegment(subnetwork.region) !== region ||
        (network !== undefined && network.selfLink !== subnetwork.network)
    ) {
        throw invalid(
            `Invalid value for field 'resource.networkInterfaces[0].subnetwork': '${subnetwork.selfLink}'. It must be in region ${region} and in the network of the interface.`,
        );
    }
    return subnetwork;
}

function addressIn(subnetwork: Subnetwork, requested: string | undefined, used: ReadonlySet<string>): string {
    const range = parseRange(subnetwork.ipCidrRange);
    if (requested !== undefined && (range === undefined || !isUsable(requested, range) || used.has(requested))) {
        throw invalid(
            `Invalid value for field 'resource.networkInterfaces[0].networkIP': '${requested}'. It must be a free address of ${subnetwork.ipCidrRange}.`,
        );
    }
    const address = requested ?? (range && freeAddress(range, used));
    if (address === undefined) {
        throw invalid(`IP space of '${subnetwork.selfLink}' is exhausted.`);
    }
    return address;
}

function newAccessConfig({ name, networkTier }: AccessConfigBody, owner: Owner): AccessConfig {
    return {
        kind: "compute#accessConfig",
        type: "ONE_TO_ONE_NAT",
        name: name ?? "external-nat",
        natIP: externalAddress(owner.name + owner.zone),
        networkTier: networkTier ?? "PREMIUM",
    };
}

/** Returns an address from a range that is reserved for documentation (RFC 5737) and not routed. */
function externalAddress(seed: string): string {
    return `203.0.113.${1 + ((createHash("sha256").update(seed).digest()[0] ?? 0) % 254)}`;
}
