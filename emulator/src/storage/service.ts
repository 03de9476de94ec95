import type { InventoryItem, Service } from "../service";
import type { DocumentStore } from "../store/documents";
import { StorageAccess } from "./access";
import { BlobStore } from "./blobs";
import { type BucketDependencies, BucketService } from "./buckets";
import { ObjectService } from "./objects";
import { ResumableUploads } from "./resumable";

/** Cloud Storage: buckets, objects, their contents and the uploads in progress. */
export class StorageService implements Service {
    readonly access: StorageAccess;
    readonly blobs: BlobStore;
    readonly buckets: BucketService;
    readonly objects: ObjectService;
    readonly uploads: ResumableUploads;

    constructor(dataDir: string, documents: DocumentStore, dependencies: BucketDependencies) {
        this.access = new StorageAccess(dependencies.policies);
        this.blobs = new BlobStore(dataDir);
        this.objects = new ObjectService(documents, this.blobs, this.access, () => this.buckets);
        this.buckets = new BucketService(documents, dependencies, (bucket) => this.objects.count(bucket));
        this.uploads = new ResumableUploads(documents, this.blobs, this.objects);
    }

    /** Removes unreferenced content that a crash left behind. */
    async start(): Promise<void> {
        const names = this.buckets.all().map(({ name }) => name);
        await this.blobs.sweep(new Set([...this.objects.usedBlobs(names), ...(await this.uploads.usedBlobs())]));
    }

    async stop(): Promise<void> {
        await this.uploads.stop();
    }

    inventory(): InventoryItem[] {
        return this.buckets.inventory();
    }
}
