import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

/** Where Identity-Aware Proxy's tunnels come from. https://cloud.google.com/iap/docs/using-tcp-forwarding */
const IAP_RANGE = "35.235.240.0/20";
/** One VM at a time lives here; nothing is connected to it. */
const SUBNET_RANGE = "10.128.0.0/28";

export interface PrivateNetworkArgs {
    /** Google Cloud project id. */
    project: pulumi.Input<string>;
    region: pulumi.Input<string>;
    networkName: string;
    subnetworkName: string;
    firewallName: string;
    /** The account whose VMs may be reached by SSH through Identity-Aware Proxy; nothing gets in without it. */
    debugAccount?: pulumi.Input<string> | undefined;
    dependsOn: pulumi.Resource[];
}

/** A network of the job's own: Google's APIs are reached without an external address, and nothing gets in. */
export class PrivateNetwork extends pulumi.ComponentResource {
    readonly network: gcp.compute.Network;
    readonly subnetwork: gcp.compute.Subnetwork;

    constructor(name: string, args: PrivateNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:PrivateNetwork", name, {}, opts);
        const { project, region } = args;
        this.network = new gcp.compute.Network(
            name,
            {
                project,
                name: args.networkName,
                description: "Network of one gcp-trainer job",
                autoCreateSubnetworks: false,
            },
            { parent: this, dependsOn: args.dependsOn },
        );
        this.subnetwork = new gcp.compute.Subnetwork(
            `${name}-subnetwork`,
            {
                project,
                region,
                name: args.subnetworkName,
                network: this.network.id,
                ipCidrRange: SUBNET_RANGE,
                privateIpGoogleAccess: true,
            },
            { parent: this },
        );
        if (args.debugAccount !== undefined) {
            new gcp.compute.Firewall(
                `${name}-iap-ssh`,
                {
                    project,
                    name: args.firewallName,
                    description: "SSH through Identity-Aware Proxy to a trainer that failed",
                    network: this.network.id,
                    direction: "INGRESS",
                    allows: [{ protocol: "tcp", ports: ["22"] }],
                    sourceRanges: [IAP_RANGE],
                    targetServiceAccounts: [args.debugAccount],
                },
                { parent: this },
            );
        }
        this.registerOutputs();
    }
}
