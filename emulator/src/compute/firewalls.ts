import type { z } from "zod";
import { invalid } from "../http/errors";
import type { DocumentStore } from "../store/documents";
import { ResourceCollection } from "./collection";
import { checkName, newId, referencePath, selfLink, timestamp } from "./links";
import type { Firewall, Network } from "./network-schema";
import { type FirewallBody, firewallPatch } from "./network-schema";
import { patched } from "./patches";

type FirewallSettings = z.output<typeof firewallPatch>;

const ANYWHERE = ["0.0.0.0/0"];
const DEFAULT_PRIORITY = 1000;

/** Firewall rules. They are stored but not enforced, because VMs share the host's network. */
export class FirewallService {
    readonly rules: ResourceCollection<Firewall>;

    /** @throws ApiError 404 */
    readonly #network: (path: string) => Network;

    constructor(
        documents: DocumentStore,

        network: (path: string) => Network,
    ) {
        this.#network = network;

        this.rules = new ResourceCollection(documents, "firewalls");
    }

    /**
     * @throws ApiError 400 unless the rule either allows or denies, 404 if its network does not exist, 409 if the name
     *     is taken
     */
    async insert(project: string, body: FirewallBody): Promise<Firewall> {
        const path = `projects/${project}/global/firewalls/${checkName(body.name)}`;
        this.rules.checkFree(path);
        const { name, network = "global/networks/default", direction = "INGRESS", params: _tags, ...settings } = body;
        const { kind: _kind, id: _id, selfLink: _link, creationTimestamp: _time, ...own } = settings;
        return await this.rules.put(path, {
            kind: "compute#firewall",
            id: newId(),
            name,
            selfLink: selfLink(path),
            creationTimestamp: timestamp(),
            network: this.#network(referencePath(network, project, "resource.network")).selfLink,
            direction,
            ...completeSettings(own, direction),
        });
    }

    /**
     * Applies a merge patch to a rule. A rule either allows or denies, so `allowed` in the patch replaces `denied` and
     * vice versa.
     *
     * @param where method and path, for the error message
     * @throws ApiError 501 for a change to the network, direction or name, which Compute Engine does not allow either
     */
    async patch(path: string, patch: Readonly<Record<string, unknown>>, where: string): Promise<Firewall> {
        const before = this.rules.get(path);
        const { kind, id, name, selfLink: link, creationTimestamp, network, direction } = before;
        const completed = {
            ...patch,
            ...(isFull(patch.denied) && patch.allowed === undefined ? { allowed: null } : {}),
            ...(isFull(patch.allowed) && patch.denied === undefined ? { denied: null } : {}),
            ...(typeof patch.network !== "string" ? {} : { network: networkLink(patch.network, path) }),
        };
        const settings = patched(before, completed, firewallPatch, where);
        const identity = { kind, id, name, selfLink: link, creationTimestamp, network, direction };
        return await this.rules.put(path, { ...identity, ...completeSettings(settings, direction) });
    }
}

function isFull(value: unknown): boolean {
    return Array.isArray(value) && value.length > 0;
}

function networkLink(reference: string, path: string): string {
    return selfLink(referencePath(reference, path.split("/")[1] ?? "", "resource.network"));
}

/** Fills in Google's defaults. @throws ApiError 400 unless exactly one of `allowed` and `denied` is set */
function completeSettings(settings: FirewallSettings, direction: "INGRESS" | "EGRESS") {
    if ((settings.allowed === undefined) === (settings.denied === undefined)) {
        throw invalid("A firewall rule must have exactly one of 'allowed' and 'denied'.");
    }
    const { sourceTags, sourceServiceAccounts } = settings;
    const fromAnywhere = direction === "INGRESS" && sourceTags === undefined && sourceServiceAccounts === undefined;
    const sourceRanges = settings.sourceRanges ?? (fromAnywhere ? ANYWHERE : undefined);
    const destinationRanges = settings.destinationRanges ?? (direction === "EGRESS" ? ANYWHERE : undefined);
    return {
        ...settings,
        sourceRanges,
        destinationRanges,
        disabled: settings.disabled ?? false,
        logConfig: settings.logConfig ?? { enable: false },
        priority: settings.priority ?? DEFAULT_PRIORITY,
    };
}
