import { networkPathOf, subnetworkPathOf } from "../prerequisites";
import {
    type CreateResource,
    call,
    callAndWait,
    omitUndefined,
    type Properties,
    rejectUnknownInputs,
} from "../rehearsal-context";

/** `gcp.compute.Instance`. */
export const instance: CreateResource = async ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, [
        "name",
        "project",
        "zone",
        "machineType",
        "description",
        "bootDisk",
        "networkInterfaces",
        "metadata",
        "serviceAccount",
        "scheduling",
        "shieldedInstanceConfig",
        "guestAccelerators",
        "labels",
        "tags",
        "allowStoppingForUpdate",
        "deletionProtection",
        "deletionPolicy",
    ]);
    const { project = context.gcp.project, zone = context.gcp.zone, name } = inputs;
    const zonePath = `projects/${project}/zones/${zone}`;
    const disk = inputs.bootDisk as { autoDelete?: boolean; kmsKeySelfLink?: string; initializeParams: Properties };
    const account = inputs.serviceAccount as { email: string; scopes: string[] };
    const accelerators = inputs.guestAccelerators as { type: string; count: number }[] | undefined;
    await callAndWait(
        context,
        "POST",
        `/compute/v1/${zonePath}/instances`,
        omitUndefined({
            name,
            description: inputs.description,
            machineType: `${zonePath}/machineTypes/${inputs.machineType}`,
            disks: [
                {
                    boot: true,
                    autoDelete: disk.autoDelete ?? true,
                    ...(disk.kmsKeySelfLink ? { diskEncryptionKey: { kmsKeyName: disk.kmsKeySelfLink } } : {}),
                    initializeParams: omitUndefined({
                        sourceImage: imagePath(String(disk.initializeParams.image)),
                        diskSizeGb: String(disk.initializeParams.size),
                        diskType: `${zonePath}/diskTypes/${disk.initializeParams.type}`,
                        labels: disk.initializeParams.labels,
                    }),
                },
            ],
            networkInterfaces: (inputs.networkInterfaces as Properties[]).map((each) => ({
                ...each,
                network: networkPathOf(String(each.network), context),
                subnetwork: subnetworkPathOf(String(each.subnetwork), context),
            })),
            metadata: {
                items: Object.entries((inputs.metadata ?? {}) as Properties).map(([key, value]) => ({ key, value })),
            },
            serviceAccounts: [{ email: account.email, scopes: account.scopes }],
            scheduling: inputs.scheduling,
            shieldedInstanceConfig: inputs.shieldedInstanceConfig,
            guestAccelerators: accelerators?.map(({ type: model, count }) => ({
                acceleratorType: `${zonePath}/acceleratorTypes/${model}`,
                acceleratorCount: count,
            })),
            labels: inputs.labels,
            tags: inputs.tags ? { items: inputs.tags } : undefined,
            deletionProtection: inputs.deletionProtection,
        }),
    );
    const id = `${zonePath}/instances/${name}`;
    const created = await call(context, "GET", `/compute/v1/${id}`);
    return {
        id,
        outputs: {
            name,
            zone,
            instanceId: created.id,
            selfLink: `https://www.googleapis.com/compute/v1/${id}`,
            currentStatus: "RUNNING",
        },
        detail: `${name} (${inputs.machineType})`,
        destroy: (later) => callAndWait(later, "DELETE", `/compute/v1/${id}`),
    };
};

/** The provider accepts `project/family`, and the API expects a path. */
function imagePath(image: string): string {
    const [project, family, ...more] = image.split("/");
    return family !== undefined && more.length === 0 ? `projects/${project}/global/images/family/${family}` : image;
}
