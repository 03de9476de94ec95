import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { Job } from "../training-job-args";

/** Source addresses of Identity-Aware Proxy's tunnels. https://cloud.google.com/iap/docs/using-tcp-forwarding */
const IAP_RANGE = "35.235.240.0/20";
/** A small range is enough, because only one VM at a time uses it and nothing else is connected to the network. */
const SUBNET_RANGE = "10.128.0.0/28";

export interface PrivateNetworkArgs extends Pick<Job, "project" | "region"> {
    networkName: string;
    subnetworkName: string;
    firewallName: string;
    /**
     * Service account whose VMs accept SSH through Identity-Aware Proxy. Without it, all incoming traffic is blocked.
     */
    debugAccount?: pulumi.Input<string> | undefined;
    dependsOn: pulumi.Resource[];
}

/**
 * The job's own network. The VM reaches Google's APIs without an external address, and all incoming traffic is blocked.
 */
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
