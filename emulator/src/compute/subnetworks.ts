import { invalid } from "../http/errors";
import { checkName, fingerprint, lastSegment, newId, selfLink, timestamp } from "./links";
import type { Network, Subnetwork, SubnetworkBody } from "./network-schema";
import { contains, formatAddress, type Ipv4Range, overlap, parseRange } from "./subnet-range";

/** Fields that have the same value in every subnetwork. */
const CONSTANTS = {
    purpose: "PRIVATE",
    stackType: "IPV4_ONLY",
    privateIpv6GoogleAccess: "DISABLE_GOOGLE_ACCESS",
    logConfig: { enable: false },
};

/**
 * Creates a subnetwork.
 *
 * @param path path of the subnetwork
 * @param others the other subnetworks in the network
 * @throws ApiError 400 for an invalid name or range, or a range that overlaps another subnetwork
 */
export function newSubnetwork(
    path: string,
    body: SubnetworkBody,
    network: Network,
    others: readonly Subnetwork[],
): Subnetwork {
    const name = checkName(body.name);
    const range = checkRange(body.ipCidrRange, others);
    return withFingerprint({
        kind: "compute#subnetwork",
        id: newId(),
        name,
        selfLink: selfLink(path),
        creationTimestamp: timestamp(),
        network: network.selfLink,
        region: selfLink(path.split("/").slice(0, 4).join("/")),
        ipCidrRange: body.ipCidrRange,
        gatewayAddress: formatAddress(range.first + 1),
        privateIpGoogleAccess: body.privateIpGoogleAccess ?? false,
        ...CONSTANTS,
        ...(body.description === undefined ? {} : { description: body.description }),
    });
}

/** Returns an auto mode network's subnetwork in a region. */
export function automaticSubnetwork(network: Network, path: string): Subnetwork {
    return {
        kind: "compute#subnetwork",
        id: "2",
        name: network.name,
        selfLink: selfLink(path),
        creationTimestamp: network.creationTimestamp,
        network: network.selfLink,
        region: selfLink(path.split("/").slice(0, 4).join("/")),
        // This is the range for us-central1. Nothing in the emulator requires other regions to have different ranges.
        ipCidrRange: "10.128.0.0/20",
        gatewayAddress: "10.128.0.1",
        privateIpGoogleAccess: false,
        fingerprint: fingerprint(path),
        ...CONSTANTS,
    };
}

/**
 * Returns the subnetwork with its range enlarged.
 * @throws ApiError 400 unless the range contains the old one and does not overlap another subnetwork
 */
export function expanded(before: Subnetwork, ipCidrRange: string, others: readonly Subnetwork[]): Subnetwork {
    const range = checkRange(ipCidrRange, others);
    const old = parseRange(before.ipCidrRange);
    if (old === undefined || !contains(range, old) || range.prefix === old.prefix) {
        throw invalid(
            `Invalid value for field 'ipCidrRange': '${ipCidrRange}'. The range can only grow: it must contain ${before.ipCidrRange} and be larger.`,
            "ipCidrRange",
        );
    }
    return withFingerprint({ ...before, ipCidrRange, gatewayAddress: formatAddress(range.first + 1) });
}

/** Returns the subnetwork after a change to `privateIpGoogleAccess`. */
export function withPrivateAccess(before: Subnetwork, privateIpGoogleAccess: boolean): Subnetwork {
    return withFingerprint({ ...before, privateIpGoogleAccess });
}

function withFingerprint(subnetwork: Omit<Subnetwork, "fingerprint">): Subnetwork {
    return { ...subnetwork, fingerprint: fingerprint({ ...subnetwork, fingerprint: undefined }) };
}

function checkRange(text: string, others: readonly Subnetwork[]): Ipv4Range {
    const range = parseRange(text);
    if (range === undefined || range.prefix < 4 || range.prefix > 29) {
        throw invalid(
            `Invalid value for field 'resource.ipCidrRange': '${text}'. Must be a valid IPv4 network address range with a prefix of 4 to 29.`,
            "resource.ipCidrRange",
        );
    }
    const other = others.find((one) => {
        const otherRange = parseRange(one.ipCidrRange);
        return otherRange !== undefined && overlap(range, otherRange);
    });
    if (other !== undefined) {
        throw invalid(
            `Invalid IPCidrRange: ${text} conflicts with existing subnetwork '${other.name}' in region '${lastSegment(other.region)}'.`,
        );
    }
    return range;
}
