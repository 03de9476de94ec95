import type { Resource } from "./collection";

/** States of an instance: https://cloud.google.com/compute/docs/instances/instance-lifecycle */
export type InstanceStatus = "PROVISIONING" | "STAGING" | "RUNNING" | "STOPPING" | "TERMINATED";

/** An entry in instance metadata. */
export interface MetadataItem {
    readonly key: string;
    readonly value: string;
}

/** https://cloud.google.com/compute/docs/reference/rest/v1/instances, as stored and returned. */
export interface Instance extends Resource {
    readonly kind: "compute#instance";
    readonly creationTimestamp: string;
    readonly description?: string;
    readonly status: InstanceStatus;
    readonly zone: string;
    readonly machineType: string;
    readonly cpuPlatform: string;
    readonly fingerprint: string;
    readonly metadata: {
        readonly kind: "compute#metadata";
        readonly fingerprint: string;
        readonly items: readonly MetadataItem[];
    };
    readonly tags: { readonly fingerprint: string; readonly items?: readonly string[] };
    readonly labels?: Readonly<Record<string, string>>;
    readonly labelFingerprint: string;
    readonly disks: readonly AttachedDisk[];
    readonly networkInterfaces: readonly NetworkInterface[];
    readonly serviceAccounts?: readonly { readonly email: string; readonly scopes: readonly string[] }[];
    readonly scheduling: Scheduling;
    readonly shieldedInstanceConfig: ShieldedConfig;
    readonly shieldedInstanceIntegrityPolicy: { readonly updateAutoLearnPolicy: true };
    readonly guestAccelerators?: readonly { readonly acceleratorType: string; readonly acceleratorCount: number }[];
    readonly deletionProtection: boolean;
    readonly canIpForward: false;
    readonly startRestricted: false;
    readonly lastStartTimestamp?: string;
    readonly lastStopTimestamp?: string;
    readonly resourceStatus?: { readonly scheduling: { readonly terminationTimestamp?: string } };
}

export interface AttachedDisk {
    readonly kind: "compute#attachedDisk";
    readonly type: "PERSISTENT";
    readonly mode: "READ_WRITE";
    readonly source: string;
    readonly deviceName: string;
    readonly index: 0;
    readonly boot: true;
    readonly autoDelete: boolean;
    readonly interface: string;
    readonly diskSizeGb: string;
    readonly architecture: string;
    readonly diskEncryptionKey?: DiskKey;
}

/** The customer-managed key of a disk. */
export interface DiskKey {
    readonly kmsKeyName: string;
}

export interface NetworkInterface {
    readonly kind: "compute#networkInterface";
    readonly name: "nic0";
    readonly network: string;
    readonly subnetwork: string;
    readonly networkIP: string;
    readonly stackType: "IPV4_ONLY";
    readonly nicType?: "GVNIC" | "VIRTIO_NET";
    readonly fingerprint: string;
    readonly accessConfigs?: readonly AccessConfig[];
}

export interface AccessConfig {
    readonly kind: "compute#accessConfig";
    readonly type: "ONE_TO_ONE_NAT";
    readonly name: string;
    readonly natIP: string;
    readonly networkTier: string;
}

export interface Scheduling {
    readonly automaticRestart: boolean;
    readonly preemptible: boolean;
    readonly onHostMaintenance: "MIGRATE" | "TERMINATE";
    readonly provisioningModel: "STANDARD" | "SPOT";
    readonly instanceTerminationAction?: "STOP" | "DELETE";
    readonly maxRunDuration?: { readonly seconds: string };
    readonly onInstanceStopAction?: { readonly discardLocalSsd?: boolean | undefined };
}

export interface ShieldedConfig {
    readonly enableSecureBoot: boolean;
    readonly enableVtpm: boolean;
    readonly enableIntegrityMonitoring: boolean;
}

/** https://cloud.google.com/compute/docs/reference/rest/v1/disks: the boot disk of an instance. */
export interface Disk extends Resource {
    readonly kind: "compute#disk";
    readonly creationTimestamp: string;
    readonly status: "READY";
    readonly zone: string;
    readonly type: string;
    readonly sizeGb: string;
    readonly sourceImage: string;
    readonly sourceImageId: string;
    readonly architecture: string;
    readonly description?: string;
    readonly physicalBlockSizeBytes: "4096";
    readonly diskEncryptionKey?: DiskKey;
    readonly labels?: Readonly<Record<string, string>>;
    readonly labelFingerprint: string;
    readonly users?: readonly string[];
    readonly lastAttachTimestamp: string;
}
