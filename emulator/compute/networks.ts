import { invalid } from "../http/errors";
import type { InventoryItem } from "../index";
import type { DocumentStore } from "../store/documents";
import { type Resource, ResourceCollection } from "./collection";
import {
    checkName,
    fingerprint,
    inUse,
    lastSegment,
    missing,
    newId,
    pathOf,
    referencePath,
    selfLink,
    timestamp,
} from "./links";
import type { FirewallBody, FirewallPatch, NetworkBody, NetworkPatch, SubnetworkBody } from "./network-schema";
import { formatAddress, overlap, parseRange } from "./subnet-range";

/** https://cloud.google.com/compute/docs/reference/rest/v1/networks */
export interface Network extends Resource {
    readonly kind: "compute#network";
    readonly creationTimestamp: string;
    readonly autoCreateSubnetworks: boolean;
    readonly routingConfig: { readonly routingMode?: "GLOBAL" | "REGIONAL" | undefined };
    readonly mtu: number;
    readonly networkFirewallPolicyEnforcementOrder: string;
    readonly description?: string;
}

/** https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks */
export interface Subnetwork extends Resource {
    readonly kind: "compute#subnetwork";
    readonly creationTimestamp: string;
    readonly network: string;
    readonly region: string;
    readonly ipCidrRange: string;
    readonly gatewayAddress: string;
    readonly privateIpGoogleAccess: boolean;
    readonly fingerprint: string;
    readonly description?: string;
}

/** https://cloud.google.com/compute/docs/reference/rest/v1/firewalls */
export interface Firewall extends Resource {
    readonly kind: "compute#firewall";
    readonly creationTimestamp: string;
    readonly network: string;
    readonly direction: "INGRESS" | "EGRESS";
    readonly priority: number;
}

/** Every project begins with this network, of auto mode: it has a subnetwork of its own name in each region. */
const DEFAULT = "default";
const DEFAULT_MTU = 1460;

/** Networks, subnetworks and firewall rules. They are kept, not enforced: VMs here share the host's network. */
export class NetworkService {
    readonly networks: ResourceCollection<Network>;
    readonly subnetworks: ResourceCollection<Subnetwork>;
    readonly firewalls: ResourceCollection<Firewall>;

    constructor(documents: DocumentStore) {
        this.networks = new ResourceCollection(documents, "networks");
        this.subnetworks = new ResourceCollection(documents, "subnetworks");
        this.firewalls = new ResourceCollection(documents, "firewalls");
    }

    /** @throws ApiError 404 */
    network(path: string): Network & { subnetworks?: string[] } {
        const network =
            lastSegment(path) === DEFAULT
                ? (this.networks.find(path) ?? defaultNetwork(path))
                : this.networks.get(path);
        const subnetworks = this.#subnetworksOf(network).map((subnetwork) => subnetwork.selfLink);
        return { ...network, ...(subnetworks.length === 0 ? {} : { subnetworks }) };
    }

    /** A subnetwork; a network of auto mode has one of its own name in every region. @throws ApiError 404 */
    subnetwork(path: string): Subnetwork {
        const stored = this.subnetworks.find(path);
        if (stored !== undefined) {
            return stored;
        }
        const [, project = "", , region = "", , name = ""] = path.split("/");
        const networkPath = `projects/${project}/global/networks/${name}`;
        const known = name === DEFAULT || this.networks.find(networkPath) !== undefined;
        const network = known ? this.network(networkPath) : undefined;
        if (network?.autoCreateSubnetworks !== true) {
            throw missing(path);
        }
        return automaticSubnetwork(network, path, selfLink(`projects/${project}/regions/${region}`));
    }

    async insertNetwork(project: string, body: NetworkBody): Promise<Network> {
        const path = `projects/${project}/global/networks/${checkName(body.name)}`;
        this.networks.checkFree(path);
        return await this.networks.put(path, {
            kind: "compute#network",
            id: newId(),
            name: body.name,
            selfLink: selfLink(path),
            creationTimestamp: timestamp(),
            autoCreateSubnetworks: body.autoCreateSubnetworks,
            routingConfig: { routingMode: body.routingConfig?.routingMode ?? "REGIONAL" },
            mtu: body.mtu ?? DEFAULT_MTU,
            networkFirewallPolicyEnforcementOrder:
                body.networkFirewallPolicyEnforcementOrder ?? "AFTER_CLASSIC_FIREWALL",
            ...(body.description === undefined ? {} : { description: body.description }),
        });
    }

    async patchNetwork(path: string, patch: NetworkPatch): Promise<Network> {
        const before = this.networks.get(path);
        return await this.networks.put(path, {
            ...before,
            mtu: patch.mtu ?? before.mtu,
            routingConfig: patch.routingConfig ?? before.routingConfig,
        });
    }

    /** @throws ApiError 400 while a subnetwork or firewall rule uses the network */
    async deleteNetwork(path: string): Promise<Network> {
        const network = this.networks.get(path);
        const firewall = this.firewalls.entries().find(([, one]) => one.network === network.selfLink)?.[1];
        const user = this.#subnetworksOf(network)[0] ?? firewall;
        if (user !== undefined) {
            throw inUse(path, pathOf(user));
        }
        return await this.networks.delete(path);
    }

    async insertSubnetwork(project: string, region: string, body: SubnetworkBody): Promise<Subnetwork> {
        const path = `projects/${project}/regions/${region}/subnetworks/${checkName(body.name)}`;
        this.subnetworks.checkFree(path);
        const network = this.network(referencePath(body.network, project, "resource.network"));
        const range = parseRange(body.ipCidrRange);
        if (range === undefined || range.prefix < 4 || range.prefix > 29) {
            throw invalid(
                `Invalid value for field 'resource.ipCidrRange': '${body.ipCidrRange}'. Must be a valid IPv4 network address range with a prefix of 4 to 29.`,
                "resource.ipCidrRange",
            );
        }
        const other = this.#subnetworksOf(network).find((one) => {
            const otherRange = parseRange(one.ipCidrRange);
            return otherRange !== undefined && overlap(range, otherRange);
        });
        if (other !== undefined) {
            throw invalid(
                `Invalid IPCidrRange: ${body.ipCidrRange} conflicts with existing subnetwork '${other.name}' in region '${lastSegment(other.region)}'.`,
            );
        }
        const subnetwork = {
            kind: "compute#subnetwork" as const,
            id: newId(),
            name: body.name,
            selfLink: selfLink(path),
            creationTimestamp: timestamp(),
            network: network.selfLink,
            region: selfLink(`projects/${project}/regions/${region}`),
            ipCidrRange: body.ipCidrRange,
            gatewayAddress: formatAddress(range.first + 1),
            privateIpGoogleAccess: body.privateIpGoogleAccess ?? false,
            ...SUBNETWORK_CONSTANTS,
            ...(body.description === undefined ? {} : { description: body.description }),
        };
        return await this.subnetworks.put(path, { ...subnetwork, fingerprint: fingerprint(subnetwork) });
    }

    async setPrivateAccess(path: string, privateIpGoogleAccess: boolean): Promise<Subnetwork> {
        const changed = { ...this.subnetworks.get(path), privateIpGoogleAccess };
        return await this.subnetworks.put(path, { ...changed, fingerprint: fingerprint(changed) });
    }

    async insertFirewall(project: string, body: FirewallBody): Promise<Firewall> {
        const path = `projects/${project}/global/firewalls/${checkName(body.name)}`;
        this.firewalls.checkFree(path);
        if ((body.allowed === undefined) === (body.denied === undefined)) {
            throw invalid("A firewall rule must have exactly one of 'allowed' and 'denied'.");
        }
        const { network = `global/networks/${DEFAULT}`, params: _tags, ...fields } = body;
        const direction = body.direction ?? "INGRESS";
        const anywhere =
            body.sourceRanges === undefined &&
            body.sourceTags === undefined &&
            body.sourceServiceAccounts === undefined;
        return await this.firewalls.put(path, {
            disabled: false,
            logConfig: { enable: false },
            ...(direction === "INGRESS" && anywhere ? { sourceRanges: ["0.0.0.0/0"] } : {}),
            ...fields,
            kind: "compute#firewall",
            id: newId(),
            selfLink: selfLink(path),
            creationTimestamp: timestamp(),
            network: this.network(referencePath(network, project, "resource.network")).selfLink,
            direction,
            priority: body.priority ?? 1000,
        });
    }

    async patchFirewall(path: string, patch: FirewallPatch): Promise<Firewall> {
        const before = this.firewalls.get(path);
        // Identity does not change; a rule allows or denies, so the new kind of rule replaces the old one.
        const {
            allowed: _allowed,
            denied: _denied,
            ...rest
        } = before as Firewall & { allowed?: unknown; denied?: unknown };
        const kept = patch.allowed !== undefined || patch.denied !== undefined ? rest : before;
        const { id: _id, name: _name, network: _network, kind: _kind, selfLink: _link, ...changes } = patch;
        return await this.firewalls.put(path, { ...kept, ...changes } as Firewall);
    }

    inventory(): InventoryItem[] {
        return [this.networks, this.subnetworks, this.firewalls].flatMap((collection, index) =>
            collection
                .entries()
                .map(([path]) => ({ kind: ["network", "subnetwork", "firewall"][index] ?? "", name: path })),
        );
    }

    #subnetworksOf(network: Network): Subnetwork[] {
        return this.subnetworks
            .entries()
            .map(([, subnetwork]) => subnetwork)
            .filter((subnetwork) => subnetwork.network === network.selfLink);
    }
}

const SUBNETWORK_CONSTANTS = {
    purpose: "PRIVATE",
    stackType: "IPV4_ONLY",
    privateIpv6GoogleAccess: "DISABLE_GOOGLE_ACCESS",
    logConfig: { enable: false },
};

function defaultNetwork(path: string): Network {
    return {
        kind: "compute#network",
        id: "1",
        name: DEFAULT,
        selfLink: selfLink(path),
        creationTimestamp: "2026-01-01T00:00:00.000-08:00",
        autoCreateSubnetworks: true,
        routingConfig: { routingMode: "REGIONAL" },
        mtu: DEFAULT_MTU,
        networkFirewallPolicyEnforcementOrder: "AFTER_CLASSIC_FIREWALL",
    };
}

function automaticSubnetwork(network: Network, path: string, region: string): Subnetwork {
    return {
        kind: "compute#subnetwork",
        id: "2",
        name: network.name,
        selfLink: selfLink(path),
        creationTimestamp: network.creationTimestamp,
        network: network.selfLink,
        region,
        // The range of us-central1; those of the other regions would not be seen by anything here.
        ipCidrRange: "10.128.0.0/20",
        gatewayAddress: "10.128.0.1",
        privateIpGoogleAccess: false,
        fingerprint: fingerprint(path),
        ...SUBNETWORK_CONSTANTS,
    };
}
