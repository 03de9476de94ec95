import { invalid } from "../http/errors";
import { checkKeyLocation } from "../http/kms-key";
import { imageAt } from "./images";
import {
    checkAccounts,
    checkLabels,
    checkMetadata,
    hasLocalSsd,
    machineTypePath,
    newScheduling,
    newShieldedConfig,
    type ZoneRef,
} from "./instance-checks";
import type { InstanceBody } from "./instance-schema";
import type { Disk, Instance } from "./instance-types";
import { type InterfaceContext, newInterface } from "./interfaces";
import { checkName, fingerprint, missing, newId, referencePath, regionOf, selfLink, timestamp } from "./links";

/** The resources against which a new instance is checked. */
export interface InstanceContext extends InterfaceContext {
    /** Tests whether a service account exists; accounts in unknown projects count as existing. */
    readonly accountExists: (email: string) => boolean;
    /** Returns the email of the account "default". */
    readonly defaultAccount: string;
}

/**
 * Checks a request to create an instance, and adds the fields that Compute Engine sets.
 * @throws ApiError 400 or 404 with Compute Engine's message
 */
export function newInstance(
    body: InstanceBody,
    location: ZoneRef,
    context: InstanceContext,
): { instance: Instance; disk: Disk } {
    const name = checkName(body.name);
    const zonePath = `projects/${location.project}/zones/${location.zone}`;
    const path = `${zonePath}/instances/${name}`;
    const machineType = machineTypePath(body.machineType, location);
    const disk = newDisk(body, location, name);
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
                ...(disk.diskEncryptionKey === undefined ? {} : { diskEncryptionKey: disk.diskEncryptionKey }),
            },
        ],
        networkInterfaces: [newInterface(body.networkInterfaces[0] ?? {}, { ...location, name }, context)],
        ...(body.serviceAccounts === undefined || body.serviceAccounts.length === 0
            ? {}
            : {
                  serviceAccounts: body.serviceAccounts.map(({ email, scopes }) => ({
                      email: email === "default" ? context.defaultAccount : email,
                      scopes: scopes ?? [],
                  })),
              }),
        scheduling: newScheduling(body.scheduling ?? {}, {
            hasGpu: (body.guestAccelerators ?? []).length > 0,
            localSsd: hasLocalSsd(machineType),
        }),
        shieldedInstanceConfig: newShieldedConfig(body.shieldedInstanceConfig ?? {}),
        shieldedInstanceIntegrityPolicy: { updateAutoLearnPolicy: true },
        ...(body.guestAccelerators === undefined || body.guestAccelerators.length === 0
            ? {}
            : {
                  guestAccelerators: body.guestAccelerators.map(({ acceleratorType, acceleratorCount }) => ({
                      acceleratorType: selfLink(
                          referencePath(acceleratorType, location.project, "resource.guestAccelerators"),
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

function newDisk(body: InstanceBody, location: ZoneRef, instanceName: string): Disk {
    const attached = body.disks[0];
    const params = attached?.initializeParams;
    const image = imageAt(
        referencePath(params?.sourceImage ?? "", location.project, "resource.disks[0].initializeParams.sourceImage"),
    );
    const sizeGb = params?.diskSizeGb ?? image.diskSizeGb;
    if (Number(sizeGb) < Number(image.diskSizeGb) || Number(sizeGb) > 65536) {
        throw invalid(
            `Invalid value for field 'resource.disks[0].initializeParams.diskSizeGb': '${sizeGb}'. Requested disk size cannot be smaller than the image size (${image.diskSizeGb} GB).`,
        );
    }
    const zonePath = `projects/${location.project}/zones/${location.zone}`;
    const name = checkName(params?.diskName ?? instanceName, "resource.disks[0].initializeParams.diskName");
    const type = referencePath(
        params?.diskType ?? `zones/${location.zone}/diskTypes/pd-standard`,
        location.project,
        "diskType",
    );
    if (!type.startsWith(`${zonePath}/diskTypes/`)) {
        throw missing(type);
    }
    const kmsKeyName = attached?.diskEncryptionKey?.kmsKeyName;
    checkKeyLocation(kmsKeyName, regionOf(location.zone));
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
        ...(params?.description === undefined ? {} : { description: params.description }),
        physicalBlockSizeBytes: "4096",
        ...(kmsKeyName === undefined ? {} : { diskEncryptionKey: { kmsKeyName } }),
        ...(params?.labels === undefined ? {} : { labels: checkLabels(params.labels) }),
        labelFingerprint: fingerprint(params?.labels ?? {}),
        users: [selfLink(`${zonePath}/instances/${instanceName}`)],
        lastAttachTimestamp: timestamp(),
    };
}
