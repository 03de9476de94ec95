import { type Bucket, locationType } from "./buckets";
import type { StoredObject } from "./object-index";

/** Returns a bucket in the JSON API's format: https://cloud.google.com/storage/docs/json_api/v1/buckets#resource */
export function toBucketResource(bucket: Bucket, baseUrl: string): object {
    const type = locationType(bucket.location);
    return {
        kind: "storage#bucket",
        selfLink: `${baseUrl}/storage/v1/b/${bucket.name}`,
        id: bucket.name,
        name: bucket.name,
        projectNumber: bucket.projectNumber,
        generation: bucket.generation,
        metageneration: String(bucket.metageneration),
        location: bucket.location,
        locationType: type,
        ...(type === "region" ? {} : { rpo: "DEFAULT" }),
        etag: etagOf(bucket),
        timeCreated: bucket.timeCreated,
        updated: bucket.updated,
        ...bucket.settings,
        ...bucket.kept,
    };
}

/** Returns an object in the JSON API's format: https://cloud.google.com/storage/docs/json_api/v1/objects#resource */
export function toObjectResource(object: StoredObject, baseUrl: string): object {
    const path = `b/${object.bucket}/o/${encodeURIComponent(object.name)}`;
    const { eventBasedHold, temporaryHold, ...attributes } = object.attributes;
    return {
        kind: "storage#object",
        id: `${object.bucket}/${object.name}/${object.generation}`,
        selfLink: `${baseUrl}/storage/v1/${path}`,
        mediaLink: `${baseUrl}/download/storage/v1/${path}?generation=${object.generation}&alt=media`,
        name: object.name,
        bucket: object.bucket,
        generation: object.generation,
        metageneration: String(object.metageneration),
        size: String(object.blob.size),
        ...(object.composedOf === undefined ? { md5Hash: object.blob.md5Hash } : { componentCount: object.composedOf }),
        crc32c: object.blob.crc32c,
        etag: etagOf(object),
        timeCreated: object.timeCreated,
        updated: object.updated,
        ...(object.timeDeleted === undefined ? {} : { timeDeleted: object.timeDeleted }),
        ...object.kept,
        timeStorageClassUpdated: object.timeCreated,
        timeFinalized: object.timeCreated,
        ...attributes,
        storageClass: object.attributes.storageClass ?? "STANDARD",
        ...(eventBasedHold === undefined ? {} : { eventBasedHold }),
        ...(temporaryHold === undefined ? {} : { temporaryHold }),
    };
}

/** Computes an etag that changes with the content and the metadata. */
export function etagOf(versioned: { readonly generation: string; readonly metageneration: number }): string {
    return Buffer.from(`${versioned.generation}.${versioned.metageneration}`).toString("base64");
}
