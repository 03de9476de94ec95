import type { Resource } from "./collection";

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
