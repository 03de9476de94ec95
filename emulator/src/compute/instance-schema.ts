import { z } from "zod";
import { NOT_EMULATED } from "../http/body";
import { body, int64, labels, nothing, orUnset, outputOnly } from "./schema";

const metadata = z.strictObject({
    kind: z.string().optional(),
    fingerprint: z.string().optional(),
    items: z.array(z.strictObject({ key: z.string(), value: z.string().default("") })).optional(),
});

const tags = z.strictObject({ fingerprint: z.string().optional(), items: z.array(z.string()).optional() });

const serviceAccount = z.strictObject({ email: z.string(), scopes: z.array(z.string()).optional() });

const shieldedInstanceConfig = z.strictObject({
    enableSecureBoot: z.boolean().optional(),
    enableVtpm: z.boolean().optional(),
    enableIntegrityMonitoring: z.boolean().optional(),
});

const accelerator = z.strictObject({ acceleratorType: z.string(), acceleratorCount: z.int().min(1) });

const duration = z.strictObject({ seconds: int64, nanos: z.literal(0, NOT_EMULATED).optional() });

const scheduling = z.strictObject({
    automaticRestart: z.boolean().optional(),
    preemptible: z.boolean().optional(),
    onHostMaintenance: orUnset(z.enum(["MIGRATE", "TERMINATE"])),
    provisioningModel: orUnset(z.enum(["STANDARD", "SPOT"], NOT_EMULATED)),
    instanceTerminationAction: orUnset(z.enum(["STOP", "DELETE"])),
    maxRunDuration: duration.optional(),
    nodeAffinities: nothing(),
    minNodeCpus: nothing(),
    availabilityDomain: nothing(),
    hostErrorTimeoutSeconds: nothing(),
    maintenanceInterval: nothing(),
    localSsdRecoveryTimeout: nothing(),
    locationHint: nothing(),
    terminationTime: nothing(),
    onInstanceStopAction: z.strictObject({ discardLocalSsd: z.boolean().optional() }).optional(),
    gracefulShutdown: nothing(),
    skipGuestOsShutdown: nothing(),
    preemptionNoticeDuration: nothing(),
    exposeHostTopology: nothing(),
    maintenanceFreezeDurationHours: nothing(),
});

const disk = z.strictObject({
    kind: z.string().optional(),
    type: z.enum(["PERSISTENT"], NOT_EMULATED).optional(),
    boot: z.literal(true, NOT_EMULATED),
    autoDelete: z.boolean().optional(),
    mode: z.enum(["READ_WRITE"], NOT_EMULATED).optional(),
    deviceName: z.string().optional(),
    interface: z.enum(["SCSI", "NVME"]).optional(),
    index: z.literal(0, NOT_EMULATED).optional(),
    forceAttach: nothing(),
    savedState: nothing(),
    diskEncryptionKey: z
        .strictObject({ kmsKeyName: z.string().optional(), rsaEncryptedKey: nothing(), rawKey: nothing() })
        .optional(),
    guestOsFeatures: nothing(),
    source: nothing(),
    initializeParams: z.strictObject({
        sourceImage: z.string(),
        diskName: z.string().optional(),
        diskSizeGb: int64.optional(),
        diskType: z.string().optional(),
        labels: labels.optional(),
        description: z.string().optional(),
        resourceManagerTags: nothing(),
        resourcePolicies: nothing(),
        storagePool: nothing(),
        enableConfidentialCompute: nothing(),
        provisionedIops: nothing(),
        provisionedThroughput: nothing(),
        architecture: nothing(),
        sourceImageEncryptionKey: nothing(),
        sourceSnapshotEncryptionKey: nothing(),
        sourceSnapshot: nothing(),
        guestOsFeatures: nothing(),
    }),
});

const accessConfig = z.strictObject({
    kind: z.string().optional(),
    type: z.enum(["ONE_TO_ONE_NAT"], NOT_EMULATED).optional(),
    name: z.string().optional(),
    natIP: nothing(),
    networkTier: z.enum(["PREMIUM", "STANDARD"], NOT_EMULATED).optional(),
    publicPtrDomainName: nothing(),
    securityPolicy: nothing(),
    setPublicPtr: nothing(),
});

/** Fields of an interface that can change: https://cloud.google.com/compute/docs/reference/rest/v1/instances/updateNetworkInterface */
const interfaceFields = {
    kind: z.string().optional(),
    name: z.literal("nic0", NOT_EMULATED).optional(),
    network: z.string().optional(),
    subnetwork: z.string().optional(),
    networkIP: z.ipv4().optional(),
    stackType: z.enum(["IPV4_ONLY"], NOT_EMULATED).optional(),
    aliasIpRanges: nothing(),
    ipv6Address: nothing(),
    internalIpv6PrefixLength: nothing(),
    igmpQuery: nothing(),
};

const networkInterface = z.strictObject({
    ...interfaceFields,
    nicType: z.enum(["GVNIC", "VIRTIO_NET"], NOT_EMULATED).optional(),
    accessConfigs: z.array(accessConfig).max(1).optional(),
    ipv6AccessConfigs: nothing(),
    queueCount: nothing(),
    networkAttachment: nothing(),
    securityPolicy: nothing(),
    vlan: nothing(),
    enableVpcScopedDns: nothing(),
    serviceClassId: nothing(),
});

/** https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert */
export const instanceBody = body(
    z.strictObject({
        ...outputOnly,
        name: z.string(),
        description: z.string().optional(),
        machineType: z.string(),
        disks: z.array(disk).length(1, NOT_EMULATED),
        networkInterfaces: z.array(networkInterface).length(1, NOT_EMULATED),
        metadata: metadata.optional(),
        serviceAccounts: z.array(serviceAccount).max(1).optional(),
        scheduling: scheduling.optional(),
        shieldedInstanceConfig: shieldedInstanceConfig.optional(),
        guestAccelerators: z.array(accelerator).optional(),
        labels: labels.optional(),
        tags: tags.optional(),
        deletionProtection: z.boolean().optional(),
        zone: z.string().optional(),
        params: z.strictObject({ resourceManagerTags: nothing(), requestValidForDuration: nothing() }).optional(),
        canIpForward: nothing(),
        minCpuPlatform: nothing(),
        hostname: nothing(),
        resourcePolicies: nothing(),
        confidentialInstanceConfig: nothing(),
        advancedMachineFeatures: nothing(),
        displayDevice: nothing(),
        networkPerformanceConfig: nothing(),
        reservationAffinity: nothing(),
        keyRevocationActionType: nothing(),
        partnerMetadata: nothing(),
        instanceEncryptionKey: nothing(),
        workloadIdentityConfig: nothing(),
        eraseWindowsVssSignature: nothing(),
    }),
);

/**
 * Request bodies for the methods that change a single field:
 * https://cloud.google.com/compute/docs/reference/rest/v1/instances
 */
export const setMetadataBody = body(metadata);
export const setTagsBody = body(tags);
export const setLabelsBody = body(z.strictObject({ labels: labels.optional(), labelFingerprint: z.string() }));
export const setMachineTypeBody = body(z.strictObject({ machineType: z.string() }));
export const setSchedulingBody = body(scheduling);
export const setServiceAccountBody = body(serviceAccount.partial());
export const shieldedBody = body(shieldedInstanceConfig);
export const updateInterfaceBody = body(z.strictObject({ ...interfaceFields, fingerprint: z.string().optional() }));
export const accessConfigBody = body(accessConfig);
export const setSecurityPolicyBody = body(
    z.strictObject({ networkInterfaces: z.array(z.literal("nic0")).optional(), securityPolicy: nothing() }),
);

export type InstanceBody = z.output<typeof instanceBody>;
export type InterfaceBody = z.output<typeof networkInterface>;
export type UpdateInterfaceBody = z.output<typeof updateInterfaceBody>;
export type AccessConfigBody = z.output<typeof accessConfig>;
export type SchedulingBody = z.output<typeof setSchedulingBody>;
