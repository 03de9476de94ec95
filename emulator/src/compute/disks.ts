import type { DocumentStore } from "../store/documents";
import { ResourceCollection } from "./collection";
import type { Disk, Instance } from "./instance-types";
import { COMPUTE_URL, pathOf } from "./links";

/** The boot disks of instances. */
export class DiskCollection extends ResourceCollection<Disk> {
    constructor(documents: DocumentStore) {
        super(documents, "disks");
    }

    /** Creates an instance's boot disk. */
    bootDisk(instance: Instance): Disk | undefined {
        return this.find((instance.disks[0]?.source ?? "").slice(COMPUTE_URL.length));
    }

    /** Deletes the `autoDelete` disks of a deleted instance and detaches the others. */
    async release(instance: Instance): Promise<void> {
        for (const { source, autoDelete } of instance.disks) {
            const disk = this.find(source.slice(COMPUTE_URL.length));
            if (disk !== undefined && autoDelete) {
                await this.delete(pathOf(disk));
            } else if (disk !== undefined) {
                const { users: _users, ...free } = disk;
                await this.put(pathOf(disk), free);
            }
        }
    }
}
