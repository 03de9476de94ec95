import type { z } from "zod";
import { checkBody, mergePatch } from "../http/body";
import { ApiError, alreadyExists, invalid, notFound } from "../http/errors";
import { checkKeyLocation } from "../http/kms-key";
import type { PolicyStore } from "../iam/policy";
import type { Organization } from "../org/organization";
import type { ProjectService } from "../projects/projects";
import type { InventoryItem } from "../service";
import type { Collection, DocumentStore } from "../store/documents";
import { checkBucketName } from "./bucket-names";
import { type BucketSettings, bucketSchema, type newBucketSchema } from "./bucket-schema";
import type { Kept } from "./object-index";
import { conditionNotMet } from "./preconditions";

/** A bucket as stored. */
export interface Bucket {
    readonly name: string;
    readonly projectId: string;
    readonly projectNumber: string;
    readonly location: string;
    /** Microseconds since 1970, decimal. */
    readonly generation: string;
    readonly metageneration: number;
    readonly timeCreated: string;
    readonly updated: string;
    readonly settings: BucketSettings;
    /** Set if the bucket has been deleted but is still kept. */
    readonly kept?: Kept;
}

/** Collection of Bucket documents by name. services.ts reads it to find a bucket's project. */
export const BUCKETS = "buckets";

/** Google's default since 2024: one week. https://cloud.google.com/storage/docs/soft-delete */
const DEFAULT_SOFT_DELETE_SECONDS = "604800";
const UNIFORM_ACCESS_LOCKS_AFTER_MS = 90 * 24 * 3600 * 1000;
const MULTI_REGIONS = new Set(["US", "EU", "ASIA"]);

/** The parts of the emulator that buckets depend on. */
export interface BucketDependencies {
    readonly projects: ProjectService;
    readonly policies: PolicyStore;
    readonly org: Organization;
}

/** Buckets in all projects. Names are global, as on Google Cloud. */
export class BucketService {
    readonly #buckets: Collection<Bucket>;
    /** Deleted buckets by name and generation. */
    readonly #kept: Collection<Bucket>;

    readonly #projects: ProjectService;
    readonly #policies: PolicyStore;
    readonly #org: Organization;
    /** Returns the number of object versions in a bucket. */
    readonly #countObjects: (bucket: string) => number;

    constructor(
        documents: DocumentStore,
        { projects, policies, org }: BucketDependencies,
        countObjects: (bucket: string) => number,
    ) {
        this.#projects = projects;
        this.#policies = policies;
        this.#org = org;
        this.#countObjects = countObjects;

        this.#buckets = documents.collection(BUCKETS);
        this.#kept = documents.collection("kept-buckets");
    }

    /** @throws ApiError 400 for an invalid name or key, 409 if the name is taken, 412 for a violated constraint */
    async insert(project: string, body: z.output<typeof newBucketSchema>): Promise<Bucket> {
        checkBucketName(body.name);
        const { projectId, projectNumber } = await this.#projects.get(project);
        const existing = this.#buckets.get(body.name);
        if (existing !== undefined) {
            throw alreadyExists(
                existing.projectId === projectId
                    ? "Your previous request to create the named bucket succeeded and you already own it."
                    : "The requested bucket name is not available. The bucket namespace is shared by all users of the system. " +
                          "Please select a different name and try again.",
            );
        }
        const now = new Date();
        const settings = completeSettings(body, undefined, now);
        this.#check(body.location, settings);
        const bucket: Bucket = {
            name: body.name,
            projectId,
            projectNumber,
            location: body.location,
            generation: String(now.getTime() * 1000),
            metageneration: 1,
            timeCreated: now.toISOString(),
            updated: now.toISOString(),
            settings,
        };
        const resource = bucketResource(bucket.name);
        const stored = this.#buckets.put(bucket.name, bucket);
        try {
            await Promise.all([stored, this.#policies.set(resource, { bindings: defaultBindings(projectId) })]);
        } catch (error) {
            // A bucket without its policy could be neither used nor created again, so remove whatever was stored.
            await Promise.allSettled([this.#buckets.delete(bucket.name), this.#policies.delete(resource)]);
            throw error;
        }
        return bucket;
    }

    find(name: string): Bucket | undefined {
        return this.#buckets.get(name);
    }

    /** @throws ApiError 404 */
    get(name: string): Bucket {
        const bucket = this.find(name);
        if (bucket === undefined) {
            throw notFound("The specified bucket does not exist.");
        }
        return bucket;
    }

    /** Buckets in all projects. */
    all(): Bucket[] {
        return this.#buckets.values();
    }

    /** Buckets in a project, ordered by name. @param isDeleted true for deleted buckets that are still kept */
    list(projectId: string, prefix: string, isDeleted: boolean): Bucket[] {
        return (isDeleted ? this.#kept : this.#buckets)
            .values()
            .filter((bucket) => bucket.projectId === projectId && bucket.name.startsWith(prefix));
    }

    /** Applies a JSON merge patch, in which `null` deletes a member. */
    async patch(bucket: Bucket, patch: object, where: string): Promise<Bucket> {
        return this.replace(bucket, mergePatch({ location: bucket.location, ...bucket.settings }, patch), where);
    }

    /** Replaces all settings; missing ones get their defaults. */
    async replace(bucket: Bucket, body: object, where: string): Promise<Bucket> {
        const next = checkBody(body, bucketSchema, where);
        if ((next.name ?? bucket.name) !== bucket.name) {
            throw invalid(`A bucket cannot be renamed; the body has the name "${next.name}".`, "name");
        }
        if (next.location !== undefined && next.location !== bucket.location) {
            throw invalid(`The location of a bucket cannot change; it is ${bucket.location}.`, "location");
        }
        const now = new Date();
        const settings = completeSettings(next, bucket.settings, now);
        this.#check(bucket.location, settings);
        const updated: Bucket = {
            ...bucket,
            metageneration: bucket.metageneration + 1,
            updated: now.toISOString(),
            settings,
        };
        await this.#buckets.put(bucket.name, updated);
        return updated;
    }

    /** @throws ApiError 409 while the bucket has objects, including noncurrent versions */
    async delete(bucket: Bucket): Promise<void> {
        if (this.#countObjects(bucket.name) > 0) {
            throw alreadyExists("The bucket you tried to delete is not empty.");
        }
        const kept = keptFrom(bucket, new Date());
        if (kept !== undefined) {
            await this.#kept.put(`${bucket.name}/${bucket.generation}`, { ...bucket, kept });
        }
        await Promise.all([this.#buckets.delete(bucket.name), this.#policies.delete(bucketResource(bucket.name))]);
    }

    #check(location: string, { encryption, softDeletePolicy, iamConfiguration }: BucketSettings): void {
        const kmsKey = encryption?.defaultKmsKeyName;
        checkKeyLocation(kmsKey, location);
        this.#org.checkBucket({
            location,
            kmsKey,
            softDeleteSeconds: softDeletePolicy?.retentionDurationSeconds ?? "0",
            uniformAccess: iamConfiguration?.uniformBucketLevelAccess?.enabled === true,
            publicAccessPrevented: iamConfiguration?.publicAccessPrevention === "enforced",
        });
    }

    inventory(): InventoryItem[] {
        return this.#buckets.values().map(({ name }) => {
            const count = this.#countObjects(name);
            const content = count === 0 ? "" : ` (${count} object version${count === 1 ? "" : "s"})`;
            return { kind: "storage bucket", name: name + content };
        });
    }
}

/** A bucket's name in IAM policies. */
export function bucketResource(bucket: string): string {
    return `projects/_/buckets/${bucket}`;
}

/** @throws ApiError 412 if an IAM policy would make a bucket public despite its public access prevention */
export function checkPublicAccess(bucket: Bucket, members: readonly string[]): void {
    const enforced = bucket.settings.iamConfiguration?.publicAccessPrevention === "enforced";
    if (enforced && members.some((member) => member === "allUsers" || member === "allAuthenticatedUsers")) {
        throw new ApiError(
            412,
            conditionNotMet().reason,
            "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is enforced.",
        );
    }
}

/** "region", "dual-region" or "multi-region": https://cloud.google.com/storage/docs/locations */
export function locationType(location: string): string {
    if (MULTI_REGIONS.has(location)) {
        return "multi-region";
    }
    return location.includes("-") ? "region" : "dual-region";
}

/** Fills in Google's defaults. */
function completeSettings(requested: BucketSettings, before: BucketSettings | undefined, now: Date): BucketSettings {
    const { storageClass, labels, versioning, lifecycle, rpo, encryption } = requested;
    const hasRules = (lifecycle?.rule ?? []).length > 0;
    const hasLabels = Object.keys(labels ?? {}).length > 0;
    return {
        storageClass: storageClass ?? "STANDARD",
        ...(hasLabels ? { labels } : {}),
        ...(versioning === undefined ? {} : { versioning }),
        ...(hasRules ? { lifecycle } : {}),
        ...(rpo === undefined ? {} : { rpo }),
        ...(encryption?.defaultKmsKeyName === undefined ? {} : { encryption }),
        softDeletePolicy: completeSoftDelete(requested, before, now),
        iamConfiguration: completeAccess(requested, before, now),
    };
}

function completeSoftDelete(requested: BucketSettings, before: BucketSettings | undefined, now: Date) {
    const seconds = requested.softDeletePolicy?.retentionDurationSeconds ?? DEFAULT_SOFT_DELETE_SECONDS;
    const old = before?.softDeletePolicy;
    if (seconds === "0") {
        return { retentionDurationSeconds: seconds };
    }
    const since = old?.retentionDurationSeconds === seconds ? old.effectiveTime : undefined;
    return { retentionDurationSeconds: seconds, effectiveTime: since ?? now.toISOString() };
}

function completeAccess(requested: BucketSettings, before: BucketSettings | undefined, now: Date) {
    const access = requested.iamConfiguration;
    const enabled = access?.uniformBucketLevelAccess?.enabled ?? access?.bucketPolicyOnly?.enabled ?? false;
    const lockedTime =
        before?.iamConfiguration?.uniformBucketLevelAccess?.lockedTime ??
        new Date(now.getTime() + UNIFORM_ACCESS_LOCKS_AFTER_MS).toISOString();
    const level = enabled ? { enabled, lockedTime } : { enabled };
    const prevention = access?.publicAccessPrevention;
    return {
        bucketPolicyOnly: level,
        uniformBucketLevelAccess: level,
        publicAccessPrevention: prevention === "enforced" ? ("enforced" as const) : ("inherited" as const),
    };
}

/**
 * Google's default bindings on a new bucket:
 * https://cloud.google.com/storage/docs/access-control/iam#convenience-values
 */
function defaultBindings(projectId: string) {
    const editors = [`projectEditor:${projectId}`, `projectOwner:${projectId}`];
    const viewers = [`projectViewer:${projectId}`];
    return [
        { role: "roles/storage.legacyBucketOwner", members: editors },
        { role: "roles/storage.legacyBucketReader", members: viewers },
        { role: "roles/storage.legacyObjectOwner", members: editors },
        { role: "roles/storage.legacyObjectReader", members: viewers },
    ];
}

/** The period during which a bucket and its objects are kept after deletion; undefined if they are not kept. */
export function keptFrom({ settings }: Bucket, now: Date): Kept | undefined {
    const seconds = Number(settings.softDeletePolicy?.retentionDurationSeconds ?? "0");
    const until = new Date(now.getTime() + seconds * 1000);
    return seconds === 0 ? undefined : { softDeleteTime: now.toISOString(), hardDeleteTime: until.toISOString() };
}
