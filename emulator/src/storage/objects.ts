import { invalid, notFound, permissionDenied } from "../http/errors";
import type { Principal } from "../http/types";
import type { DocumentStore } from "../store/documents";
import type { StorageAccess } from "./access";
import type { Blob, BlobStore } from "./blobs";
import { checkObjectName } from "./bucket-names";
import { type BucketService, keptFrom } from "./buckets";
import type { ClaimedHashes } from "./claimed-hashes";
import { collectionOf, keptCollectionOf, ObjectIndex, type ObjectNames, type StoredObject } from "./object-index";
import type { ObjectAttributes } from "./object-schema";
import { checkPreconditions, type Preconditions } from "./preconditions";

/** The name of an object, optionally with the generation of one of its versions. */
export interface ObjectName {
    readonly bucket: string;
    readonly name: string;
    /** Default: the live version. */
    readonly generation?: string | undefined;
}

/** A new object without its content. Claimed hashes are verified. */
export interface NewObject extends ClaimedHashes {
    readonly bucket: string;
    readonly name: string;
    readonly attributes: ObjectAttributes;
    readonly preconditions: Preconditions;
    /** Number of parts in a composed object. */
    readonly composedOf?: number;
}

/** The objects in all buckets, with their versions. Every method checks the permissions of the principal. */
export class ObjectService {
    readonly #indexes = new Map<string, ObjectIndex>();
    #lastGeneration = 0;

    readonly #documents: DocumentStore;
    readonly #blobs: BlobStore;
    readonly #access: StorageAccess;
    readonly #buckets: () => BucketService;

    constructor(documents: DocumentStore, blobs: BlobStore, access: StorageAccess, buckets: () => BucketService) {
        this.#documents = documents;
        this.#blobs = blobs;
        this.#access = access;
        this.#buckets = buckets;
    }

    /** Returns the number of versions in a bucket. */
    count(bucket: string): number {
        return this.#index(bucket).size;
    }

    /** Returns every version of every object, for listings. */
    all(principal: Principal, bucket: string): StoredObject[] {
        this.#buckets().get(bucket);
        this.#access.require(principal, "storage.objects.list", bucket);
        return this.#index(bucket).all();
    }

    /** Returns the object names in a bucket, in order, for listings that are split into pages. */
    names(principal: Principal, bucket: string): ObjectNames {
        this.#buckets().get(bucket);
        this.#access.require(principal, "storage.objects.list", bucket);
        return this.#index(bucket);
    }

    /** Returns the names of deleted objects that a bucket keeps. Their content is gone. */
    keptNames(principal: Principal, bucket: string): ObjectNames {
        this.names(principal, bucket);
        return this.#index(bucket, keptCollectionOf(bucket));
    }

    /**
     * Finds an object for reading.
     *
     * @throws ApiError 403 or 404 (403 also for a missing object if the caller may not list objects), 412 or 304 for
     *     failed preconditions
     */
    get(principal: Principal, target: ObjectName, preconditions: Preconditions = {}): StoredObject {
        const object = this.#find(principal, "storage.objects.get", target);
        checkPreconditions(preconditions, object, "read");
        return object;
    }

    /** Rejects an upload that cannot succeed, before reading its content. The same checks run again at the end. */
    checkUpload(
        principal: Principal,
        newObject: Pick<NewObject, "bucket" | "name" | "preconditions">,
    ): StoredObject | undefined {
        this.#buckets().get(newObject.bucket);
        checkObjectName(newObject.name);
        this.#access.require(principal, "storage.objects.create", newObject.bucket, newObject.name);
        const existing = this.#index(newObject.bucket).find(newObject.name);
        checkPreconditions(newObject.preconditions, existing, "write");
        if (existing !== undefined) {
            // Overwriting deletes the previous content.
            this.#access.require(principal, "storage.objects.delete", newObject.bucket, newObject.name);
            checkHolds(existing);
        }
        return existing;
    }

    /**
     * Turns uploaded content into an object. The preconditions are checked and the new generation is stored in one
     * step. Rejected content is deleted.
     */
    async commit(principal: Principal, newObject: NewObject, blob: Blob): Promise<StoredObject> {
        try {
            verifyHashes(newObject, blob);
            const replaced = this.checkUpload(principal, newObject);
            const now = new Date();
            const object: StoredObject = {
                bucket: newObject.bucket,
                name: newObject.name,
                generation: this.#nextGeneration(now),
                metageneration: 1,
                timeCreated: now.toISOString(),
                updated: now.toISOString(),
                blob,
                ...(newObject.composedOf === undefined ? {} : { composedOf: newObject.composedOf }),
                attributes: {
                    ...newObject.attributes,
                    storageClass:
                        newObject.attributes.storageClass ??
                        this.#buckets().get(newObject.bucket).settings.storageClass ??
                        "STANDARD",
                },
            };
            const stored = this.#index(newObject.bucket).put(object);
            const retired = replaced === undefined ? undefined : this.#retire(replaced, now, stored);
            const results = await Promise.allSettled([stored, retired]);
            const failed = results.find((result) => result.status === "rejected");
            if (failed !== undefined) {
                await this.#restore(object, replaced);
                throw failed.reason;
            }
            return object;
        } catch (error) {
            await this.#blobs.delete(blob.id);
            throw error;
        }
    }

    /** Changes the metadata of an object. `change` returns the new attributes. */
    async update(
        principal: Principal,
        target: ObjectName,
        preconditions: Preconditions,
        change: (attributes: ObjectAttributes) => ObjectAttributes,
    ): Promise<StoredObject> {
        const object = this.#find(principal, "storage.objects.update", target);
        checkPreconditions(preconditions, object, "write");
        const { storageClass } = object.attributes;
        const attributes = change(object.attributes);
        if ((attributes.storageClass ?? storageClass) !== storageClass) {
            throw invalid(
                "The storage class of an object is changed by rewriting the object (objects.rewrite), not its metadata.",
            );
        }
        const updated: StoredObject = {
            ...object,
            metageneration: object.metageneration + 1,
            updated: new Date().toISOString(),
            attributes: { ...attributes, storageClass },
        };
        await this.#index(target.bucket).put(updated);
        return updated;
    }

    /**
     * Deletes the live version, which becomes noncurrent in a versioned bucket, or permanently deletes a given
     * generation.
     */
    async delete(principal: Principal, target: ObjectName, preconditions: Preconditions): Promise<void> {
        const object = this.#find(principal, "storage.objects.delete", target);
        checkPreconditions(preconditions, object, "write");
        checkHolds(object);
        if (target.generation === undefined) {
            await this.#retire(object, new Date());
        } else {
            await this.#erase(object);
        }
    }

    /** Removes the data of a bucket that is being deleted. */
    async dropBucket(bucket: string): Promise<void> {
        for (const collection of [collectionOf(bucket), keptCollectionOf(bucket)]) {
            this.#indexes.delete(collection);
            await this.#documents.drop(collection);
        }
    }

    /** Returns the ids of all blobs used by objects in these buckets. */
    usedBlobs(buckets: readonly string[]): string[] {
        return buckets.flatMap((bucket) =>
            this.#index(bucket)
                .all()
                .map(({ blob }) => blob.id),
        );
    }

    #find(principal: Principal, permission: string, target: ObjectName): StoredObject {
        this.#buckets().get(target.bucket);
        this.#access.require(principal, permission, target.bucket, target.name);
        const object = this.#index(target.bucket).find(target.name, target.generation);
        if (object === undefined) {
            if (!this.#access.can(principal, "storage.objects.list", target.bucket)) {
                // Callers that may not list objects must not be able to probe for names.
                throw this.#access.denied(principal, permission, "object");
            }
            throw notFound(`No such object: ${target.bucket}/${target.name}`);
        }
        return object;
    }

    /** Restores what a failed write replaced, as far as the disk allows. */
    async #restore(object: StoredObject, replaced: StoredObject | undefined): Promise<void> {
        const index = this.#index(object.bucket);
        await index.remove(object).catch(() => undefined);
        if (replaced !== undefined) {
            await index.put(replaced).catch(() => undefined);
        }
    }

    /**
     * Makes an overwritten or deleted live version noncurrent, or erases it in an unversioned bucket.
     * @param stored settles when the version that replaces it is on disk
     */
    async #retire(object: StoredObject, now: Date, stored?: Promise<void>): Promise<void> {
        const versioned = this.#buckets().get(object.bucket).settings.versioning?.enabled === true;
        if (versioned && object.timeDeleted === undefined) {
            await this.#index(object.bucket).put({ ...object, timeDeleted: now.toISOString() });
        } else {
            await this.#erase(object, stored);
        }
    }

    async #erase(object: StoredObject, stored?: Promise<void>): Promise<void> {
        await this.#index(object.bucket).remove(object);
        await stored;
        const kept = keptFrom(this.#buckets().get(object.bucket), new Date());
        if (kept !== undefined) {
            await this.#index(object.bucket, keptCollectionOf(object.bucket)).put({ ...object, kept });
        }
        await this.#blobs.delete(object.blob.id);
    }

    /** Returns the current time in microseconds since 1970, increased if necessary to exceed every earlier result. */
    #nextGeneration(now: Date): string {
        this.#lastGeneration = Math.max(now.getTime() * 1000, this.#lastGeneration + 1);
        return String(this.#lastGeneration);
    }

    #index(bucket: string, collection = collectionOf(bucket)): ObjectIndex {
        let index = this.#indexes.get(collection);
        if (index === undefined) {
            index = new ObjectIndex(this.#documents, collection);
            this.#indexes.set(collection, index);
        }
        return index;
    }
}

function verifyHashes(newObject: NewObject, blob: Blob): void {
    if (newObject.md5Hash !== undefined && newObject.md5Hash !== blob.md5Hash) {
        throw invalid(
            `Provided MD5 hash "${newObject.md5Hash}" doesn't match calculated MD5 hash "${blob.md5Hash}".`,
            "md5Hash",
        );
    }
    if (newObject.crc32c !== undefined && newObject.crc32c !== blob.crc32c) {
        throw invalid(
            `Provided CRC32C "${newObject.crc32c}" doesn't match calculated CRC32C "${blob.crc32c}".`,
            "crc32c",
        );
    }
}

function checkHolds(object: StoredObject): void {
    if (object.attributes.temporaryHold === true || object.attributes.eventBasedHold === true) {
        const hold = object.attributes.temporaryHold === true ? "Temporary" : "Event-Based";
        throw permissionDenied(
            `Object '${object.bucket}/${object.name}' is under active ${hold} hold and cannot be deleted, overwritten or archived until hold is removed.`,
        );
    }
}
