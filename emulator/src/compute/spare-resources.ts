import type { DocumentStore } from "../store/documents";
import { type Resource, ResourceCollection } from "./collection";

/** https://cloud.google.com/compute/docs/reference/rest/v1/addresses */
export interface Address extends Resource {
    readonly kind: "compute#address";
    readonly creationTimestamp: string;
    readonly description: string;
    readonly address: string;
    readonly addressType: "EXTERNAL";
    readonly networkTier: "PREMIUM";
    readonly status: "RESERVED";
    readonly region: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly labelFingerprint: string;
}

/** A custom image: https://cloud.google.com/compute/docs/reference/rest/v1/images. No VM can boot from it. */
export interface CustomImage extends Resource {
    readonly kind: "compute#image";
    readonly creationTimestamp: string;
    readonly description: string;
    readonly status: "READY";
    readonly sourceType: "RAW";
    readonly sourceDisk: string;
    readonly diskSizeGb: string;
    readonly archiveSizeBytes: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly labelFingerprint: string;
}

/** Resources that no VM in the emulator uses, but that a person or another program may leave behind in a project. */
export class SpareResources {
    readonly addresses: ResourceCollection<Address>;
    readonly images: ResourceCollection<CustomImage>;

    constructor(documents: DocumentStore) {
        this.addresses = new ResourceCollection(documents, "addresses");
        this.images = new ResourceCollection(documents, "images");
    }
}

/** The resources in a project, ordered by name. @param project `projects/P` */
export function inProject<T extends Resource>(collection: ResourceCollection<T>, project: string): T[] {
    return collection
        .entries()
        .flatMap(([path, item]) => (path.startsWith(`${project}/`) ? [item] : []))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
}
