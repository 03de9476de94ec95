import { z } from "zod";
import { NOT_EMULATED } from "../http/body";
import type { Resource } from "./collection";
import { body, nothing, outputOnly } from "./schema";

const resourceParams = z.strictObject({ resourceManagerTags: nothing() }).optional();

/** Fields of a network that can change. The MTU range is from https://cloud.google.com/vpc/docs/mtu. */
const networkFields = {
    mtu: z.int().min(1300).max(8896).optional(),
    networkFirewallPolicyEnforcementOrder: z.enum(["AFTER_CLASSIC_FIREWALL", "BEFORE_CLASSIC_FIREWALL"]).optional(),
};
const routingFields = {
    routingMode: z.enum(["GLOBAL", "REGIONAL"]).optional(),
    bgpBestPathSelectionMode: z.enum(["LEGACY"], NOT_EMULATED).optional(),
    bgpAlwaysCompareMed: nothing(),
    bgpInterRegionCost: nothing(),
};

/** https://cloud.google.com/compute/docs/reference/rest/v1/networks/insert */
export const networkBody = body(
    z.strictObject({
        ...outputOnly,
        name: z.string(),
        description: z.string().optional(),
        // Legacy networks omit this field, but they can no longer be created.
        autoCreateSubnetworks: z.boolean(),
        ...networkFields,
        routingConfig: z.strictObject(routingFields).optional(),
        params: resourceParams,
        enableUlaInternalIpv6: nothing(),
        internalIpv6Range: nothing(),
        networkProfile: nothing(),
    }),
);

/** Fields that a patch can change: https://cloud.google.com/compute/docs/reference/rest/v1/networks/patch */
export const networkPatch = z.strictObject({
    ...networkFields,
    // The provider sends this field, which is missing from Google's API descriptions.
    routingConfig: z.strictObject({ ...routingFields, deleteBgpAlwaysCompareMed: nothing() }).optional(),
});

/** Fields of a subnetwork that can change. */
const subnetworkFields = {
    privateIpGoogleAccess: z.boolean().optional(),
    purpose: z.enum(["PRIVATE"], NOT_EMULATED).optional(),
    stackType: z.enum(["IPV4_ONLY"], NOT_EMULATED).optional(),
    role: nothing(),
    logConfig: z.strictObject({ enable: z.literal(false, NOT_EMULATED) }).optional(),
    enableFlowLogs: nothing(),
    secondaryIpRanges: nothing(),
    ipv6AccessType: nothing(),
    privateIpv6GoogleAccess: z.enum(["DISABLE_GOOGLE_ACCESS"], NOT_EMULATED).optional(),
    allowSubnetCidrRoutesOverlap: nothing(),
};

/** https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks/insert */
export const subnetworkBody = body(
    z.strictObject({
        ...outputOnly,
        name: z.string(),
        description: z.string().optional(),
        network: z.string(),
        ipCidrRange: z.string(),
        region: z.string().optional(),
        ...subnetworkFields,
        reservedInternalRange: nothing(),
        params: resourceParams,
        fingerprint: z.string().optional(),
    }),
);

/** Fields that a patch can change: https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks/patch */
export const subnetworkPatch = z.strictObject(subnetworkFields);

/** https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks/expandIpCidrRange */
export const expandRangeBody = body(z.strictObject({ ipCidrRange: z.string() }));

/**
 * https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks/setPrivateIpGoogleAccess. The provider omits
 * `false`, so it disables access with an empty body.
 */
export const privateAccessBody = body(z.strictObject({ privateIpGoogleAccess: z.boolean().default(false) }));

/**
 * A list that counts as absent if it is empty, because the provider sends, for example, an empty `denied` in an allow
 * rule.
 */
function list<T extends z.ZodType>(item: T) {
    const none = (value: unknown) => (Array.isArray(value) && value.length === 0 ? undefined : value);
    return z.preprocess(none, z.array(item).optional());
}

const rules = list(z.strictObject({ IPProtocol: z.string(), ports: list(z.string()) }));

/** Fields of a firewall rule that a patch can change. */
const firewallFields = {
    description: z.string().optional(),
    priority: z.int().min(0).max(65535).optional(),
    sourceRanges: list(z.string()),
    destinationRanges: list(z.string()),
    sourceTags: list(z.string()),
    targetTags: list(z.string()),
    sourceServiceAccounts: list(z.string()),
    targetServiceAccounts: list(z.string()),
    allowed: rules,
    denied: rules,
    disabled: z.boolean().optional(),
    logConfig: z
        .strictObject({
            enable: z.boolean(),
            metadata: z.enum(["EXCLUDE_ALL_METADATA", "INCLUDE_ALL_METADATA"]).optional(),
        })
        .optional(),
};

/** https://cloud.google.com/compute/docs/reference/rest/v1/firewalls/insert */
export const firewallBody = body(
    z.strictObject({
        ...outputOnly,
        ...firewallFields,
        name: z.string(),
        network: z.string().optional(),
        direction: z.enum(["INGRESS", "EGRESS"]).optional(),
        params: resourceParams,
    }),
);

/** Fields that a patch can change: https://cloud.google.com/compute/docs/reference/rest/v1/firewalls/patch */
export const firewallPatch = z.strictObject(firewallFields);

export type NetworkBody = z.output<typeof networkBody>;
export type SubnetworkBody = z.output<typeof subnetworkBody>;
export type FirewallBody = z.output<typeof firewallBody>;

/** https://cloud.google.com/compute/docs/reference/rest/v1/networks */
export interface Network extends Resource {
    readonly kind: "compute#network";
    readonly creationTimestamp: string;
    readonly autoCreateSubnetworks: boolean;
    readonly routingConfig: {
        readonly routingMode: "GLOBAL" | "REGIONAL";
        readonly bgpBestPathSelectionMode: "LEGACY";
    };
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
