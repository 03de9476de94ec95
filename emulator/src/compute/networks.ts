import type { z } from "zod";
import type { Organization } from "../org/organization";
import type { InventoryItem } from "../service";
import type { DocumentStore } from "../store/documents";
import { ResourceCollection } from "./collection";
import { FirewallService } from "./firewalls";
import { quotaExceeded } from "./limits";
import {
    checkName,
    inUse,
    lastSegment,
    missing,
    newId,
    pathOf,
    referencePath,
    requireFingerprint,
    selfLink,
    timestamp,
} from "./links";
import type { Network, Subnetwork } from "./network-schema";
import { type NetworkBody, networkPatch, type SubnetworkBody, subnetworkPatch } from "./network-schema";
import { patched } from "./patches";
import { automaticSubnetwork, expanded, newSubnetwork, withPrivateAccess } from "./subnetworks";

/** Every project starts with this auto mode network, which has a subnetwork with the same name in each region. */
const DEFAULT = "default";
const DEFAULT_MTU = 1460;

/** Networks and subnetworks. They are stored but not enforced, because VMs share the host's network. */
export class NetworkService {
    readonly networks: ResourceCollection<Network>;
    readonly subnetworks: ResourceCollection<Subnetwork>;
    readonly firewalls: FirewallService;

    readonly #org: Organization;
    /** Throws a 400 while the resource at a path is being created. */
    readonly requireReady: (path: string) => void;

    constructor(documents: DocumentStore, org: Organization, requireReady: (path: string) => void) {
        this.#org = org;
        this.requireReady = requireReady;
        this.networks = new ResourceCollection(documents, "networks");
        this.subnetworks = new ResourceCollection(documents, "subnetworks");
        this.firewalls = new FirewallService(documents, (path) => this.network(path));
    }

    /** @throws ApiError 404 */
    network(path: string): Network & { subnetworks?: string[] } {
        const network = this.#stored(path);
        const subnetworks = this.#subnetworksOf(network).map((subnetwork) => subnetwork.selfLink);
        return { ...network, ...(subnetworks.length === 0 ? {} : { subnetworks }) };
    }

    /** Returns a subnetwork. An auto mode network has one with the same name in every region. @throws ApiError 404 */
    subnetwork(path: string): Subnetwork {
        const stored = this.subnetworks.find(path);
        if (stored !== undefined) {
            return stored;
        }
        const [, project = "", , , , name = ""] = path.split("/");
        const networkPath = `projects/${project}/global/networks/${name}`;
        const known = name === DEFAULT || this.networks.find(networkPath) !== undefined;
        const network = known ? this.#stored(networkPath) : undefined;
        if (network?.autoCreateSubnetworks !== true) {
            throw missing(path);
        }
        return automaticSubnetwork(network, path);
    }

    async insertNetwork(project: string, body: NetworkBody): Promise<Network> {
        const path = `projects/${project}/global/networks/${checkName(body.name)}`;
        this.networks.checkFree(path);
        const limit = this.#org.exceededQuota("NETWORKS", this.networks.list(`projects/${project}/global`).length + 1);
        if (limit !== undefined) {
            throw quotaExceeded(path, "NETWORKS", limit, "globally");
        }
        return await this.networks.put(path, {
            kind: "compute#network",
            id: newId(),
            name: body.name,
            selfLink: selfLink(path),
            creationTimestamp: timestamp(),
            autoCreateSubnetworks: body.autoCreateSubnetworks,
            ...completeNetwork(body),
            ...(body.description === undefined ? {} : { description: body.description }),
        });
    }

    /**
     * @param where method and path, for the error message
     * @throws ApiError 501 for a field that the emulator cannot change
     */
    async patchNetwork(path: string, patch: object, where: string): Promise<Network> {
        const before = this.#stored(path);
        const settings = patched(this.network(path), patch, networkPatch, where);
        return await this.networks.put(path, { ...before, ...completeNetwork(settings) });
    }

    /** @throws ApiError 400 while a subnetwork or firewall rule uses the network */
    async deleteNetwork(path: string): Promise<Network> {
        const network = this.networks.get(path);
        const firewall = this.firewalls.rules.entries().find(([, one]) => one.network === network.selfLink)?.[1];
        const user = this.#subnetworksOf(network)[0] ?? firewall;
        if (user !== undefined) {
            throw inUse(path, pathOf(user));
        }
        return await this.networks.delete(path);
    }

    async insertSubnetwork(project: string, region: string, body: SubnetworkBody): Promise<Subnetwork> {
        const path = `projects/${project}/regions/${region}/subnetworks/${body.name}`;
        this.subnetworks.checkFree(path);
        const network = this.#stored(referencePath(body.network, project, "resource.network"));
        this.requireReady(pathOf(network));
        this.#org.checkSubnetwork(path);
        return await this.subnetworks.put(path, newSubnetwork(path, body, network, this.#subnetworksOf(network)));
    }

    /**
     * @param where method and path, for the message
     * @throws ApiError 412 without the current fingerprint, 501 for a field that the emulator cannot change
     */
    async patchSubnetwork(path: string, patch: { fingerprint?: unknown }, where: string): Promise<Subnetwork> {
        const before = this.subnetwork(path);
        requireFingerprint(patch.fingerprint, before.fingerprint, "subnetwork");
        // In the emulator, the other changeable fields have only one possible value.
        const { privateIpGoogleAccess = false } = patched(before, patch, subnetworkPatch, where);
        return await this.subnetworks.put(path, withPrivateAccess(before, privateIpGoogleAccess));
    }

    async setPrivateAccess(path: string, privateIpGoogleAccess: boolean): Promise<Subnetwork> {
        return await this.subnetworks.put(path, withPrivateAccess(this.subnetwork(path), privateIpGoogleAccess));
    }

    /** @throws ApiError 400 unless the range contains the old one and does not overlap another subnetwork */
    async expandRange(path: string, ipCidrRange: string): Promise<Subnetwork> {
        const before = this.subnetwork(path);
        const others = this.#subnetworksOf({ selfLink: before.network }).filter((one) => pathOf(one) !== path);
        return await this.subnetworks.put(path, expanded(before, ipCidrRange, others));
    }

    inventory(): InventoryItem[] {
        return [this.networks, this.subnetworks, this.firewalls.rules].flatMap((collection, index) =>
            collection
                .entries()
                .map(([path]) => ({ kind: ["network", "subnetwork", "firewall"][index] ?? "", name: path })),
        );
    }

    #stored(path: string): Network {
        return lastSegment(path) === DEFAULT
            ? (this.networks.find(path) ?? defaultNetwork(path))
            : this.networks.get(path);
    }

    #subnetworksOf(network: { readonly selfLink: string }): Subnetwork[] {
        return this.subnetworks
            .entries()
            .map(([, subnetwork]) => subnetwork)
            .filter((subnetwork) => subnetwork.network === network.selfLink);
    }
}

/** Fills in Google's defaults. */
function completeNetwork(settings: z.output<typeof networkPatch>) {
    return {
        routingConfig: {
            routingMode: settings.routingConfig?.routingMode ?? ("REGIONAL" as const),
            bgpBestPathSelectionMode: "LEGACY" as const,
        },
        mtu: settings.mtu ?? DEFAULT_MTU,
        networkFirewallPolicyEnforcementOrder:
            settings.networkFirewallPolicyEnforcementOrder ?? "AFTER_CLASSIC_FIREWALL",
    };
}

function defaultNetwork(path: string): Network {
    return {
        kind: "compute#network",
        id: "1",
        name: DEFAULT,
        selfLink: selfLink(path),
        creationTimestamp: "2026-01-01T00:00:00.000-08:00",
        autoCreateSubnetworks: true,
        ...completeNetwork({}),
    };
}
