import { z } from "zod";
import { body, nothing, outputOnly } from "./schema";

const resourceParams = z.strictObject({ resourceManagerTags: nothing() }).optional();

/** https://cloud.google.com/compute/docs/reference/rest/v1/networks/insert */
export const networkBody = body(
    z.strictObject({
        ...outputOnly,
        name: z.string(),
        description: z.string().optional(),
        // Legacy networks leave it out; they cannot be made any more.
        autoCreateSubnetworks: z.boolean(),
        mtu: z.int().optional(),
        networkFirewallPolicyEnforcementOrder: z.enum(["AFTER_CLASSIC_FIREWALL", "BEFORE_CLASSIC_FIREWALL"]).optional(),
        routingConfig: z
            .strictObject({
                routingMode: z.enum(["GLOBAL", "REGIONAL"]).optional(),
                bgpBestPathSelectionMode: z.enum(["LEGACY"]).optional(),
                bgpAlwaysCompareMed: nothing(),
                bgpInterRegionCost: nothing(),
            })
            .optional(),
        params: resourceParams,
        enableUlaInternalIpv6: nothing(),
        internalIpv6Range: nothing(),
        networkProfile: nothing(),
    }),
);

/** https://cloud.google.com/compute/docs/reference/rest/v1/networks/patch: the changeable fields. */
export const networkPatch = body(
    z.strictObject({
        routingConfig: z.strictObject({ routingMode: z.enum(["GLOBAL", "REGIONAL"]) }).optional(),
        mtu: z.int().optional(),
    }),
);

/** https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks/insert */
export const subnetworkBody = body(
    z.strictObject({
        ...outputOnly,
        name: z.string(),
        description: z.string().optional(),
        network: z.string(),
        ipCidrRange: z.string(),
        region: z.string().optional(),
        privateIpGoogleAccess: z.boolean().optional(),
        purpose: z.enum(["PRIVATE"]).optional(),
        stackType: z.enum(["IPV4_ONLY"]).optional(),
        role: nothing(),
        logConfig: z.strictObject({ enable: z.literal(false) }).optional(),
        enableFlowLogs: nothing(),
        secondaryIpRanges: nothing(),
        ipv6AccessType: nothing(),
        privateIpv6GoogleAccess: z.enum(["DISABLE_GOOGLE_ACCESS"]).optional(),
        allowSubnetCidrRoutesOverlap: nothing(),
        reservedInternalRange: nothing(),
        params: resourceParams,
        fingerprint: z.string().optional(),
    }),
);

/** https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks/setPrivateIpGoogleAccess */
export const privateAccessBody = body(z.strictObject({ privateIpGoogleAccess: z.boolean() }));

const rules = z
    .array(z.strictObject({ IPProtocol: z.string(), ports: z.array(z.string()).optional() }))
    .nonempty()
    .optional();

/** Fields of a firewall rule that a patch may change. */
const firewallFields = {
    description: z.string().optional(),
    priority: z.int().min(0).max(65535).optional(),
    sourceRanges: z.array(z.string()).optional(),
    destinationRanges: z.array(z.string()).optional(),
    sourceTags: z.array(z.string()).optional(),
    targetTags: z.array(z.string()).optional(),
    sourceServiceAccounts: z.array(z.string()).optional(),
    targetServiceAccounts: z.array(z.string()).optional(),
    allowed: rules,
    denied: rules,
    disabled: z.boolean().optional(),
    logConfig: z.strictObject({ enable: z.boolean(), metadata: z.string().optional() }).optional(),
    enableLogging: z.boolean().optional(),
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

/** https://cloud.google.com/compute/docs/reference/rest/v1/firewalls/patch */
export const firewallPatch = body(
    z.strictObject({
        ...outputOnly,
        ...firewallFields,
        name: z.string().optional(),
        network: z.string().optional(),
        direction: z.enum(["INGRESS", "EGRESS"]).optional(),
    }),
);

export type NetworkBody = z.output<typeof networkBody>;
export type NetworkPatch = z.output<typeof networkPatch>;
export type SubnetworkBody = z.output<typeof subnetworkBody>;
export type FirewallBody = z.output<typeof firewallBody>;
export type FirewallPatch = z.output<typeof firewallPatch>;
