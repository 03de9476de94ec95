import type { MetadataSource } from "../vm/metadata/metadata-tree";
import type { Instance } from "./instance-types";
import { lastSegment, pathOf } from "./links";

/** Metadata that is not part of the instance resource. */
export interface MetadataExtras {
    readonly preempted: boolean;
    readonly projectNumber: string;
    /** Path of the boot disk's image. */
    readonly image: string;
}

/** Returns the instance as its metadata server describes it. */
export function metadataSource(instance: Instance, extras: MetadataExtras): MetadataSource {
    const [, project = "", , zone = ""] = pathOf(instance).split("/");
    const nic = instance.networkInterfaces[0];
    const { automaticRestart, onHostMaintenance, preemptible } = instance.scheduling;
    return {
        project,
        ...extras,
        zone,
        name: instance.name,
        id: instance.id,
        // This is the zonal DNS name: https://cloud.google.com/compute/docs/internal-dns
        hostname: `${instance.name}.${zone}.c.${project}.internal`,
        machineType: lastSegment(instance.machineType),
        attributes: Object.fromEntries(instance.metadata.items.map(({ key, value }) => [key, value])),
        tags: instance.tags.items ?? [],
        scheduling: { automaticRestart, onHostMaintenance, preemptible },
        networkIp: nic?.networkIP ?? "",
        network: lastSegment(nic?.network ?? ""),
        serviceAccount: instance.serviceAccounts?.[0],
    };
}
