import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { type Cleanup, owned, withoutLeftovers } from "../../run/cleanup";
import type { Planned } from "../../run/leftovers";
import { ownedDescription } from "../../run/marks";
import type { Job } from "../training-job-args";

/** Source addresses for Identity-Aware Proxy's tunnels. https://cloud.google.com/iap/docs/using-tcp-forwarding */
const IAP_RANGE = "35.235.240.0/20";
/** A small range is enough, because only one VM at a time uses it and nothing else is connected to the network. */
const SUBNET_RANGE = "10.128.0.0/28";
/** 4,092 addresses: enough for all VMs that Batch runs at once for one job. */
const BATCH_RANGE = "10.132.0.0/20";

export interface PrivateNetworkArgs extends Pick<Job, "project" | "region"> {
    networkName: string;
    subnetworkName: string;
    firewallName: string;
    /** True for the VMs of a Batch job, which need more addresses. */
    isWide: boolean;
    /**
     * Service account whose VMs accept SSH through Identity-Aware Proxy. Without it, all incoming traffic is blocked.
     */
    debugAccount?: pulumi.Input<string> | undefined;
    cleanup: Cleanup;
}

/**
 * The job's own network. The VM reaches Google's APIs without an external address, and all incoming traffic is blocked.
 */
export class PrivateNetwork extends pulumi.ComponentResource {
    readonly network: gcp.compute.Network;
    readonly subnetwork: gcp.compute.Subnetwork;

    constructor(name: string, args: PrivateNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:PrivateNetwork", name, {}, opts);
        const { project, region, cleanup } = args;
        const describe = (text: string) => cleanup.owner.apply((owner) => ownedDescription(text, owner));
        const network: Planned = { kind: "network", project, name: args.networkName };
        const subnetwork: Planned = { kind: "subnetwork", project, location: region, name: args.subnetworkName };
        const firewall: Planned = { kind: "firewall", project, name: args.firewallName };
        this.network = new gcp.compute.Network(
            name,
            {
                project,
                name: args.networkName,
                description: describe("Network of one gcp-trainer job"),
                autoCreateSubnetworks: false,
            },
            // A network cannot be deleted before the resources in it.
            owned(this, cleanup, withoutLeftovers(cleanup, firewall, subnetwork, network)),
        );
        this.subnetwork = new gcp.compute.Subnetwork(
            `${name}-subnetwork`,
            {
                project,
                region,
                name: args.subnetworkName,
                description: describe("Subnetwork of one gcp-trainer job"),
                network: this.network.id,
                ipCidrRange: args.isWide ? BATCH_RANGE : SUBNET_RANGE,
                privateIpGoogleAccess: true,
            },
            owned(this, cleanup, withoutLeftovers(cleanup, subnetwork)),
        );
        if (args.debugAccount !== undefined) {
            new gcp.compute.Firewall(
                `${name}-iap-ssh`,
                {
                    project,
                    name: args.firewallName,
                    description: describe("SSH through Identity-Aware Proxy to a trainer that failed"),
                    network: this.network.id,
                    direction: "INGRESS",
                    allows: [{ protocol: "tcp", ports: ["22"] }],
                    sourceRanges: [IAP_RANGE],
                    targetServiceAccounts: [args.debugAccount],
                },
                owned(this, cleanup, withoutLeftovers(cleanup, firewall)),
            );
        }
        this.registerOutputs();
    }
}
