import { createHash } from "node:crypto";
import { invalid } from "../http/errors";
import { imageAt } from "./images";
import type { InstanceBody, SchedulingBody } from "./instance-schema";
import type { Disk, Instance, NetworkInterface, Scheduling, ShieldedConfig } from "./instance-types";
import {
    checkName,
    fingerprint,
    lastSegment,
    missing,
    newId,
    referencePath,
    regionOf,
    selfLink,
    timestamp,
} from "./links";
import type { NetworkService } from "./networks";
import { freeAddress, parseRange } from "./subnet-range";

/** Where an instance is to be made. */
export interface InstancePlace {
    readonly project: string;
    readonly zone: string;
}

/** What the new instance must fit to. */
export interface InstanceContext {
    readonly networks: NetworkService;
    /** Addresses that other instances have, by subnetwork link. */
    readonly usedAddresses: (subnetwork: string) => ReadonlySet<string>;
    /** Whether a service account exists; those of unknown projects count as existing. */
    readonly accountExists: (email: string) => boolean;
    /** What the account "default" stands for. */
    readonly defaultAccount: string;
}

const SCOPE = /^https:\/\/www\.googleapis\.com\/auth\/[a-z0-9._-]+(\/[a-z0-9._-]+)?$/;
const MAX_METADATA_BYTES = 512 * 1024;
const MAX_RUN_SECONDS = 120 * 24 * 3600;

/**
 * Checks a request for an instance and completes it with what Compute Engine adds.
 * @throws ApiError 400 or 404 in Compute Engine's words
 */
export function newInstance(
    body: InstanceBody,
    place: InstancePlace,
    context: InstanceContext,
): { instance: Instance; disk: Disk } {
    const name = checkName(body.name);
    const zonePath = `projects/${place.project}/zones/${place.zone}`;
    const path = `${zonePath}/instances/${name}`;
    const machineType = machineTypePath(body.machineType, place);
    const disk = newDisk(body, place, name);
    const attached = body.disks[0];
    const metadata = { items: body.metadata?.items ?? [] };
    checkMetadata(metadata.items);
    checkAccounts(body.serviceAccounts ?? [], context);
    const tags = body.tags?.items ?? [];
    for (const tag of tags) {
        checkName(tag, "resource.tags.items");
    }
    const now = timestamp();
    const instance: Instance = {
        kind: "compute#instance",
        id: newId(),
        name,
        selfLink: selfLink(path),
        creationTimestamp: now,
        ...(body.description === undefined ? {} : { description: body.description }),
        status: "PROVISIONING",
        zone: selfLink(zonePath),
        machineType: selfLink(machineType),
        cpuPlatform: "Emulated",
        fingerprint: fingerprint([path, now]),
        metadata: { kind: "compute#metadata", fingerprint: fingerprint(metadata), items: metadata.items },
        tags: { fingerprint: fingerprint(tags), ...(tags.length === 0 ? {} : { items: tags }) },
        ...(body.labels === undefined ? {} : { labels: checkLabels(body.labels) }),
        labelFingerprint: fingerprint(body.labels ?? {}),
        disks: [
            {
                kind: "compute#attachedDisk",
                type: "PERSISTENT",
                mode: "READ_WRITE",
                source: disk.selfLink,
                deviceName: attached?.deviceName ?? "persistent-disk-0",
                index: 0,
                boot: true,
                autoDelete: attached?.autoDelete ?? false,
                interface: attached?.interface ?? "SCSI",
                diskSizeGb: disk.sizeGb,
                architecture: disk.architecture,
            },
        ],
        networkInterfaces: [newInterface(body, place, context)],
        ...(body.serviceAccounts === undefined || body.serviceAccounts.length === 0
            ? {}
            : {
                  serviceAccounts: body.serviceAccounts.map(({ email, scopes }) => ({
                      email: email === "default" ? context.defaultAccount : email,
                      scopes: scopes ?? [],
                  })),
              }),
        scheduling: newScheduling(body.scheduling ?? {}, (body.guestAccelerators ?? []).length > 0),
        shieldedInstanceConfig: newShieldedConfig(body.shieldedInstanceConfig ?? {}),
        shieldedInstanceIntegrityPolicy: { updateAutoLearnPolicy: true },
        ...(body.guestAccelerators === undefined || body.guestAccelerators.length === 0
            ? {}
            : {
                  guestAccelerators: body.guestAccelerators.map(({ acceleratorType, acceleratorCount }) => ({
                      acceleratorType: selfLink(
                          referencePath(acceleratorType, place.project, "resource.guestAccelerators"),
                      ),
                      acceleratorCount,
                  })),
              }),
        deletionProtection: body.deletionProtection ?? false,
        canIpForward: false,
        startRestricted: false,
    };
    return { instance, disk };
}

/** @throws ApiError 400 unless it is `zones/Z/machineTypes/T`, in any way of writing links, in the instance's own zone */
export function machineTypePath(reference: string, { project, zone }: InstancePlace): string {
    const path = referencePath(reference, project, "resource.machineType");
    const type = lastSegment(path);
    if (
        path !== `projects/${project}/zones/${zone}/machineTypes/${type}` ||
        !/^[a-z][a-z0-9]*-[a-z0-9-]+$/.test(type)
    ) {
        throw invalid(
            `Invalid value for field 'resource.machineType': '${reference}'. The referenced machineType resource must be of the form zones/${zone}/machineTypes/TYPE.`,
            "resource.machineType",
        );
    }
    return path;
}

/** @throws ApiError 400 for combinations that Compute Engine refuses */
export function newScheduling(body: SchedulingBody, hasGpu: boolean): Scheduling {
    const spot = body.provisioningModel === "SPOT" || body.preemptible === true;
    const scheduling: Scheduling = {
        automaticRestart: body.automaticRestart ?? !spot,
        preemptible: body.preemptible ?? spot,
        onHostMaintenance: body.onHostMaintenance ?? (spot || hasGpu ? "TERMINATE" : "MIGRATE"),
        provisioningModel: spot ? "SPOT" : "STANDARD",
        ...(body.instanceTerminationAction === undefined
            ? {}
            : { instanceTerminationAction: body.instanceTerminationAction }),
        ...(body.maxRunDuration === undefined ? {} : { maxRunDuration: { seconds: body.maxRunDuration.seconds } }),
    };
    if (spot && scheduling.automaticRestart) {
        throw invalid("Scheduling must have preemptible be false when AutomaticRestart is true.");
    }
    if ((spot || hasGpu) && scheduling.onHostMaintenance === "MIGRATE") {
        throw invalid("Instances with guest accelerators or provisioning model SPOT do not support live migration.");
    }
    const seconds = Number(body.maxRunDuration?.seconds ?? 60);
    // Google's least is 30 seconds. Here it may be less, so that a test of the limit is quick.
    if (seconds < 1 || seconds > MAX_RUN_SECONDS) {
        throw invalid(
            `Invalid value for field 'resource.scheduling.maxRunDuration': ${seconds} seconds. Must be at most 120 days.`,
        );
    }
    if (body.maxRunDuration !== undefined && body.instanceTerminationAction === undefined) {
        throw invalid("Scheduling with maxRunDuration must have instanceTerminationAction.");
    }
    return scheduling;
}

/** @throws ApiError 400 for more metadata than an instance may have, bad keys, or a key twice */
export function checkMetadata(items: readonly { key: string; value: string }[]): void {
    const keys = new Set<string>();
    for (const { key } of items) {
        if (!/^[a-zA-Z0-9-_]{1,128}$/.test(key) || keys.has(key)) {
            throw invalid(
                `Invalid value for field 'resource.metadata.items': '${key}' is no metadata key, or is there twice.`,
            );
        }
        keys.add(key);
    }
    const total = items.reduce((sum, { key, value }) => sum + key.length + Buffer.byteLength(value), 0);
    const tooLong = items.find(({ value }) => Buffer.byteLength(value) > MAX_METADATA_BYTES / 2);
    if (tooLong !== undefined || total > MAX_METADATA_BYTES) {
        throw invalid(
            `Invalid value for field 'resource.metadata': ${tooLong?.key ?? "all items"}. A value may have 262144 bytes, all together 524288.`,
        );
    }
}

/** @throws ApiError 400 for labels that Google Cloud would not take: https://cloud.google.com/compute/docs/labeling-resources */
export function checkLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    for (const [key, value] of Object.entries(labels)) {
        if (
            !/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key) ||
            !/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value)
        ) {
            throw invalid(
                `Invalid value for field 'resource.labels': '${key}: ${value}'. Label keys and values are lower case.`,
            );
        }
    }
    return labels;
}

/** @throws ApiError 400 for an account that does not exist, or a scope that is not a full URL */
export function checkAccounts(
    accounts: InstanceBody["serviceAccounts"] & {},
    context: Pick<InstanceContext, "accountExists">,
): void {
    for (const { email, scopes = [] } of accounts) {
        if (email !== "default" && !context.accountExists(email)) {
            throw invalid(
                `The resource 'projects/-/serviceAccounts/${email}' of type 'serviceAccount' was not found.`,
                "resource.serviceAccounts",
            );
        }
        const bad = scopes.find((scope) => !SCOPE.test(scope));
        if (bad !== undefined) {
            throw invalid(
                `Invalid value for field 'resource.serviceAccounts[0].scopes': '${bad}'. A scope is a full URL such as https://www.googleapis.com/auth/devstorage.read_write.`,
            );
        }
    }
}

export function newShieldedConfig(
    config: {
        readonly [Key in keyof ShieldedConfig]?: boolean | undefined;
    },
): ShieldedConfig {
    return {
        enableSecureBoot: config.enableSecureBoot ?? false,
        enableVtpm: config.enableVtpm ?? true,
        enableIntegrityMonitoring: config.enableIntegrityMonitoring ?? true,
    };
}

function newDisk(body: InstanceBody, place: InstancePlace, instanceName: string): Disk {
    const attached = body.disks[0];
    const params = attached?.initializeParams;
    const image = imageAt(
        referencePath(params?.sourceImage ?? "", place.project, "resource.disks[0].initializeParams.sourceImage"),
    );
    const sizeGb = params?.diskSizeGb ?? image.diskSizeGb;
    if (Number(sizeGb) < Number(image.diskSizeGb) || Number(sizeGb) > 65536) {
        throw invalid(
            `Invalid value for field 'resource.disks[0].initializeParams.diskSizeGb': '${sizeGb}'. Requested disk size cannot be smaller than the image size (${image.diskSizeGb} GB).`,
        );
    }
    const zonePath = `projects/${place.project}/zones/${place.zone}`;
    const name = checkName(params?.diskName ?? instanceName, "resource.disks[0].initializeParams.diskName");
    const type = referencePath(
        params?.diskType ?? `zones/${place.zone}/diskTypes/pd-standard`,
        place.project,
        "diskType",
    );
    if (!type.startsWith(`${zonePath}/diskTypes/`)) {
        throw missing(type);
    }
    return {
        kind: "compute#disk",
        id: newId(),
        name,
        selfLink: selfLink(`${zonePath}/disks/${name}`),
        creationTimestamp: timestamp(),
        status: "READY",
        zone: selfLink(zonePath),
        type: selfLink(type),
        sizeGb,
        sourceImage: image.selfLink,
        sourceImageId: image.id,
        architecture: image.architecture,
        physicalBlockSizeBytes: "4096",
        ...(params?.labels === undefined ? {} : { labels: checkLabels(params.labels) }),
        labelFingerprint: fingerprint(params?.labels ?? {}),
        users: [selfLink(`${zonePath}/instances/${instanceName}`)],
        lastAttachTimestamp: timestamp(),
    };
}

function newInterface(body: InstanceBody, place: InstancePlace, context: InstanceContext): NetworkInterface {
    const wanted = body.networkInterfaces[0];
    const region = regionOf(place.zone);
    const networkReference =
        wanted?.network && referencePath(wanted.network, place.project, "resource.networkInterfaces[0].network");
    const network =
        networkReference === undefined || networkReference === ""
            ? undefined
            : context.networks.network(networkReference);
    if (wanted?.subnetwork === undefined && network !== undefined && !network.autoCreateSubnetworks) {
        throw invalid(
            "Invalid value for field 'resource.networkInterfaces[0]': a subnetwork is needed in a network of custom subnet mode.",
        );
    }
    const subnetwork = context.networks.subnetwork(
        referencePath(
            wanted?.subnetwork ?? `regions/${region}/subnetworks/default`,
            place.project,
            "resource.networkInterfaces[0].subnetwork",
        ),
    );
    if (
        lastSegment(subnetwork.region) !== region ||
        (network !== undefined && network.selfLink !== subnetwork.network)
    ) {
        throw invalid(
            `Invalid value for field 'resource.networkInterfaces[0].subnetwork': '${subnetwork.selfLink}'. It must be in region ${region} and in the network of the interface.`,
        );
    }
    const range = parseRange(subnetwork.ipCidrRange);
    const address = wanted?.networkIP ?? (range && freeAddress(range, context.usedAddresses(subnetwork.selfLink)));
    if (address === undefined) {
        throw invalid(`IP space of '${subnetwork.selfLink}' is exhausted.`);
    }
    const access = wanted?.accessConfigs;
    return {
        kind: "compute#networkInterface",
        name: "nic0",
        network: subnetwork.network,
        subnetwork: subnetwork.selfLink,
        networkIP: address,
        stackType: "IPV4_ONLY",
        fingerprint: fingerprint([subnetwork.selfLink, address]),
        ...(access === undefined || access.length === 0
            ? {}
            : {
                  accessConfigs: access.map(({ name, networkTier }) => ({
                      kind: "compute#accessConfig" as const,
                      type: "ONE_TO_ONE_NAT" as const,
                      name: name ?? "external-nat",
                      natIP: externalAddress(body.name + place.zone),
                      networkTier: networkTier ?? "PREMIUM",
                  })),
              }),
    };
}

/** An address of the range that is kept for documentation (RFC 5737): it leads nowhere. */
function externalAddress(seed: string): string {
    return `203.0.113.${1 + ((createHash("sha256").update(seed).digest()[0] ?? 0) % 254)}`;
}
